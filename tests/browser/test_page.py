"""What a person can do with the page, in a browser: with the mouse, with the keyboard alone, and by its address."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest

import ringfence
from ringfence.demo.files import CLUSTER
from ringfence.reports.context import Context
from ringfence.reports.html.changes import Difference
from ringfence.reports.html.page import html_page
from ringfence.sets.ports import EVERYTHING, Intervals, intersect
from ringfence.verdict.answers import Verdict
from ringfence.verdict.matrix.pairing import paired_ends
from ringfence.verdict.matrix.values import ITSELF, NO_FLOW, Lines
from ringfence.world import World
from tests.browser.driver import Browser, programs
from tests.model.objects import controller, namespace, network_policy, pod, world
from tests.reports.samples import HOSTILE
from tests.reports.samples import tcp as tcp_ports
from tests.reports.test_hostile_names import hostile_page

pytestmark = pytest.mark.skipif(programs() is None, reason="Chromium and its driver are not installed")
CONTEXT = Context("generic", "the default")
DENIED_PAIR = "source=shop%2Fcheckout&destination=payments%2Fpayments-db"
FOCUS = "document.getElementById('grid').focus(); return true"
CURSOR = """
  const grid = document.getElementById("grid");
  return document.getElementById(grid.getAttribute("aria-activedescendant")).getAttribute("aria-label");
"""
HASH = "return decodeURIComponent(location.hash)"
# Chromium wants to know of canvases that are read often.
COPIED = """
  const c = document.getElementById("canvas");
  const copy = Object.assign(document.createElement("canvas"), { width: c.width, height: c.height })
    .getContext("2d", { willReadFrequently: true });
  copy.drawImage(c, 0, 0);
