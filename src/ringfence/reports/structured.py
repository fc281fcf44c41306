"""JSON and YAML text of documents, pure ASCII: a name that hides terminal controls or turns text around stays inert."""

from __future__ import annotations

import re

import msgspec

_NOT_PRINTABLE_ASCII = re.compile(r"[^\x00-\x7e]")


def _escape(match: re.Match[str]) -> str:
    units = match.group().encode("utf-16-be")
    return "".join(f"\\u{units[at]:02x}{units[at + 1]:02x}" for at in range(0, len(units), 2))


def ascii_json(encoded: bytes) -> bytes:
    """The same JSON value with every character outside printable ASCII as an escape. They only stand in strings."""
    if encoded.isascii() and b"\x7f" not in encoded:
        return encoded
    return _NOT_PRINTABLE_ASCII.sub(_escape, encoded.decode()).encode("ascii")


def json_text(document: object) -> str:
    """Indented JSON."""
    return ascii_json(msgspec.json.format(_encode(document), indent=2)).decode("ascii")


def _encode(document: object) -> bytes:
    try:
        return msgspec.json.encode(document)
    except UnicodeEncodeError:
        return msgspec.json.encode(_without_surrogates(msgspec.to_builtins(document)))


def _without_surrogates(value: object) -> object:
    """Half a surrogate pair is no character and has no UTF-8: it becomes the replacement character."""
    if isinstance(value, str):
        return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if isinstance(value, dict):
        return {_without_surrogates(key): _without_surrogates(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_without_surrogates(item) for item in value]
    return value


def yaml_text(document: object) -> str:
    """YAML with the keys in the order of the document, without anchors."""
    import yaml

    class Dumper(yaml.CSafeDumper):
        def ignore_aliases(self, data: object) -> bool:
            return True

    plain = msgspec.json.decode(_encode(document))
    text: str = yaml.dump(plain, Dumper=Dumper, sort_keys=False, allow_unicode=False, width=100)
    return text.rstrip("\n")
