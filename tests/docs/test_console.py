"""The reader of the pages itself: a check that passes everything would prove nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.docs.console import Command, File, Shell, agrees, steps

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
