"""Safe YAML: a small subset, read from parser events so that nothing is built before it was allowed.

PyYAML's own loaders are never run. An alias or a merge key can multiply a few lines into gigabytes, and libyaml's composer
recurses until the stack is gone; the event stream does neither. Only ``true`` and ``false`` are Booleans and only
plain decimal figures are numbers, so ``no``, ``on``, ``12:30`` and ``2026-11-15`` stay the words their author wrote.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

import yaml

from content.problems import Path

DEPTH_LIMIT = 40
NODES_LIMIT = 200_000

Value = str | int | float | bool | None | list["Value"] | dict[str, "Value"]

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # libyaml is ten times as fast, but not everywhere
_INTEGER = re.compile(r"-?(?:0|[1-9][0-9]{0,17})")
_DECIMAL = re.compile(r"-?[0-9]{1,15}\.[0-9]{1,15}")
_WORDS: dict[str, bool | None] = {"true": True, "false": False, "null": None, "~": None, "": None}


class Malformed(Exception):
    """The text is not the YAML that packs may use; ``line`` counts from 1."""

    def __init__(self, line: int, message: str) -> None:
        super().__init__(message)
        self.line = line
        self.message = message


class Document(NamedTuple):
    """A value, and the line of every path inside it."""

    value: Value
    lines: dict[Path, int]


def read(text: str, nodes: int = NODES_LIMIT, *, first_line: int = 1) -> Document:
    """Read one document of at most ``nodes`` values. Raises :class:`Malformed`."""
    builder = _Builder(first_line, nodes)
    try:
        for event in yaml.parse(text, Loader=_LOADER):
            builder.take(event)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = first_line + (mark.line if mark else 0)
        raise Malformed(line, f"not YAML: {error.problem or error.context}") from error
    except yaml.YAMLError as error:
        raise Malformed(first_line, f"not YAML: {str(error).splitlines()[0]}") from error
    return Document(builder.root, builder.lines)


class _Frame:
    """An open mapping or sequence; ``key`` is the mapping key that waits for its value."""

    def __init__(self, container: list[Value] | dict[str, Value], path: Path) -> None:
        self.container = container
        self.path = path
        self.key: str | None = None


class _Builder:
    """Turns events into plain values with a stack of its own, so depth costs no recursion."""

    def __init__(self, first_line: int, nodes: int) -> None:
        self.root: Value = None
        self.lines: dict[Path, int] = {}
        self._first_line = first_line
        self._nodes = nodes
        self._documents = 0
        self._stack: list[_Frame] = []

    def take(self, event: yaml.Event) -> None:
        line = self._first_line + (event.start_mark.line if event.start_mark else 0)
        for message in _forbidden(event):
            raise Malformed(line, message)
        match event:
            case yaml.ScalarEvent():
                self._scalar(event, line)
            case yaml.MappingStartEvent():
                self._open({}, line)
            case yaml.SequenceStartEvent():
                self._open([], line)
            case yaml.MappingEndEvent() | yaml.SequenceEndEvent():
                self._stack.pop()
            case yaml.DocumentStartEvent():
                self._documents += 1
                if self._documents > 1:
                    raise Malformed(line, "more than one document in a file")
            case _:
                pass  # the ends of the stream and the document

    def _scalar(self, event: yaml.ScalarEvent, line: int) -> None:
        frame = self._stack[-1] if self._stack else None
        if frame is not None and isinstance(frame.container, dict) and frame.key is None:
            self._key(frame, event, line)
        else:
            self._add(_resolved(event), line)

    def _key(self, frame: _Frame, event: yaml.ScalarEvent, line: int) -> None:
        if event.value == "<<":
            raise Malformed(line, "merge keys are not allowed")
        if event.value in frame.container:
            raise Malformed(line, f"the key {event.value[:60]!r} is here twice")
        frame.key = event.value
        self.lines[(*frame.path, event.value)] = line

    def _open(self, container: list[Value] | dict[str, Value], line: int) -> None:
        if len(self._stack) >= DEPTH_LIMIT:
            raise Malformed(line, f"nested deeper than {DEPTH_LIMIT} levels")
        path = self._add(container, line)
        self._stack.append(_Frame(container, path))

    def _add(self, value: Value, line: int) -> Path:
        self._nodes -= 1
        if self._nodes < 0:
            raise Malformed(line, f"a pack holds at most {NODES_LIMIT:,} values")
        if not self._stack:
            self.root = value
            self.lines[()] = line
            return ()
        return self._attach(self._stack[-1], value, line)

    def _attach(self, frame: _Frame, value: Value, line: int) -> Path:
        if isinstance(frame.container, list):
            path: Path = (*frame.path, len(frame.container))
            frame.container.append(value)
        elif frame.key is None:
            raise Malformed(line, "a key must be one word or one line of text")
        else:
            path = (*frame.path, frame.key)
            frame.container[frame.key] = value
            frame.key = None
        self.lines.setdefault(path, line)
        return path


def _forbidden(event: yaml.Event) -> Iterator[str]:
    if isinstance(event, yaml.AliasEvent):
        yield f"aliases are not allowed (*{event.anchor}); quote a text that begins with *"
    if isinstance(event, yaml.ScalarEvent | yaml.CollectionStartEvent):
        if event.anchor is not None:
            yield f"anchors are not allowed (&{event.anchor}); quote a text that begins with &"
        if event.tag is not None:
            yield f"tags are not allowed ({event.tag}); quote a text that begins with !"


def _resolved(event: yaml.ScalarEvent) -> Value:
    text: str = event.value
    if event.style:  # quoted or block: always text
        return text
    if text in _WORDS:
        return _WORDS[text]
    if _INTEGER.fullmatch(text):
        return int(text)
    if _DECIMAL.fullmatch(text):
        return float(text)
    return text
