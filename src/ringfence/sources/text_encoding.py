"""From the bytes of a file to text: UTF-8, or UTF-16 and UTF-32 with their mark."""

from __future__ import annotations

import codecs

from ringfence.model.problems import Problem, Severity
from ringfence.model.provenance import Place

_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32"), (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"),
    (codecs.BOM_UTF8, "utf-8-sig"),
)  # fmt: skip


def decoded(data: bytes, file: str) -> str | Problem:
    """The text, without a byte order mark, or why it is none."""
    encoding = next((name for mark, name in _MARKS if data.startswith(mark)), "utf-8")
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError as error:
        if b"\0" in data and encoding == "utf-8":
            return _binary(file)
        before = data[: error.start].decode(encoding, "replace")
        line = before.count("\n") + 1
        place = Place(file, line, len(before) - (before.rfind("\n") + 1) + 1)
        name = "UTF-8" if encoding.startswith("utf-8") else encoding.upper()
        return Problem(
            place, "not-utf-8", Severity.ERROR,
            f"the byte 0x{data[error.start]:02x} is not {name}; the file is not read",
            "save the file as UTF-8", partial=True,
        )  # fmt: skip
    return _binary(file) if "\0" in text else text


def _binary(file: str) -> Problem:
    return Problem(
        Place(file), "binary-file", Severity.ERROR, "a binary file; it is not read", "name manifests in YAML or JSON",
        partial=True,
    )  # fmt: skip
