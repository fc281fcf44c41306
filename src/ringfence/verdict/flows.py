"""From a question to kinds of flows: pairs of members, meetings and ports, each with the bounds of its cell.

A question names targets; each target has members that the policies cannot tell apart. ``pairs.py`` tells apart what
remains between two members, ``services.py`` where a Service sends a port.
"""

from __future__ import annotations

from ringfence.layers.network.relation import Relation
from ringfence.sets.addresses import Intervals
from ringfence.sets.ports import intersect, port_key, subtract
from ringfence.values import replace
from ringfence.verdict.ends import Directory, EndError, Member, Target
from ringfence.verdict.flow import Asked, Flow, spans
from ringfence.verdict.grid import node_ports
from ringfence.verdict.node_ports import NodePorts
from ringfence.verdict.pairs import Pairs
from ringfence.verdict.services import ServiceFlows


class Flows:
    """Kinds of flows between targets."""

    def __init__(self, relation: Relation, directory: Directory) -> None:
        self.relation = relation
        self.directory = directory
        self.cluster = relation.cluster
        self.services = ServiceFlows(relation, directory, pairs := Pairs(relation))
        self.node_ports = NodePorts(relation, directory, self.services, pairs)
        self._pairs = pairs.between
        self._handed_on: Intervals | None = None

    def between(self, source: Target, destination: Target, question: Asked) -> list[Flow]:
        """Every kind of flow that the question is about. Raises EndError."""
        if source.service is not None:
            raise EndError(f"{source.text} is a Service: it only receives", "name the pods behind it as the source")
        if destination.service is not None:
            return self._without_itself(self.services.between(source, destination.service, question))
        found = [flow for service in destination.services for flow in self.services.towards(source, service, question)]
        unnamed = 0
        for member in destination.members:
            ports = self._ports_of(member, question)
            if ports is None:
                unnamed += 1
                continue
            behind = self.handed_on(member, ports)
            for one in source.members:
                if behind:
                    found.extend(self.node_ports.towards(one, member, behind, source))
                rest = subtract(ports, behind)
                if rest:
                    pairs = self._pairs(one, member, rest, source, destination)
                    found.extend(self._by_name(flow, question) for flow in pairs)
        if unnamed and unnamed == len(destination.members):
            raise EndError(
                f"{destination.text} has no {question.protocol} port named {question.port!r}",
                self._named_ports(destination),
            )
        found = self._without_itself(found)
        if not found:
            raise EndError(f"{source.text} and {destination.text} share no flow to ask about", "")
        if not any(self._inside(flow) for flow in found):
            raise EndError(
                f"neither {source.text} nor {destination.text} is in the cluster", "name a pod, a workload or a node"
            )
        return found

    def towards(self, source: Target, destination: Target, ports: Intervals, admission: bool = False) -> list[Flow]:
        """Every kind of flow to some ports of pods, as they are after all translation. ``admission``: as if the source
        could send everything."""
        found = [
            flow
            for member in destination.members
            for one in source.members
            for flow in self._pairs(one, member, ports, source, destination, admission=admission)
        ]
        return self._without_itself(found)

    @staticmethod
    def _without_itself(found: list[Flow]) -> list[Flow]:
        """A pod and itself only count where there is no other pod to ask about, at each port of a Service."""
        others = {flow.asked for flow in found if not flow.itself and flow.closed != "service"}
        return [flow for flow in found if not flow.itself or flow.asked not in others]

    def _inside(self, flow: Flow) -> bool:
        """Whether an end of a flow is a pod or a node."""
        return any(self.relation.end_class(member.end).sort != "outside" for member in (flow.source, flow.destination))

    def handed_on(self, member: Member, ports: Intervals) -> Intervals:
        """The ports among these that nodes hand on to Services."""
        end = self.relation.end_class(member.end)
        if end.sort != "node" and not end.host_network:
            return ()
        if self._handed_on is None:
            self._handed_on = node_ports(self.cluster)
        return intersect(ports, self._handed_on)

    def _named_ports(self, target: Target) -> str:
        names = {
            f"{port.name} ({port.protocol} {port.number})"
            for member in target.members
            for index in member.pods
            for port in self.cluster.pods[index].ports
        }
        return f"it has: {', '.join(sorted(names))}" if names else "it names no ports; ask by number"

    def _ports_of(self, member: Member, question: Asked) -> Intervals | None:
        if not isinstance(question.port, str):
            return spans(question)
        end = self.relation.end_class(member.end)
        numbers = [
            (port_key(port.protocol, port.number),) * 2
            for port in end.ports
            if port.name == question.port and port.protocol == question.protocol
        ]
        if not numbers and end.open_ports:
            return spans(Asked(None, question.protocol))
        return tuple(sorted(numbers)) or None

    def _by_name(self, flow: Flow, question: Asked) -> Flow:
        """The flow to a port that is asked for by name: where the destination's ports are open, to any number."""
        destination = self.relation.end_class(flow.destination.end)
        if not isinstance(question.port, str) or not destination.open_ports or flow.itself:
            return flow
        flow = replace(flow, port_name=question.port)
        if flow.closed or flow.opaque or flow.mystery:
            return flow
        meeting = replace(flow.meeting, named=f"{question.port}/{question.protocol}")
        return replace(flow, meeting=meeting, cell=self.relation.cells.cell(*flow.programs, meeting))
