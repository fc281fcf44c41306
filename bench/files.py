"""The clusters as files: folders of YAML, and dumps as ``kubectl get pods -A -o json`` prints them."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterable
from pathlib import Path

import yaml

from bench import clusters, generate_dump
from bench.clusters import REPLICAS, Object, PodFacts, Size

WHEN = "2026-01-15T08:30:00Z"
CONDITIONS = ("Ready", "PodScheduled")


class PlainDumper(yaml.CSafeDumper):
    """Writes every value out, as people and kubectl do, instead of anchors and aliases."""

    def ignore_aliases(self, data: object) -> bool:
        """Always."""
        return True


def _text(dumper: yaml.CSafeDumper, text: str) -> yaml.ScalarNode:
    """Quotes what begins like a number, as kubectl does where another reader might take it for one."""
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style='"' if text[:1].isdigit() else None)


PlainDumper.add_representer(str, _text)


def write_yaml(file: Path, objects: Iterable[Object]) -> None:
    """A multi-document file."""
    with file.open("w", encoding="utf-8") as stream:
        yaml.dump_all(objects, stream, Dumper=PlainDumper, sort_keys=False, explicit_start=True)


def comparable_folders(parent: Path, size: Size) -> tuple[Path, Path]:
    """Two folders with the same namespaces and pods: with the policies, and without."""
    full, bare = parent / f"{size.name}-full", parent / f"{size.name}-bare"
    for folder in (full, bare):
        folder.mkdir(parents=True, exist_ok=True)
        write_yaml(folder / "namespaces.yaml", clusters.namespaces(size))
        write_yaml(folder / "pods.yaml", clusters.bare_pods(size))
    write_yaml(full / "policies.yaml", clusters.comparable_policies(size))
    return full, bare


def company_folder(parent: Path, size: Size) -> Path:
    """A folder with a dump of the pods (JSON) and of the policies and namespaces (YAML). Kept if it is there."""
    folder = parent / f"company-{size.name}"
    done = folder / "complete"
    if not done.exists():
        folder.mkdir(parents=True, exist_ok=True)
        write_yaml(folder / "namespaces.yaml", clusters.namespaces(size))
        write_yaml(folder / "policies.yaml", clusters.company_policies(size))
        write_dump(folder / "pods.json", clusters.company_pod_facts(size))
        done.touch()
    return folder


def write_dump(file: Path, pods: Iterable[PodFacts]) -> None:
    """A List of pods with everything that an API server and a kubelet add: about 5 KB a pod."""
    templates: dict[str, str] = {}
    with file.open("w", encoding="utf-8") as stream:
        stream.write('{\n    "apiVersion": "v1",\n    "items": [\n')
        for number, facts in enumerate(pods):
            if facts.tier not in templates:
                templates[facts.tier] = _template(facts.tier)
            fields = {field.name: getattr(facts, field.name) for field in dataclasses.fields(facts)}
            stream.write((",\n" if number else "") + templates[facts.tier] % fields)
        stream.write('\n    ],\n    "kind": "List",\n    "metadata": {\n        "resourceVersion": ""\n    }\n}\n')


def write_full_pods(file: Path, pods: int) -> None:
    """Full pods, some 190 lines each, as ``kubectl get pods -A -o yaml`` prints them. Kept if the file is there."""
    if file.exists():
        return
    part = file.with_suffix(".part")
    with part.open("w", encoding="utf-8") as stream:
        stream.write("apiVersion: v1\nitems:\n")
        for number in range(pods):
            yaml.dump([generate_dump.pod(number, False)], stream, Dumper=PlainDumper)
        stream.write('kind: List\nmetadata:\n  resourceVersion: ""\n')
    part.rename(file)


def repository(folder: Path, policies: int) -> Path:
    """A repository of manifests: a folder a namespace, a file a policy, and as many Deployments as there are apps."""
    size = Size("repository", policies * REPLICAS, max(1, policies // 20), policies)
    objects = [*clusters.namespaces(size), *clusters.company_policies(size), *clusters.company_deployments(size)]
    for one in objects:
        metadata = one["metadata"]
        place = folder / metadata.get("namespace", metadata["name"])
        place.mkdir(parents=True, exist_ok=True)
        write_yaml(place / f"{one['kind'].lower()}-{metadata['name']}.yaml", [one])
    return folder


def _template(tier: str) -> str:
    names = {field.name: f"%({field.name})s" for field in dataclasses.fields(PodFacts)}
    pod = _as_kubectl_prints(clusters.company_pod(PodFacts(**names | {"tier": tier})))
    text = json.dumps(pod, indent=4, sort_keys=True)
    return "\n".join("        " + line for line in text.splitlines())


def _as_kubectl_prints(pod: Object) -> Object:
    metadata = pod["metadata"]
    return pod | {
        "metadata": metadata
        | {
            "creationTimestamp": WHEN,
            "generateName": metadata["ownerReferences"][0]["name"] + "-",
            "ownerReferences": [owner | {"blockOwnerDeletion": True} for owner in metadata["ownerReferences"]],
            "resourceVersion": "123456789",
            "uid": "%(uid)s",
        },
        "spec": _spec(pod["spec"]),
        "status": pod["status"] | _status(pod["spec"]["containers"][0]["image"]),
    }


def _spec(spec: Object) -> Object:
    (container,) = spec["containers"]
    account = {
        "mountPath": "/var/run/secrets/kubernetes.io/serviceaccount",
        "name": "kube-api-access",
        "readOnly": True,
    }
    container = container | {
        "imagePullPolicy": "IfNotPresent",
        "resources": {"limits": {"memory": "256Mi"}, "requests": {"cpu": "100m", "memory": "128Mi"}},
        "terminationMessagePath": "/dev/termination-log",
        "terminationMessagePolicy": "File",
        "volumeMounts": [account],
    }
    return spec | {
        "containers": [container],
        "dnsPolicy": "ClusterFirst",
        "enableServiceLinks": True,
        "preemptionPolicy": "PreemptLowerPriority",
        "priority": 0,
        "restartPolicy": "Always",
        "schedulerName": "default-scheduler",
        "securityContext": {},
        "serviceAccountName": "default",
        "terminationGracePeriodSeconds": 30,
        "volumes": [{"name": "kube-api-access", "projected": {"defaultMode": 420}}],
    }


def _status(image: str) -> Object:
    return {
        "conditions": [
            {"lastProbeTime": None, "lastTransitionTime": WHEN, "status": "True", "type": kind} for kind in CONDITIONS
        ],
        "containerStatuses": [
            {
                "containerID": "containerd://" + "0" * 64,
                "image": image,
                "imageID": f"{image}@sha256:" + "0" * 64,
                "lastState": {},
                "name": "main",
                "ready": True,
                "restartCount": 0,
                "started": True,
                "state": {"running": {"startedAt": WHEN}},
            }
        ],
        "qosClass": "Burstable",
        "startTime": WHEN,
    }
