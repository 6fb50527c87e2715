"""Words as people send them: how long they may be, and which command they may have meant."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

TEXT_LIMIT = 3_000  # characters of one typed thing; more is refused, never cut silently
_PREFIX = "/mlops"


def without_prefix(text: str) -> str:
    """Drop a leading ``/mlops``: it is accepted on every surface."""
    head, _, rest = text.partition(" ")
    return rest.strip() if head.casefold() == _PREFIX else text


def nearest(word: str, names: Iterable[str], limit: int = 3) -> list[str]:
    """The names most like ``word``, best first."""
    return difflib.get_close_matches(word.casefold()[:40], list(names), n=limit, cutoff=0.55)
