"""Writes a believable ``kubectl get -o json`` dump of any size: the same bytes for the same arguments.

python bench/generate_dump.py 1000 dump.json           # pods only, indented as kubectl does, about 11 kB a pod
python bench/generate_dump.py 1000 - --managed-fields  # as the API returns it: compact, with managedFields, 5 kB
python bench/generate_dump.py 1000 dump.json --mixed   # Namespaces, Nodes, ReplicaSets and Services before the pods
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
from collections.abc import Iterator
from typing import Any, TextIO

PODS_A_WORKLOAD = 10
WORKLOADS_A_NAMESPACE = 20
PODS_A_NODE = 100
TIERS = ("web", "api", "worker", "cache", "db")
SINCE = "2026-03-01T08:00:00Z"

Json = dict[str, Any]


def digest(text: str, length: int = 10) -> str:
    """Letters and digits that depend on nothing but ``text``."""
    return hashlib.sha256(text.encode()).hexdigest()[:length]


def uid(text: str) -> str:
    """The form of a Kubernetes uid."""
    word = digest(text, 32)
    return f"{word[:8]}-{word[8:12]}-{word[12:16]}-{word[16:20]}-{word[20:]}"


def pod_address(number: int) -> str:
    """Distinct for up to four million pods: 10.64.0.0/10."""
    return f"10.{64 + (number >> 16)}.{number >> 8 & 255}.{number & 255}"


def node_address(number: int) -> str:
    """Distinct for up to 65536 nodes."""
    return f"192.168.{number >> 8}.{number & 255}"


def pod(number: int, managed_fields: bool) -> Json:
    """One running pod of a Deployment, as the API server returns it."""
    workload, replica = divmod(number, PODS_A_WORKLOAD)
    space, tier = f"team-{workload // WORKLOADS_A_NAMESPACE:04d}", TIERS[workload % len(TIERS)]
    app = f"{tier}-{workload:05d}"
    template_hash = digest(app)
    name = f"{app}-{template_hash}-{digest(f'{app}/{replica}', 5)}"
    node = number // PODS_A_NODE
    port = 8000 + workload % 7
    labels = {
        "app.kubernetes.io/name": app,
        "app.kubernetes.io/part-of": space,
        "tier": tier,
        "team": space,
        "version": f"v{workload % 3}",
        "pod-template-hash": template_hash,
    }
    token = f"kube-api-access-{digest(name, 5)}"
    image = f"registry.example.com/{space}/{tier}:1.{workload % 40}.{workload % 9}"
    metadata: Json = {
        "creationTimestamp": SINCE,
        "generateName": f"{app}-{template_hash}-",
        "labels": labels,
        "name": name,
        "namespace": space,
        "ownerReferences": [
            {
                "apiVersion": "apps/v1",
                "blockOwnerDeletion": True,
                "controller": True,
                "kind": "ReplicaSet",
                "name": f"{app}-{template_hash}",
                "uid": uid(f"rs/{app}"),
            }
        ],
        "resourceVersion": str(1_000_000 + number),
        "uid": uid(f"pod/{name}"),
    }
    if managed_fields:
        owned = {
            "f:metadata": {"f:generateName": {}, "f:labels": {".": {}, **{f"f:{key}": {} for key in labels}}},
            "f:spec": {
                "f:containers": {
                    'k:{"name":"app"}': {
                        field: {} for field in (".", "f:env", "f:image", "f:name", "f:ports", "f:resources")
                    }
                }
            },
        }
        seen: Json = {
            "f:status": {
                "f:conditions": {
                    f'k:{{"type":"{kind}"}}': {".": {}, "f:lastTransitionTime": {}, "f:status": {}, "f:type": {}}
                    for kind in ("Ready", "ContainersReady", "Initialized")
                },
                "f:hostIP": {},
                "f:phase": {},
                "f:podIP": {},
            }
        }
        metadata["managedFields"] = [
            {
                "apiVersion": "v1",
                "fieldsType": "FieldsV1",
                "fieldsV1": owned,
                "manager": "kube-controller-manager",
                "operation": "Update",
                "time": SINCE,
            },
            {
                "apiVersion": "v1",
                "fieldsType": "FieldsV1",
                "fieldsV1": seen,
                "manager": "kubelet",
                "operation": "Update",
                "subresource": "status",
                "time": SINCE,
            },
        ]
    container = {
        "env": [
            {"name": "LOG_LEVEL", "value": "info"},
            {"name": "DB_HOST", "value": f"db.{space}.svc"},
            {"name": "POD_NAME", "valueFrom": {"fieldRef": {"apiVersion": "v1", "fieldPath": "metadata.name"}}},
            {"name": "DB_PASSWORD", "valueFrom": {"secretKeyRef": {"key": "password", "name": f"{app}-db"}}},
        ],
        "image": image,
        "imagePullPolicy": "IfNotPresent",
        "livenessProbe": {"httpGet": {"path": "/healthz", "port": "http", "scheme": "HTTP"}, "periodSeconds": 10},
        "name": "app",
        "ports": [
            {"containerPort": port, "name": "http", "protocol": "TCP"},
            {"containerPort": 9100, "name": "metrics", "protocol": "TCP"},
        ],
        "resources": {"limits": {"memory": "512Mi"}, "requests": {"cpu": "100m", "memory": "256Mi"}},
        "securityContext": {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}},
        "volumeMounts": [
            {"mountPath": "/var/run/secrets/kubernetes.io/serviceaccount", "name": token, "readOnly": True}
        ],
    }
    migrate = {
        "args": ["migrate", "--wait", f"--schema={space}"],
        "env": container["env"],
        "image": image,
        "imagePullPolicy": "IfNotPresent",
        "name": "migrate",
        "resources": {},
        "terminationMessagePath": "/dev/termination-log",
        "volumeMounts": container["volumeMounts"],
    }
    spec = {
        "containers": [container],
        "initContainers": [migrate],
        "dnsPolicy": "ClusterFirst",
        "enableServiceLinks": True,
        "nodeName": f"node-{node:04d}",
        "preemptionPolicy": "PreemptLowerPriority",
        "priority": 0,
        "restartPolicy": "Always",
        "schedulerName": "default-scheduler",
        "serviceAccountName": tier,
        "tolerations": [
            {
                "effect": "NoExecute",
                "key": "node.kubernetes.io/not-ready",
                "operator": "Exists",
                "tolerationSeconds": 300,
            }
        ],
        "volumes": [
            {
                "name": token,
                "projected": {
                    "defaultMode": 420,
                    "sources": [
                        {"serviceAccountToken": {"expirationSeconds": 3607, "path": "token"}},
                        {"configMap": {"items": [{"key": "ca.crt", "path": "ca.crt"}], "name": "kube-root-ca.crt"}},
                    ],
                },
            }
        ],
    }
    status = {
        "conditions": [
            {"lastTransitionTime": SINCE, "status": "True", "type": kind}
            for kind in ("Initialized", "Ready", "ContainersReady", "PodScheduled")
        ],
        "containerStatuses": [
            {
                "containerID": f"containerd://{digest(name, 64)}",
                "image": image,
                "imageID": f"{image}@sha256:{digest(image, 64)}",
                "name": "app",
                "ready": True,
                "restartCount": 0,
                "started": True,
                "state": {"running": {"startedAt": SINCE}},
            }
        ],
        "hostIP": node_address(node),
        "hostIPs": [{"ip": node_address(node)}],
        "phase": "Running",
        "podIP": pod_address(number),
        "podIPs": [{"ip": pod_address(number)}],
        "qosClass": "Burstable",
        "startTime": SINCE,
    }
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec, "status": status}


def surroundings(pods: int) -> Iterator[Json]:
    """Namespaces, Nodes, ReplicaSets and Services that the pods need."""
    workloads = -(-pods // PODS_A_WORKLOAD)
    for number in range(-(-workloads // WORKLOADS_A_NAMESPACE)):
        name = f"team-{number:04d}"
        yield {
            "apiVersion": "v1",
            "kind": "Namespace",
            "metadata": {
                "name": name,
                "labels": {"kubernetes.io/metadata.name": name, "stage": "prod" if number % 2 else "test"},
            },
        }
    for number in range(-(-pods // PODS_A_NODE)):
        yield {
            "apiVersion": "v1",
            "kind": "Node",
            "metadata": {"name": f"node-{number:04d}", "labels": {"zone": f"z{number % 3}"}},
            "status": {"addresses": [{"type": "InternalIP", "address": node_address(number)}]},
        }
    for number in range(workloads):
        first = pod(number * PODS_A_WORKLOAD, False)
        metadata, reference = first["metadata"], first["metadata"]["ownerReferences"][0]
        app = metadata["labels"]["app.kubernetes.io/name"]
        yield {
            "apiVersion": "apps/v1",
            "kind": "ReplicaSet",
            "metadata": {
                "name": reference["name"],
                "namespace": metadata["namespace"],
                "labels": metadata["labels"],
                "ownerReferences": [{**reference, "kind": "Deployment", "name": app}],
            },
            "spec": {
                "replicas": PODS_A_WORKLOAD,
                "selector": {"matchLabels": metadata["labels"]},
                "template": {"metadata": {"labels": metadata["labels"]}, "spec": first["spec"]},
            },
        }
        yield {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": {"name": app, "namespace": metadata["namespace"]},
            "spec": {
                "selector": {"app.kubernetes.io/name": app},
                "clusterIP": f"10.32.{number >> 8}.{number & 255}",
                "ports": [{"name": "http", "port": 80, "targetPort": "http"}],
            },
        }


def write(out: TextIO, pods: int, *, managed_fields: bool, mixed: bool) -> None:
    """The whole dump, one item at a time."""
    indent = None if managed_fields else 4
    separators = (",", ":") if managed_fields else None
    out.write('{\n    "apiVersion": "v1",\n    "items": [\n')
    before = ""
    sources = [surroundings(pods)] if mixed else []
    for item in (
        item for source in (*sources, (pod(number, managed_fields) for number in range(pods))) for item in source
    ):
        text = json.dumps(item, indent=indent, separators=separators, sort_keys=True)
        out.write(before + "        " + text.replace("\n", "\n        "))
        before = ",\n"
    out.write('\n    ],\n    "kind": "List",\n    "metadata": {\n        "resourceVersion": ""\n    }\n}\n')


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("pods", type=int)
    parser.add_argument("file", help="- for standard output")
    parser.add_argument("--managed-fields", action="store_true")
    parser.add_argument("--mixed", action="store_true")
    options = parser.parse_args()
    if options.file == "-":
        write(sys.stdout, options.pods, managed_fields=options.managed_fields, mixed=options.mixed)
    else:
        with open(options.file, "w", encoding="utf-8") as out:
            write(out, options.pods, managed_fields=options.managed_fields, mixed=options.mixed)


if __name__ == "__main__":
    main()
