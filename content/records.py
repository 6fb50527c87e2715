"""Plain mappings into the shapes of a pack; what does not fit becomes a problem with a line, never an exception."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from functools import lru_cache
from itertools import islice
from typing import Any, TypeVar

import msgspec
from msgspec.structs import FieldInfo

from content.problems import Path, Place, Problem

Shape = TypeVar("Shape", bound=msgspec.Struct)

UNKNOWN_SHOWN = 20  # of one item; each is compared with every known name
UNKNOWN, WRONG, MISSING = "E102", "E103", "E104"

_WHERE = re.compile(r"(?P<what>.*?)(?: - at `(?P<path>[^`]*)`)?", re.DOTALL)
_STEP = re.compile(r"\[(\d+)\]|\.(\w+)")


def record(shape: type[Shape], raw: object, place: Place, subject: str) -> tuple[Shape | None, list[Problem]]:
    """The record, or ``None`` and every reason why there is none."""
    if not isinstance(raw, Mapping):
        return None, [place.problem(WRONG, subject, "expected fields with values", "Write `name: value` lines.")]
    problems = list(_problems(shape, raw, place, subject))
    return (None, problems) if problems else (msgspec.convert(raw, shape), [])


def _problems(shape: type[Shape], raw: Mapping[str, Any], place: Place, subject: str) -> Iterator[Problem]:
    known = _fields(shape)
    for name in islice((name for name in raw if name not in known), UNKNOWN_SHOWN):
        yield place.problem(UNKNOWN, subject, f"unknown field {name[:60]!r}", _nearest(name, known), (name,))
    for name, field in known.items():
        if name in raw:
            yield from _misfit(field, raw[name], place, subject)
        elif field.required:
            yield place.problem(MISSING, subject, f"the field {name!r} is missing", f"Add `{name}:`.")


def _misfit(field: FieldInfo, value: Any, place: Place, subject: str) -> Iterator[Problem]:
    try:
        msgspec.convert(value, field.type)
    except msgspec.ValidationError as error:
        what, path = _located(str(error))
        yield place.problem(
            _code(what), subject, f"{field.name}: {what}", "Quote a text that looks like a number.", (field.name, *path)
        )


def _code(what: str) -> str:
    if "unknown field" in what:
        return UNKNOWN
    return MISSING if "missing required field" in what else WRONG


def _located(message: str) -> tuple[str, Path]:
    """msgspec says ``Expected `str`, got `int` - at `$[0].why```; the path leads to the line."""
    match = _WHERE.fullmatch(message)
    what, where = (match["what"], match["path"] or "") if match else (message, "")
    return what, tuple(int(index) if index else name for index, name in _STEP.findall(where))


def _nearest(name: str, known: Mapping[str, FieldInfo]) -> str:
    near = get_close_matches(name[:60], known, n=1)
    return f"Did you mean `{near[0]}`?" if near else f"Known fields: {', '.join(known)}."


@lru_cache(maxsize=32)
def _fields(shape: type[msgspec.Struct]) -> dict[str, FieldInfo]:
    return {field.name: field for field in msgspec.structs.fields(shape)}
