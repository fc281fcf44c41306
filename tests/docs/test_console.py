"""The reader of the pages itself: a check that passes everything would prove nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.docs.console import Command, File, Shell, agrees, corrected, steps

PAGE = """\
Text.

```console
$ echo one \\
  two
one two
$ false
$ echo $?
1
```

```python title="answer.py"
print(42)
```

```sh
not run
```
"""


def test_a_page_is_read_as_files_and_commands() -> None:
    found = list(steps(PAGE.split("\n")))
    commands = [(step.text, step.expected) for step in found if isinstance(step, Command)]
    assert commands == [("echo one \\\n  two", ("one two",)), ("false", ()), ("echo $?", ("1",))]
    assert [step for step in found if isinstance(step, File)] == [File("answer.py", "print(42)\n")]


def test_the_shell_remembers_exit_code_and_folder(tmp_path: Path) -> None:
    (tmp_path / "inner").mkdir()
    shell = Shell(tmp_path)
    assert shell.run("echo out; echo err >&2; exit 3") == ["out", "err"]
    assert shell.run("echo $?") == ["3"]
    assert shell.run("cd inner") == []
    assert shell.run("basename $PWD") == ["inner"]


@pytest.mark.parametrize(
    ("expected", "actual", "same"),
    [
        ((), (), True),
        ((), ("more",), False),
        (("a", "..."), ("a", "b", "c"), True),
        (("a", "...", "c"), ("a", "c"), True),
        (("a", "...", "c"), ("a", "b"), False),
        (("a",), ("a", "b"), False),
        (("a", "b"), ("a",), False),
    ],
)
def test_output_agrees_only_with_what_the_page_promises(
    expected: tuple[str, ...],
    actual: tuple[str, ...],
    same: bool,
) -> None:
    assert agrees(expected, actual) is same


@pytest.mark.parametrize(
    ("expected", "actual", "page"),
    [
        ((), ("a",), ("a",)),
        (("a",), ("b", "c"), ("b", "c")),
        (("old", "..."), ("new", "in 0.3 s"), ("new", "...")),
        (("...", "old"), ("in 0.3 s", "new"), ("...", "new")),
        (("a", "...", "z"), ("a", "b", "c", "y", "z"), ("a", "...", "z")),
        (("a", "old", "...", "z"), ("a", "new", "b", "c", "z"), ("a", "new", "...", "z")),
        (("a", "...", "old", "z"), ("a", "b", "new", "z"), ("a", "...", "new", "z")),
        (("a", "...", "m", "...", "z"), ("A", "b", "m", "c", "z"), ("A", "...", "m", "...", "z")),
        (("...",), ("a", "b"), ("...",)),
        (("a", "..."), ("a",), ("a", "...")),
    ],
)
def test_what_a_page_leaves_out_stays_out_when_it_is_written_anew(
    expected: tuple[str, ...],
    actual: tuple[str, ...],
    page: tuple[str, ...],
) -> None:
    assert tuple(corrected(expected, actual)) == page
