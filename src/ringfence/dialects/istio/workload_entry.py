"""WorkloadEntries: workloads outside of the cluster, such as virtual machines, that are in the mesh or known to it.

Source: istio/api ``networking/v1alpha3/workload_entry.proto``; istio
``pilot/pkg/serviceregistry/serviceentry/conversion.go`` (whether clients send mTLS to one).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from ringfence.dialects.fields.shapes import Number, Record, Text, Texts
from ringfence.dialects.istio.objects import WorkloadEntry
from ringfence.dialects.istio.shapes import any_of, kind_of_object, named, spec_of
from ringfence.model.cluster import MACHINE, NamedPort, Pod, WorkloadRef
from ringfence.model.problems import Problem, Severity
from ringfence.model.provenance import Manifest
from ringfence.sets.addresses import address

TLS_MODE = "security.istio.io/tlsMode"
ENTRY = kind_of_object(
    "a WorkloadEntry",
    Record(
        "the spec",
        {
            "address": Text(),
            "labels": Texts(),
            "serviceAccount": Text(),
            "network": Text(),
            "weight": Number(0, (1 << 32) - 1),
            **any_of("ports", "locality"),
        },
    ),
)


def read_workload_entry(manifest: Manifest) -> tuple[WorkloadEntry, list[Problem]]:
    """A WorkloadEntry, and what the API server says to it."""
    spec, report, broken = spec_of(manifest, ENTRY)
    labels, ports = spec.get("labels"), spec.get("ports")
    entry = WorkloadEntry(
        named(manifest),
        "" if broken else str(spec.get("address", "")),
        {str(key): str(value) for key, value in labels.items()} if isinstance(labels, dict) and not broken else {},
        "" if broken else str(spec.get("serviceAccount", "")),
        "" if broken else str(spec.get("network", "")),
        {str(key): one for key, one in ports.items() if isinstance(one, int)} if isinstance(ports, dict) else {},
        broken,
    )
    problems = list(report.problems)
    if not broken and address_of(entry) is None:
        problems.append(
            Problem(
                manifest.positions.place(("spec", "address")),
                "no-address",
                Severity.WARNING,
                f"{entry.named} has no IP address: nothing can be asked about it",
                "ask about its address, with an address in the entry",
            )
        )
    return entry, problems


def read_workload_group(manifest: Manifest) -> tuple[None, list[Problem]]:
    """A WorkloadGroup only says what the entries of machines that register will be like."""
    return None, []


def address_of(entry: WorkloadEntry) -> int | None:
    """The entry's address; None where it is a name or a socket."""
    try:
        return address(entry.address)
    except ValueError:
        return None


def machines(entries: Iterable[WorkloadEntry], problems: list[Problem]) -> Iterator[Pod]:
    """The workloads as ends. Of several entries with one address the first is taken, and the others are told of."""
    seen: dict[int, WorkloadEntry] = {}
    for one in entries:
        number = address_of(one)
        if number is None or one.broken:
            continue
        if number in seen:
            problems.append(
                Problem(
                    one.named.place,
                    "address-shared",
                    Severity.WARNING,
                    f"{one.named} has the address of {seen[number].named}: it is taken for that one, and nothing else"
                    " is known of it",
                    "give each machine one WorkloadEntry, with all labels that select it",
                )
            )
            continue
        seen[number] = one
        space, name = one.named.namespace, one.named.name
        yield Pod(
            space,
            name,
            one.labels,
            WorkloadRef(MACHINE, space, name),
            ports=tuple(NamedPort(port, "TCP", given) for port, given in sorted(one.ports.items())),
            addresses=(number,),
            place=one.named.place,
            service_account=one.account,
        )


def has_proxy(pod: Pod) -> bool:
    """Whether clients take a machine to have a sidecar: by a label, else by whether it has a service account."""
    said = pod.labels.get(TLS_MODE)
    return said == "istio" if said is not None else bool(pod.service_account)
