"""A look at YAML before it is composed: PyYAML's composer recurses in C, and deep nesting would end the process."""

from __future__ import annotations


def deeper_than(limit: int, text: bytes | str) -> bool:
    """Whether collections nest deeper than ``limit``. Stops there, so that depth costs nothing. Raises yaml.YAMLError
    for what is no YAML."""
    import yaml

    depth = 0
    for event in yaml.parse(text, Loader=yaml.CSafeLoader):
        if isinstance(event, (yaml.SequenceStartEvent, yaml.MappingStartEvent)):
            depth += 1
            if depth > limit:
                return True
        elif isinstance(event, (yaml.SequenceEndEvent, yaml.MappingEndEvent)):
            depth -= 1
    return False
