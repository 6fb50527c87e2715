"""Full ids from the slugs that files use."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from content.kinds import KINDS, PARTS, REFERENCES, Kind

SLUG = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
FULL_ID = re.compile(rf"{SLUG.pattern}:(?:{'|'.join(PARTS)})/{SLUG.pattern}")


def full(kind: Kind, slug: str, pack: str) -> str:
    """``slug`` -> ``pack:kind/slug``; ``term/slug`` names its own kind; full ids and the empty text stay."""
    if not slug or ":" in slug:
        return slug
    return f"{pack}:{slug}" if "/" in slug else f"{pack}:{kind}/{slug}"


def expanded(shape: type, fields: Mapping[str, Any], pack: str) -> dict[str, Any]:
    """The fields with every reference in full. Values of a wrong type are left for the shape to refuse."""
    kinds: dict[str, Kind] = dict(REFERENCES.get(shape, {}))
    if shape in KINDS:
        kinds["id"] = KINDS[shape]
    whole = dict(fields)
    for field, kind in kinds.items():
        name, _, inner = field.partition(".")
        if inner and isinstance(value := whole.get(name), Mapping) and inner in value:
            whole[name] = {**value, inner: _value(kind, value[inner], pack)}
        elif not inner and name in whole:
            whole[name] = _value(kind, whole[name], pack)
    return whole


def _value(kind: Kind, value: Any, pack: str) -> Any:
    if isinstance(value, list):
        return [_value(kind, one, pack) for one in value]
    return full(kind, value, pack) if isinstance(value, str) else value
