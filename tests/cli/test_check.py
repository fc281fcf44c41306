"""``check`` and ``rule``: what is shown, suppressed, remembered, and how it ends."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.conftest import Run

NAMESPACE = "apiVersion: v1\nkind: Namespace\nmetadata:\n  name: shop\n"
POD = """\
---
apiVersion: v1
kind: Pod
metadata: {name: web, namespace: shop, labels: {app: web}}
spec: {containers: [{name: main, image: none}]}
"""
TYPO = """\
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata:
  name: web
  namespace: shop
spec:
  podSelector:
    matchLabels: {app: wbe}
"""
DENY = """\
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: deny, namespace: shop}
spec: {podSelector: {}, policyTypes: [Ingress, Egress]}
"""
BROKEN = "---\nkind: [\n"
RULES = ("--only", "NP-001,NP-005,GOV-002,GOV-004")


@pytest.fixture
def shop(folder: Path) -> Path:
    """A file with one finding of NP-001 and one of NP-005."""
    file = folder / "shop.yaml"
    file.write_text(NAMESPACE + POD + TYPO, encoding="utf-8")
    return file


def rules_of(out: str) -> list[str]:
    return [line.split(": ")[1].split()[0] for line in out.splitlines()]


def test_findings_end_with_1_and_none_with_0(ringfence: Run, shop: Path) -> None:
    done = ringfence("check", "shop.yaml", *RULES, "-o", "concise", "-q")
    assert done.code == 1
    assert done.out.splitlines() == [
        "shop.yaml:1:1: NP-001 [high] no policy closes ingress of a pod of shop with no labels: it accepts "
        "connections from everywhere",
        "shop.yaml:17:3: NP-005 [medium] NetworkPolicy shop/web selects no pod of shop: none has app=wbe",
    ]
    shop.write_text(NAMESPACE + POD + DENY, encoding="utf-8")
    assert ringfence("check", "shop.yaml", *RULES).code == 0
    assert "no findings" in ringfence("check", "shop.yaml", *RULES).out


def test_paths_and_f_are_the_same(ringfence: Run, shop: Path) -> None:
    first = ringfence("check", "shop.yaml", *RULES)
    assert first == ringfence("check", "-f", "shop.yaml", *RULES)
    assert ringfence("check", *RULES).out == first.out.replace("shop.yaml", "./shop.yaml")


def test_partial_input_is_never_clean(ringfence: Run, shop: Path) -> None:
    shop.write_text(NAMESPACE + DENY + BROKEN, encoding="utf-8")
    assert ringfence("check", *RULES).code == 3
    shop.write_text(NAMESPACE + BROKEN, encoding="utf-8")
    assert ringfence("check", *RULES).code == 1
    for output in ("junit", "gitlab", "github", "sarif", "json", "md", "table"):
        assert "not read" in ringfence("check", *RULES, "-o", output).out or output in ("sarif", "json", "md", "table")


def test_no_object_is_a_usage_error(ringfence: Run, folder: Path) -> None:
    (folder / "empty.yaml").write_text("", encoding="utf-8")
    assert ringfence("check", "empty.yaml").code == 2


@pytest.mark.parametrize(
    "filters, shown",
    [
        (["--min-severity", "high"], ["NP-001"]),
        (["--only", "np-005"], ["NP-005"]),
        (["--only", "policy-selects-nothing"], ["NP-005"]),
        (["--skip", "NP-001"], ["NP-005"]),
        (["-n", "shop"], ["NP-001", "NP-005"]),
        (["-n", "empty"], ["NP-001"]),
        (["-n", "elsewhere", "-A"], ["NP-001", "NP-001", "NP-005"]),
    ],
)
def test_filters(ringfence: Run, shop: Path, filters: list[str], shown: list[str]) -> None:
    if "-n" in filters:
        shop.write_text(
            shop.read_text(encoding="utf-8") + "---\n" + NAMESPACE.replace("shop", "empty"), encoding="utf-8"
        )
    given = filters if {"--only", "--skip"} & set(filters) else [*filters, *RULES]
    done = ringfence("check", *given, "-o", "concise", "-q")
    assert [rule for rule in rules_of(done.out) if rule in ("NP-001", "NP-005")] == shown
    assert done.code == (1 if done.out else 0)


def test_a_namespace_that_there_is_not(ringfence: Run, shop: Path) -> None:
    """A misspelt namespace in CI must not look clean."""
    done = ringfence("check", "-n", "shpo")
    assert done.code == 2
    assert "did you mean shop?" in done.err


def test_what_a_filter_hides_is_counted(ringfence: Run, shop: Path) -> None:
    assert "1 not shown" in ringfence("check", *RULES, "--min-severity", "high").out


@pytest.mark.parametrize("word", ["NP-01", "XX-999", "default-deny-ingres-missing"])
@pytest.mark.parametrize("command", [("check", "--only"), ("check", "--skip"), ("rule",)])
def test_a_rule_that_there_is_not(ringfence: Run, shop: Path, command: tuple[str, ...], word: str) -> None:
    done = ringfence(*command, word)
    assert done.code == 2
    assert "there is no rule" in done.err
    assert ("did you mean" in done.err) != (word == "XX-999")
    assert "hint" in done.err


@pytest.mark.parametrize("word", ["IST0127", "istioctl:ist0127"])
def test_what_other_tools_call_a_rule_names_it(ringfence: Run, folder: Path, word: str) -> None:
    pages = ringfence("rule", word)
    assert pages.code == 0
    assert [line for line in pages.out.splitlines() if line.startswith("# ")] == [
        "# MSH-004 policy-without-effect",
        "# MSH-021 sidecar-unclear",
    ]


def test_findings_of_what_another_tool_calls_a_rule(ringfence: Run, folder: Path) -> None:
    (folder / "a.yaml").write_text(
        f"{NAMESPACE}  labels: {{istio-injection: enabled}}\n{POD}---\n"
        "apiVersion: security.istio.io/v1\nkind: AuthorizationPolicy\nmetadata: {name: p, namespace: shop}\n"
        "spec: {selector: {matchLabels: {app: wbe}}, rules: [{}]}\n"
    )
    found = ringfence("check", "a.yaml", "--only", "KIA0004", "-o", "concise")
    assert found.code == 1
    assert "MSH-004" in found.out
    assert "NP-001" not in found.out


def test_every_rule_has_a_page(ringfence: Run, folder: Path) -> None:
    listed = ringfence("rule").out.splitlines()
    assert listed[0].startswith("NP-001  high      default-deny-ingress-missing")
    for line in listed:
        page = ringfence("rule", line.split()[0]).out
        for section in ("## What is checked", "## Why this is bad", "## Example", "## How to fix it"):
            assert section in page, (line, section)
    assert len(json.loads(ringfence("rule", "-o", "json").out)) == len(listed)


def test_explain_adds_why_and_the_trace(ringfence: Run, shop: Path) -> None:
    done = ringfence("check", "--only", "NP-001", "--explain")
    assert "why: A pod that no policy selects accepts connections" in done.out
    assert "ingress of @shop: allowed" in done.out
    document = json.loads(ringfence("check", "--only", "NP-001", "--explain", "-o", "json").out)
    explanation = document["findings"][0]["explanation"]
    assert explanation["page"].startswith("# NP-001")
    assert explanation["traces"][0]["verdict"] == "allowed"
    assert ringfence("check", "--explain", "-o", "sarif").code == 2


def annotated(note: str) -> str:
    return NAMESPACE.replace("metadata:", f"metadata:\n  annotations:\n    {note}")


@pytest.mark.parametrize(
    "note, shown",
    [
        ('ringfence.dev/ignore-NP-001: "not yet; until=2026-12-31; by=web"', []),
        ('ringfence.dev/ignore-NP-001: "not yet"', []),
        ('ringfence.dev/ignore-NP-001: "until=2026-12-31"', ["NP-001", "GOV-002"]),
        ('ringfence.dev/ignore-NP-001: "not yet; until=2026-01-01"', ["NP-001", "GOV-002"]),
        ('ringfence.dev/ignore-NP-005: "not yet"', ["NP-001", "GOV-004"]),
        ('ringfence.dev/ignore-NP-1: "not yet"', ["NP-001", "GOV-002"]),
    ],
)
def test_suppressions(
    ringfence: Run, folder: Path, monkeypatch: pytest.MonkeyPatch, note: str, shown: list[str]
) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1795000000")  # 2026-11-18
    (folder / "shop.yaml").write_text(annotated(note) + POD, encoding="utf-8")
    done = ringfence("check", *RULES, "-o", "concise")
    assert sorted(rules_of(done.out)) == sorted(shown)
    assert ("1 suppressed" in done.err) == (not shown)
    assert done.code == (1 if shown else 0)


def test_a_comment_suppresses(ringfence: Run, shop: Path) -> None:
    text = shop.read_text(encoding="utf-8")
    text = f"# ringfence: ignore[NP-001] not yet\n{text}"
    text = text.replace("  podSelector:", "  podSelector:  # ringfence: ignore[NP-005] renamed next week")
    shop.write_text(text, encoding="utf-8")
    done = ringfence("check", *RULES, "-o", "json")
    document = json.loads(done.out)
    assert (done.code, document["findings"]) == (0, [])
    assert [one["suppression"]["reason"] for one in document["suppressed"]] == ["not yet", "renamed next week"]


def test_the_configuration_file_suppresses(ringfence: Run, shop: Path) -> None:
    settings = shop.parent / ".ringfence.yaml"
    settings.write_text(
        "ignore:\n- {id: NP-001, namespace: sh*, reason: a laboratory, owner: web, expires: 2999-01-01}\n"
        "- {id: NP-005, resource: NetworkPolicy/w*, reason: renamed}\n- {id: NP-005, resource: other, reason: gone}\n",
        encoding="utf-8",
    )
    done = ringfence("check", *RULES, "-o", "concise", "-q")
    assert rules_of(done.out) == ["GOV-004"]
    assert ".ringfence.yaml:4:3" in done.out


@pytest.mark.parametrize(
    "text, words",
    [
        ("ignore: NP-001\n", "ignore is not a list"),
        ("ignore:\n- NP-001\n", "not a mapping"),
        ("ignore:\n- {reason: x}\n", "which rule is to be ignored"),
        ("ignore:\n- {id: NP-001, resaon: x}\n", "did you mean reason"),
    ],
)
def test_a_configuration_file_that_is_not_understood(ringfence: Run, shop: Path, text: str, words: str) -> None:
    (shop.parent / ".ringfence.yaml").write_text(text, encoding="utf-8")
    done = ringfence("check")
    assert done.code == 2
    assert words in done.err


def test_a_baseline_hides_what_it_knows_and_stays_when_lines_move(ringfence: Run, shop: Path) -> None:
    written = ringfence("check", "--write-baseline", "known.json")
    assert written.code == 0
    first = Path("known.json").read_text(encoding="ascii")
    assert ringfence("check", "--baseline", "known.json").code == 0
    shop.write_text(f"# Moved.\n\n{shop.read_text(encoding='utf-8')}", encoding="utf-8")
    assert ringfence("check", "--baseline", "known.json").code == 0
    ringfence("check", "--write-baseline", "again.json")
    assert Path("again.json").read_text(encoding="ascii") == first


def test_new_and_fixed_findings_are_told(ringfence: Run, shop: Path) -> None:
    ringfence("check", "--write-baseline", "known.json")
    moved = TYPO.replace("name: web", "name: new")
    shop.write_text(NAMESPACE + POD + moved, encoding="utf-8")
    done = ringfence("check", *RULES, "--baseline", "known.json")
    assert done.code == 1
    assert "NetworkPolicy shop/new selects no pod" in done.out
    assert "fixed: NP-005 NetworkPolicy shop/web" in done.out
    assert "1 in the baseline" in done.out


def test_fingerprints_stay_when_lines_move(ringfence: Run, shop: Path) -> None:
    def prints() -> list[str]:
        log = json.loads(ringfence("check", *RULES, "-o", "sarif").out)
        return [one["partialFingerprints"]["primaryLocationLineHash"] for one in log["runs"][0]["results"]]

    before = prints()
    shop.write_text(f"# Moved.\n\n{shop.read_text(encoding='utf-8')}", encoding="utf-8")
    assert before == prints()
    assert len(set(before)) == 2


@pytest.mark.parametrize(
    "text, words",
    [
        (None, "No such file"),
        ("{}", "no baseline"),
        ('{"kind": "FindingsBaseline", "version": 99, "findings": []}', "version 99"),
    ],
)
def test_a_baseline_that_cannot_be_used(ringfence: Run, shop: Path, text: str | None, words: str) -> None:
    if text is not None:
        Path("known.json").write_text(text, encoding="utf-8")
    done = ringfence("check", "--baseline", "known.json")
    assert done.code == 2
    assert words in done.err
    assert "hint" in done.err


def test_a_baseline_of_a_part_is_refused(ringfence: Run, shop: Path) -> None:
    done = ringfence("check", "--write-baseline", "known.json", "--only", "NP-001")
    assert done.code == 2
    assert not Path("known.json").exists()


def test_paths_are_those_of_the_repository(ringfence: Run, shop: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    inner = shop.parent / "deploy" / "base"
    inner.mkdir(parents=True)
    (inner / "a b.yaml").write_text(shop.read_text(encoding="utf-8"), encoding="utf-8")
    monkeypatch.chdir(inner)
    log = json.loads(ringfence("check", ".", "--only", "NP-005", "-o", "sarif").out)
    place = log["runs"][0]["results"][0]["locations"][0]["physicalLocation"]["artifactLocation"]
    assert place == {"uri": "deploy/base/a%20b.yaml", "uriBaseId": "%SRCROOT%"}
    assert "file=deploy/base/a b.yaml,line=17" in ringfence("check", ".", "--only", "NP-005", "-o", "github").out
    quality = json.loads(ringfence("check", ".", "--only", "NP-005", "-o", "gitlab").out)
    assert quality[0]["location"] == {"path": "deploy/base/a b.yaml", "lines": {"begin": 17}}


def test_stdin_has_a_name_in_every_format(ringfence: Run, shop: Path) -> None:
    text = shop.read_bytes()
    log = json.loads(ringfence("check", "-", "--only", "NP-005", "-o", "sarif", stdin=text).out)
    place = log["runs"][0]["results"][0]["locations"][0]["physicalLocation"]["artifactLocation"]
    assert place["uri"] == "stdin"
    assert "file=" not in ringfence("check", "-", "--only", "NP-005", "-o", "github", stdin=text).out


def test_github_gets_ten_of_a_kind_and_a_summary_with_all(
    ringfence: Run, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(folder / "summary.md"))
    text = "".join(f"---\n{NAMESPACE.replace('shop', f'n{at:02}')}" for at in range(13))
    (folder / "many.yaml").write_text(text, encoding="utf-8")
    done = ringfence("check", "--only", "NP-001", "-o", "github")
    assert sum(line.startswith("::error ") for line in done.out.splitlines()) == 10
    assert "3 errors" in done.out
    summary = (folder / "summary.md").read_text(encoding="utf-8")
    assert summary.count("| high |") == 13


def test_a_summary_does_not_outgrow_what_github_takes(
    ringfence: Run, shop: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from ringfence.cli import checking

    monkeypatch.setenv("GITHUB_STEP_SUMMARY", "summary.md")
    monkeypatch.setattr(checking, "SUMMARY_BYTES", 200)
    ringfence("check", *RULES, "-o", "github")
    assert len(Path("summary.md").read_text(encoding="utf-8")) < 300
    assert "cut off here" in Path("summary.md").read_text(encoding="utf-8")


def test_what_is_not_evaluable_is_said_and_is_no_finding(ringfence: Run, folder: Path) -> None:
    (folder / "a.yaml").write_text(NAMESPACE + DENY + TYPO, encoding="utf-8")
    done = ringfence("check", *RULES)
    assert done.code == 0
    assert "not evaluable: NP-005 for NetworkPolicy shop/web: the input has no workloads of namespace shop" in done.out


def test_an_epoch_that_is_none(ringfence: Run, shop: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "today")
    done = ringfence("check")
    assert done.code == 2
    assert "SOURCE_DATE_EPOCH" in done.err


def test_rules_complete() -> None:
    from ringfence.cli.completion import candidates

    assert {"NP-001", "NP-005"} <= set(candidates(["rule", "np-00"])[0])
    assert "NP-001,NP-005" in candidates(["check", "--only", "NP-001,NP-00"])[0]
    assert candidates(["rule", "policy-sel"])[0] == ["policy-selects-nothing"]