"""
ROWS = "return [...document.querySelectorAll('#list tr')].map(row => [...row.cells].map(cell => cell.textContent))"


@pytest.fixture(scope="module")
def company(folder: Path) -> Path:
    """The bundled cluster."""
    file = folder / "map.html"
    file.write_text(html_page([("now", ringfence.load(str(CLUSTER)).matrix())], CONTEXT), encoding="utf-8")
    return file


@pytest.fixture(scope="module")
def difference(folder: Path) -> Path:
    deny = network_policy("shop/deny", {"app": "db"}, ingress=[])
    ends = [namespace("shop"), pod("shop/web", {"app": "web"}), pod("shop/db", {"app": "db"})]
    before = world(*ends, deny, controller("Deployment", "shop/job", {"app": "job"}), pod("shop/old", {"app": "old"}))
    after = world(*ends, controller("StatefulSet", "shop/job", {"app": "job"}), pod("shop/new", {"app": "new"}))
    file = folder / "diff.html"
    file.write_text(page_of_two(before, after), encoding="utf-8")
    return file


def page_of_two(before: World, after: World) -> str:
    pairs = paired_ends(before.whole_relation.cluster, after.whole_relation.cluster)
    states = [("before", before.matrix()), ("after", after.matrix())]
    return html_page(states, CONTEXT, difference=Difference(before.diff(after), pairs))


def brightness(page: Browser) -> int:
    """Of the canvas at its upper left corner, 0 to 255."""
    script = COPIED + "return [...copy.getImageData(2, 2, 1, 1).data]"
    return int(sum(page.run(script)[:3]) // 3)


def colours(page: Browser) -> int:
    """How many colours the matrix shows."""
    return int(
        page.run(
            COPIED + "const seen = copy.getImageData(0, 0, c.width, c.height).data;"
            "return new Set(new Uint32Array(seen.buffer)).size"
        )
    )


def place_of(page: Browser, source: str, destination: str) -> tuple[float, float]:
    """Where the window shows a pair: the mouse is moved over the matrix until the page names it."""
    box = page.run(
        "const b = document.getElementById('canvas').getBoundingClientRect(); return [b.x, b.y, b.width, b.height]"
    )
    script = """
      const [x, y, wide, high, wanted] = arguments;
      const canvas = document.getElementById("canvas");
      for (let down = 2; down < high; down += 5) for (let across = 2; across < wide; across += 5) {
        canvas.dispatchEvent(new PointerEvent("pointermove", { clientX: x + across, clientY: y + down }));
        if (document.getElementById("hover").textContent.startsWith(wanted)) return [x + across + 2, y + down + 2];
      }
      return null;
    """
    found = page.run(script, *box, f"{source} → {destination}: ")
    assert found is not None, (source, destination)
    return found[0], found[1]


def test_the_page_draws_itself_from_a_file(page: Browser, company: Path) -> None:
    page.open(company)
    assert colours(page) > 5
    assert "41 workloads in 9 namespaces" in page.text("#summary")
    assert "profile generic (the default)" in page.text("#facts")


def category(lines: Lines, closed: str, asked: Intervals) -> str:
    """What the legend calls a cell, of the ports asked for."""
    if closed in (ITSELF.closed, NO_FLOW.closed):
        return "none"
    by_verdict = {line.verdict: intersect(line.ports, asked) for line in lines}
    for verdict, word in ((Verdict.MIXED, "mixed"), (Verdict.UNKNOWN, "unknown")):
        if by_verdict.get(verdict):
            return word
    allowed = by_verdict.get(Verdict.ALLOWED, ())
    return "all" if allowed == asked else "some" if allowed else "denied"


@pytest.mark.parametrize(
    "words, ports, source, destination, either",
    [
        ("", EVERYTHING, "", "", ""),
        ("port=5432", tcp_ports(5432), "", "", ""),
        ("port=5432-9090&from=shop", tcp_ports(5432, 9090), "shop", "", ""),
        ("to=db", EVERYTHING, "", "db", ""),
        ("with=payments", EVERYTHING, "", "", "payments"),
        ("with=kafka&from=shop", EVERYTHING, "shop", "", "kafka"),
    ],
)
def test_the_legend_counts_what_the_engine_says(
    page: Browser, company: Path, words: str, ports: Intervals, source: str, destination: str, either: str
) -> None:
    matrix = ringfence.load(str(CLUSTER)).matrix()
    wanted: Counter[str] = Counter()
    for first, one in enumerate(matrix.ends):
        for second, other in enumerate(matrix.ends):
            named = source in one.name and destination in other.name
            if named and (either in one.name or either in other.name):
                cell = matrix.cell(first, second)
                wanted[category(cell.lines, cell.closed, ports)] += 1
    page.open(company, words)
    script = """
      return Object.fromEntries([...document.querySelectorAll("#legend button")].map(button =>
        [button.dataset.key, +button.querySelector(".count").textContent.replaceAll(",", "")]));
    """
    assert Counter(page.run(script)) == wanted


def test_a_click_explains_a_pair_and_the_address_keeps_it(page: Browser, company: Path) -> None:
    page.open(company, "open=payments&open=shop")
    page.click_at(*place_of(page, "shop/checkout", "payments/payments-db"))
    text = page.text("#details")
    assert "shop/checkout → payments/payments-db" in text
    assert "denied" in text
    assert "Egress of shop/checkout" in text
    assert "NetworkPolicy payments/default-deny" in text
    assert "policies/payments/defaults.yaml:1" in text
    assert "ringfence explain shop/checkout payments/payments-db" in text
    assert "source=shop/checkout&destination=payments/payments-db" in page.run(HASH)


def test_an_address_opens_what_it_says(page: Browser, company: Path) -> None:
    page.open(company, f"{DENIED_PAIR}&port=53&from=shop")
    assert "TCP 53, UDP 53" in page.text("#details")
    assert page.run("return document.getElementById('filter-port').value") == "53"
    assert page.run("return document.getElementById('filter-from').value") == "shop"


def test_both_sides_of_a_denied_pair_are_told_apart_by_port(page: Browser, company: Path) -> None:
    """DNS leaves the source, all else does not; the destination lets in neither."""
    page.open(company, DENIED_PAIR)
    cards = page.run("return [...document.querySelectorAll('#details .card')].map(card => card.innerText)")
    assert len(cards) == 2
    assert "TCP 53, UDP 53" in cards[0]
    assert "allowed by\nNetworkPolicy shop/allow-dns rule 0" in cards[0]
    assert "every other port" in cards[1]
    assert all("isolated, and no rule allows it" in card for card in cards)


def test_namespaces_open_and_close(page: Browser, company: Path) -> None:
    page.open(company)
    rows = "return +document.getElementById('grid').getAttribute('aria-rowcount')"
    every = page.run(rows)
    page.click("#collapse")
    assert page.run(rows) == 11
    assert page.run(HASH) == "#open="
    page.run(FOCUS)
    page.press("Space")
    assert page.run(rows) == 15
    assert page.run(HASH) == "#open=batch"
    page.press("e")
    assert page.run(rows) == every


def test_filters_narrow_rows_columns_and_counts(page: Browser, company: Path) -> None:
    page.open(company)
    page.type("#filter-to", "=payments/payments-db")
    page.type("#filter-from", "shop !cart")
    page.wait("return location.hash.includes('from') && location.hash.includes('to=')")
    assert page.run("return document.getElementById('grid').getAttribute('aria-colcount')") == "2"
    assert page.run("return document.getElementById('grid').getAttribute('aria-rowcount')") == "9"
    assert page.run(HASH) == "#from=shop+!cart&to==payments/payments-db"
    page.type("#filter-port", "5432")
    page.wait("return location.hash.includes('port')")
    words = page.run("return [...document.querySelectorAll('#legend button')].map(b => b.innerText)")
    assert any("denied" in word and "8" in word for word in words)
    page.click("#clear")
    assert page.run(HASH) == ""


def test_a_port_that_is_none_is_marked(page: Browser, company: Path) -> None:
    page.open(company)
    page.type("#filter-port", "http")
    page.wait("return document.getElementById('filter-port').getAttribute('aria-invalid') === 'true'")


def test_verdicts_can_be_left_out(page: Browser, company: Path) -> None:
    page.open(company, "open=*&to=payments-db")
    before = page.run("return +document.getElementById('grid').getAttribute('aria-rowcount')")
    page.click("#legend [data-key=denied]")
    assert page.run("return +document.getElementById('grid').getAttribute('aria-rowcount')") < before
    assert "hide=denied" in page.run(HASH)
    assert page.run("return document.activeElement.dataset.key") == "denied"


def test_the_keyboard_alone_is_enough(page: Browser, company: Path) -> None:
    page.open(company, "open=*")
    page.run(FOCUS)
    page.press("ArrowDown", "ArrowRight", "j", "l")
    said = page.run(CURSOR)
    assert said == "batch/nightly-settlement → batch/nightly-settlement: a pod always reaches its own address"
    page.press("Home")
    assert page.run(CURSOR).startswith("batch/nightly-settlement → namespace batch: ")
    page.press("Control+End")
    assert page.run(CURSOR).endswith("no pod is at either end")
    page.press("Control+Home", "Enter")
    assert page.active() == "details"
    assert "16 pairs of ends" in page.text("#details")
    page.press("Escape")
    assert page.active() == "grid"
    assert page.run("return document.getElementById('details').hidden")


def test_keys_for_search_help_and_list(page: Browser, company: Path) -> None:
    page.open(company)
    page.press("/")
    assert page.active() == "filter-with"
    page.press("?", "t")
    assert page.run("return document.getElementById('filter-with').value") == "?t"
    page.run("document.activeElement.blur()")
    page.press("?")
    assert page.run("return document.getElementById('help').open")
    page.press("Escape")
    page.press("t")
    assert "view=list" in page.run(HASH)


def test_what_has_the_focus_is_named_for_screen_readers(page: Browser, company: Path) -> None:
    page.open(company, "open=*")
    nodes = page.call("POST", "/goog/cdp/execute", {"cmd": "Accessibility.getFullAXTree", "params": {}})["nodes"]
    by_role: dict[str, list[str]] = {}
    for node in nodes:
        if not node.get("ignored"):
            by_role.setdefault(node["role"]["value"], []).append(node.get("name", {}).get("value", ""))
    assert by_role["grid"][0].startswith("Matrix of sources")
    assert "→" in by_role["gridcell"][0]
    for role in ("button", "searchbox", "region"):
        assert by_role[role], role
        assert all(by_role[role]), role
    assert len(by_role["gridcell"]) == 1
    assert by_role["gridcell"][0] == page.run(CURSOR)


def test_the_list_holds_the_same_pairs(page: Browser, company: Path) -> None:
    page.open(company, "view=list&to=payments-db&hide=denied,none")
    rows = page.run(ROWS)
    assert ["batch/invoice-export", "payments/payments-db", "allowed", "allowed on TCP 5432; denied otherwise"] in [
        row[:4] for row in rows
    ]
    assert page.text("#list-count") == f"Pairs 1 to {len(rows)} of {len(rows)}"
    page.click("#list tr:first-child .link")
    assert page.active() == "details"


def test_the_list_of_a_search_has_both_directions(page: Browser, company: Path) -> None:
    matrix = ringfence.load(str(CLUSTER)).matrix()
    names = [end.name for end in matrix.ends]
    wanted = {
        (one, other)
        for first, one in enumerate(names)
        for second, other in enumerate(names)
        if "payments-db" in f"{one} {other}" and matrix.cell(first, second).lines
    }
    page.open(company, "view=list&with=payments-db&hide=denied,none")
    assert {(row[0], row[1]) for row in page.run(ROWS)} == wanted


def test_a_long_list_has_pages(page: Browser, company: Path) -> None:
    page.open(company, "view=list")
    first = page.run(ROWS)
    page.click("#list-on")
    second = page.run(ROWS)
    assert len(first) == len(second) == 200
    assert first[0] != second[0]
    page.click("#list-back")
    assert page.run(ROWS) == first


def test_dark_follows_the_system_and_the_button(page: Browser, company: Path) -> None:
    page.open(company)
    assert brightness(page) > 200
    page.prefer("dark")
    page.wait("return document.documentElement.dataset.theme === 'dark'")
    assert brightness(page) < 80
    page.click("#theme")
    assert brightness(page) > 200
    assert "theme=light" in page.run(HASH)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_text_has_contrast(page: Browser, company: Path, theme: str) -> None:
    """4.5 to 1 (WCAG 2.2, 1.4.3) for what is written; 3 to 1 (1.4.11) for what a verdict is told by."""
    page.open(company, f"theme={theme}")
    script = """
      const style = getComputedStyle(document.documentElement);
      const light = name => {
        const hex = style.getPropertyValue(name).trim().slice(1);
        const parts = [0, 2, 4].map(at => parseInt(hex.slice(at, at + 2), 16) / 255)
          .map(part => part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4);
        return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2];
      };
      return arguments[0].map(([name, ground]) => {
        const [one, other] = [light(name), light(ground)].sort((a, b) => b - a);
        return [name, ground, (one + 0.05) / (other + 0.05)];
      });
    """
    words = [
        [name, ground] for name in ("--text", "--soft", "--accent") for ground in ("--surface", "--band", "--page")
    ]
    marks = [[name, "--surface"] for name in ("--all", "--some", "--mixed", "--unknown", "--widened", "--narrowed")]
    for name, ground, contrast in page.run(script, words):
        assert contrast >= 4.5, (name, ground, contrast)
    for name, ground, contrast in page.run(script, marks):
        assert contrast >= 3, (name, ground, contrast)


def test_a_page_that_cannot_be_drawn_says_so(window: Browser, company: Path, folder: Path) -> None:
    file = folder / "broken.html"
    file.write_text(company.read_text("utf-8").replace('"packed":"', '"packed":"AAAA', 1), encoding="utf-8")
    window.call("POST", "/url", {"url": file.as_uri()})
    assert window.wait("return document.querySelector('[role=alert]')?.innerText").startswith("This page could not")


def test_a_narrow_window_hides_nothing(page: Browser, company: Path) -> None:
    page.open(company, DENIED_PAIR)
    page.resize(480, 900)
    page.wait("return innerWidth < 600")
    wide, inside = page.run("return [document.documentElement.scrollWidth, innerWidth]")
    assert wide <= inside
    assert page.run("return document.getElementById('canvas').getBoundingClientRect().height") > 100
    assert "payments/payments-db" in page.text("#details")


def test_two_states_show_what_changed(page: Browser, difference: Path) -> None:
    page.open(difference)
    assert page.run("return document.querySelectorAll('#legend [aria-pressed=false]').length") == 3
    assert page.text("#summary").startswith("1 widened")
    page.open(difference, "view=list&hide=none")
    found = {tuple(row[:2]): row[2] for row in page.run(ROWS)}
    assert found["shop/web", "shop/db"] == "widened"
    assert found["shop/db", "shop/web"] == "same, not denied"
    assert found["shop/new", "shop/web"] == "new end"
    assert found["shop/old", "shop/web"] == "end gone"
    page.open(difference, "source=shop%2Fweb&destination=shop%2Fdb")
    heads = page.run("return [...document.querySelectorAll('#details h3')].map(head => head.textContent)")
    assert heads[:3] == ["What changed it", "after", "before"]
    page.click("#states button:nth-child(2)")
    assert page.run(HASH).endswith("show=before")


def test_a_click_names_what_caused_a_change(page: Browser, difference: Path) -> None:
    page.open(difference, "open=*")
    page.click_at(*place_of(page, "shop/web", "shop/db"))
    (card,) = page.run("return [...document.querySelectorAll('#details .card.cause')].map(card => card.innerText)")
    assert "widened" in card
    assert "denied before, allowed after" in card
    assert "NetworkPolicy shop/deny removed" in card
    assert "<object" in card, "the place of the object"
    assert "The same in 5 pairs, for example shop/job -> shop/db 443/TCP" in card
    page.open(difference, "source=shop%2Fdb&destination=shop%2Fweb")
    assert page.run("return document.querySelectorAll('#details .card.cause').length") == 0


def test_a_moved_workload_is_the_same_end_under_its_new_name(page: Browser, difference: Path) -> None:
    page.open(difference, "view=list&hide=none&from=job")
    found = {tuple(row[:2]): row[2] for row in page.run(ROWS)}
    assert found["shop/job", "shop/web"] == "same, not denied"
    assert found["shop/job", "shop/db"] == "widened"
    page.open(difference, "source=shop%2Fjob&destination=shop%2Fdb")
    assert "shop/job was Deployment shop/job" in page.text("#details")


def test_the_matrix_of_a_difference_is_coloured_as_its_rows_say(page: Browser, folder: Path) -> None:
    """A replica that opened while its sibling closed: the workload as a whole does what it did, and yet it changed."""

    def state(first: str, second: str) -> World:
        pods = [
            pod(f"shop/web-{at}", {"app": "web", "tier": tier}, owner="ReplicaSet/web")
            for at, tier in enumerate((first, second))
        ]
        deny = network_policy("shop/deny", {"tier": "closed"}, ingress=[])
        return world(namespace("shop"), *pods, pod("shop/db", {"app": "db"}), deny)

    before, after = state("open", "closed"), state("closed", "open")
    file = folder / "swapped.html"
    file.write_text(page_of_two(before, after), encoding="utf-8")
    page.open(file, "view=list&hide=none&from=db&to=web")
    found = before.diff(after)
    assert [row[2] for row in page.run(ROWS)] == (["widened and narrowed"] if found.rows else ["same, not denied"])
    assert found.rows
    page.open(file, "source=shop%2Fdb&destination=shop%2Fweb")
    assert "for some of the pods" in page.text("#details")


@pytest.mark.parametrize("name", HOSTILE, ids=ascii)
def test_hostile_names_stay_text(page: Browser, folder: Path, name: str) -> None:
    file = folder / "hostile.html"
    file.write_text(hostile_page(name), encoding="utf-8")
    page.open(file, "open=*&source=%230&destination=%231")
    assert page.run("return document.querySelectorAll('script').length") == 2
    assert page.run("return [...document.querySelectorAll('a')].length") == 1
    wanted = json.loads(
        page.run("return JSON.stringify(JSON.parse(document.getElementById('data').textContent).ends[0])")
    )
    assert page.run("return document.querySelector('#details h2').textContent").startswith(wanted[0])
    page.open(file, "view=list")
    assert page.run(ROWS)[0][0] == wanted[0]


def test_the_policy_stops_what_is_not_of_the_page(window: Browser, company: Path) -> None:
    """So that the other tests mean something: an inline handler, evaluation and loading are stopped."""
    window.open(company)
    window.complaints()
    window.requests()
    script = """
      const made = document.createElement("script");
      made.nonce = "x";
      try { made.textContent = "window.pwned = 1"; document.body.append(made); } catch {}
      try { new Image().src = "https://attacker.example/x.png"; } catch {}
      const button = document.createElement("button");
      try { button.setAttribute("onclick", "window.pwned = 1"); document.body.append(button); button.click(); } catch {}
      try { document.body.innerHTML += "<p>x</p>"; } catch {}
      return String(window.pwned);
    """
    assert window.run(script) == "undefined"
    # The driver's own scripts may evaluate; a timer of the page may not.
    window.run("try { setTimeout('window.pwned = 2') } catch {}")
    assert window.run("return String(window.pwned)") == "undefined"
    assert any("attacker.example" in words and "img-src" in words for words in window.complaints())
    window.requests()


def test_two_thousand_workloads_are_no_strain(page: Browser, folder: Path) -> None:
    """That it works at all at this size: how fast is for the bench to say."""
    spaces = [namespace(f"team-{number}") for number in range(20)]
    pods = [pod(f"team-{n % 20}/app-{n}", {"app": f"app-{n}"}) for n in range(2000)]
    rules = [
        network_policy(
            f"team-{n % 20}/p{n}",
            {"app": f"app-{n}"},
            ingress=[{"from": [{"podSelector": {"matchLabels": {"app": f"app-{n + 20}"}}}]}],
        )
        for n in range(0, 2000, 2)
    ]
    file = folder / "large.html"
    file.write_text(html_page([("now", world(*spaces, *pods, *rules).matrix())], CONTEXT), encoding="utf-8")
    assert file.stat().st_size < 5_000_000
    page.open(file, "open=*&size=1")
    assert page.run("return +document.getElementById('grid').getAttribute('aria-rowcount')") > 2000
    page.run(FOCUS)
    page.press("Control+End", "Enter")
    assert page.text("#details")
