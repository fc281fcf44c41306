"""The tools that the same question is asked to, each in an environment of its own and never imported."""

from __future__ import annotations

import json
import os
import re
import shutil
import sys
import venv
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from bench import measuring
from bench.measuring import REPOSITORY, Run

BINARY_VARIABLE = "RINGFENCE_BENCH_NETPOL_ANALYZER"
CACHE_VARIABLE = "RINGFENCE_BENCH_CACHE"
PACKAGE = "network-config-analyzer"
REQUIREMENTS = REPOSITORY / "requirements" / "bench-peer.txt"

Row = tuple[str, str, str]
"""Source, destination, ports: ends as ``namespace/name`` or ``first-last``; ports as ``all`` or ``TCP 80,90-99``."""


class PeerError(RuntimeError):
    """A peer could not be set up or run."""


@dataclass(frozen=True, slots=True)
class Peer:
    """A tool: the command that lists a folder's connections, and how its rows read."""

    name: str
    command: Callable[[Path], list[str]]
    rows: Callable[[str], Iterator[Row]]
    evaluate: Callable[[Path, str, str, int], list[str]] | None = None
    """The command that answers one flow between two pods, ``namespace/name`` each; None: it has none."""
    diff: Callable[[Path, Path], list[str]] | None = None
    """The command that compares two folders; None: it has none."""
    differences: Callable[[str], Iterator[tuple[str, str, str, str]]] = lambda output: iter(())
    """How its rows read: source, destination, ports before and after (``none``: no connection)."""

    def list(self, folder: Path) -> Run:
        """One whole run. Raises PeerError when it fails."""
        done = measuring.run(self.command(folder), cwd=folder.parent)
        if done.code:
            raise PeerError(f"{self.name} left with {done.code}: {(done.errors or done.output)[-500:]}")
        return done


def cache_folder() -> Path:
    """Where environments and dumps are kept between runs."""
    given = os.environ.get(CACHE_VARIABLE)
    base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    folder = Path(given) if given else base / "ringfence-bench"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def available() -> tuple[list[Peer], list[str]]:
    """The peers that can be run here, and for each other one why it can't."""
    peers: list[Peer] = []
    missing: list[str] = []
    try:
        peers.append(network_config_analyzer())
    except PeerError as error:
        missing.append(str(error))
    binary = os.environ.get(BINARY_VARIABLE, "")
    if not binary:
        missing.append(f"netpol-analyzer: not compared; {BINARY_VARIABLE} does not name its binary")
    elif shutil.which(binary) is None:
        missing.append(f"netpol-analyzer: not compared; {BINARY_VARIABLE} names {binary}, which can't be run")
    else:
        peers.append(netpol_analyzer(shutil.which(binary) or binary))
    return peers, missing


def network_config_analyzer() -> Peer:
    """The package from the index that pip is set up with, installed once. Raises PeerError."""
    folder = cache_folder() / f"peer-{sys.version_info.major}.{sys.version_info.minor}"
    script = folder / "bin" / "nca"
    if not script.exists():
        venv.create(folder, with_pip=True, clear=True)
        wanted = ["--require-hashes", "-r", str(REQUIREMENTS)] if REQUIREMENTS.exists() else [PACKAGE]
        done = measuring.run([str(folder / "bin" / "python"), "-m", "pip", "install", "--quiet", *wanted])
        if done.code:
            shutil.rmtree(folder)
            raise PeerError(f"{PACKAGE}: not compared; pip can't install it: {done.errors.strip()[-300:]}")

    def command(data: Path) -> list[str]:
        given = [argument for flag in ("--connectivity", "-n", "-p") for argument in (flag, str(data))]
        return [str(script), *given, "-o", "txt_no_fw_rules", "--output_endpoints", "pods"]

    return Peer(PACKAGE, command, nca_rows)


def netpol_analyzer(binary: str) -> Peer:
    """A binary that the user built."""

    def evaluate(data: Path, source: str, destination: str, port: int) -> list[str]:
        (home, name), (there, other) = source.split("/"), destination.split("/")
        ends = ["-s", name, "-n", home, "-d", other, "--destination-namespace", there, "-p", str(port)]
        return [binary, "evaluate", "--dirpath", str(data), *ends, "-q"]

    return Peer(
        "netpol-analyzer",
        lambda data: [binary, "list", "--dirpath", str(data), "-q", "-o", "json"],
        _npa_rows,
        evaluate,
        lambda before, after: [binary, "diff", "--dir1", str(before), "--dir2", str(after), "-q", "-o", "txt"],
        npa_differences,
    )


NCA_ROW = re.compile(r"^(\S+) => (\S+) : (.+)$")
NCA_CUBE = re.compile(r"^\{protocols:([A-Z,]+)(?:,dst_ports:([0-9,-]+))?\}$")


def nca_rows(output: str) -> Iterator[Row]:
    """The rows of ``-o txt_no_fw_rules``; other lines are left out."""
    for line in output.splitlines():
        found = NCA_ROW.match(line)
        if found:
            yield _plain(found[1]), _plain(found[2]), _nca_ports(found[3])


def _nca_ports(text: str) -> str:
    if text == "All connections":
        return "all"
    found = NCA_CUBE.match(text)
    if not found:
        raise PeerError(f"{PACKAGE}: strange ports {text!r}")
    return ",".join(f"{protocol} {found[2] or '1-65535'}" for protocol in found[1].split(","))


NPA_DIFFERENCE = re.compile(
    r"^diff-type: \w+, source: (\S+), destination: (\S+), \w+: (.+?), \w+: (.+?)(?:, workloads-|$)"
)


def npa_differences(output: str) -> Iterator[tuple[str, str, str, str]]:
    """The rows of ``diff -o txt``; other lines are left out."""
    words = {"All Connections": "all", "No Connections": "none"}
    for line in output.splitlines():
        found = NPA_DIFFERENCE.match(line)
        if found:
            yield _plain(found[1]), _plain(found[2]), words.get(found[3], found[3]), words.get(found[4], found[4])


def _npa_rows(output: str) -> Iterator[Row]:
    for row in json.loads(output):
        ports = "all" if row["conn"] == "All Connections" else row["conn"]
        yield _plain(row["src"]), _plain(row["dst"]), ports


def _plain(end: str) -> str:
    return end.partition("[")[0]
