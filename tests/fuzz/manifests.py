"""Manifests to begin with, and ways to spoil them."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

import yaml

from tests.sources.plugins.inputs import plugin_manifests

ROOT = Path(__file__).resolve().parents[2]
FOLDERS = (ROOT / "src/ringfence/demo/cluster", ROOT.parent / "shared/truth/netpol-analyzer/inputs")
"""The second is beside the repository or not there."""
LARGEST = 6000
"""Bytes of a manifest that is worth spoiling."""

VALUES: tuple[Any, ...] = (
    None, True, 0, -1, 65536, 1 << 70, 1.5, float("inf"), "", " ", "x", "*", "80", "::/0", "10.0.0.0/8", "10.0.0.0/33",
    "In", "Pass", "http", "a" * 300, "\x1b[31m", "\u202e", "x\ny", "-", "/", "=", [], {}, [[]], [None], [{}], {"": ""},
    {"matchLabels": {"app": None}}, {"matchExpressions": [{"key": "a", "operator": "NotIn", "values": []}]},
    {"apiVersion": "v1", "kind": "Pod"}, "v1", "List", "Pod", "NetworkPolicy", "ClusterNetworkPolicy", "2024-01-01",
)  # fmt: skip
PIECES: tuple[bytes, ...] = (
    b"\x00", b"\xff\xfe", b"\xef\xbb\xbf", b"\t", b"\r", b"\n---\n", b"\n...\n", b"{", b"}", b"[", b"]", b": ", b"- ",
    b"&a ", b"*a", b"<<: *a", b"!!python/name:os.system ", b"!!binary ", b"!!float ", b"? ", b"|", b">", b"'", b'"',
    b"#",
    b"%YAML 9.9\n", b"@", b"`", b"\\", b"\xc2\x85", b"\xe2\x80\xa8", b"\xed\xa0\x80", b"1e999", b"0777", b"yes", b"~",
    b"{{ .Values.x }}", b"null", b"\n  ", b",",
)  # fmt: skip


def seeds() -> list[bytes]:
    """The manifests of the demo, of network plugins, and those of the truth inputs where they are present."""
    found = []
    for folder in FOLDERS:
        files = sorted(file for file in folder.rglob("*") if file.suffix in (".yaml", ".yml", ".json"))
        contents = [file.read_bytes() for file in files if file.is_file()]
        found += [content for content in contents if len(content) <= LARGEST]
    return [*found, *plugin_manifests()]


def spoil_bytes(content: bytes, random: Random) -> bytes:
    """A few bytes cut, doubled, moved, replaced, or a piece put in that means something to a parser."""
    for _ in range(random.randint(1, 3)):
        at, to = sorted((random.randint(0, len(content)), random.randint(0, len(content))))
        to = min(to, at + random.choice((1, 3, 40, 400)))
        way = random.randint(0, 4)
        if way == 0:
            content = content[:at] + content[to:]
        elif way == 1:
            content = content[:to] + content[at:to] + content[to:]
        elif way == 2:
            content = content[:at] + random.choice(PIECES) + content[at:]
        elif way == 3:
            content = content[:at] + bytes((random.randint(0, 255),)) + content[at + 1 :]
        else:
            content = content[:at]
    return content


def spoil_lines(content: bytes, random: Random) -> bytes:
    """A line left out, doubled, swapped, indented or outdented."""
    lines = content.split(b"\n")
    for _ in range(random.randint(1, 3)):
        at, other = random.randrange(len(lines)), random.randrange(len(lines))
        way = random.randint(0, 4)
        if way == 0 and len(lines) > 1:
            del lines[at]
        elif way == 1:
            lines.insert(at, lines[at])
        elif way == 2:
            lines[at], lines[other] = lines[other], lines[at]
        elif way == 3:
            lines[at] = b" " * random.randint(1, 3) + lines[at]
        else:
            lines[at] = lines[at].removeprefix(b"  ")
    return b"\n".join(lines)


def spoil_values(content: bytes, random: Random) -> bytes:
    """Well-formed, but with values of the wrong type, unknown keys, keys left out and parts that were swapped."""
    try:
        documents = list(yaml.load_all(content, Loader=yaml.CSafeLoader))
    except (yaml.YAMLError, ValueError):
        return spoil_bytes(content, random)
    holders = _places(documents)
    for _ in range(random.randint(1, 3)):
        if not holders:
            break
        holder, key = random.choice(holders)
        other, other_key = random.choice(holders)
        try:
            _spoil(holder, key, other[other_key], random)
        except (KeyError, IndexError):
            continue  # an earlier change took it away
    if random.random() < 0.3:
        return "\n".join(json.dumps(one, default=str) for one in documents).encode("utf-8", "replace")
    text: str = yaml.dump_all(documents, Dumper=yaml.CSafeDumper, allow_unicode=random.random() < 0.5)
    return text.encode("utf-8", "replace")


def _places(value: Any) -> list[tuple[Any, Any]]:
    keys = value if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ()
    found = [(value, key) for key in keys]
    return [*found, *(place for key in keys for place in _places(value[key]))]


def _spoil(holder: Any, key: Any, other: Any, random: Random) -> None:
    way = random.randint(0, 5)
    if way <= 2:
        holder[key] = random.choice(VALUES)
    elif way == 3:
        del holder[key]
    elif way == 4:
        holder[key] = json.loads(json.dumps(other, default=str))
    elif isinstance(holder, dict):
        holder[random.choice(("", "x", "spec", "name", "status", f"{key}s", str(key)[:-1]))] = holder.pop(key)
    else:
        holder.append(holder[key])


SPOILERS: tuple[Callable[[bytes, Random], bytes], ...] = (spoil_bytes, spoil_lines, spoil_values, spoil_values)
