"""The conditions of a drill's injects: one comparison, parsed and never evaluated as code."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import msgspec

from bot.domain.pack import Condition
from content.problems import Path

_COMPARISON = re.compile(r"\s*([a-z][a-z0-9_-]{0,39})\s*(<=|>=|==|!=|<|>)\s*(-?[0-9]{1,6})\s*", re.ASCII)


def parse(text: str) -> Condition | None:
    """``backlog >= 2`` as a condition, or ``None`` for anything else."""
    match = _COMPARISON.fullmatch(text)
    return msgspec.convert({"state": match[1], "sign": match[2], "than": int(match[3])}, Condition) if match else None


def with_conditions(fields: Mapping[str, Any]) -> tuple[dict[str, Any], list[tuple[Path, str]]]:
    """A scenario's fields with every ``if`` in place of its text parsed, and what could not be.

    Anything of a wrong type stays as it is, for the shape to refuse.
    """
    injects = fields.get("injects")
    if not isinstance(injects, list):
        return dict(fields), []
    parsed: list[Any] = []
    refused: list[tuple[Path, str]] = []
    for at, inject in enumerate(injects):
        if not isinstance(inject, Mapping) or "if" not in inject:
            parsed.append(inject)
            continue
        rest = {name: value for name, value in inject.items() if name != "if"}
        text = inject["if"]
        condition = parse(text) if isinstance(text, str) else None
        if condition is None:
            refused.append((("injects", at, "if"), f"{str(text)[:60]!r} is not one comparison"))
        parsed.append({**rest, "condition": msgspec.to_builtins(condition)})
    return {**fields, "injects": parsed}, refused
