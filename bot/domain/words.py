"""Words as people send them: made safe to keep and to compare, never interpreted."""

from __future__ import annotations

import difflib
import unicodedata
from collections.abc import Iterable

TEXT_LIMIT = 3_000  # characters of one typed thing; more is refused, never cut silently
_KEPT_CONTROLS = "\n\t"
_PREFIX = "/mlops"


def clean(text: str) -> str:
    """Without control, format (bidi) and surrogate characters, and without white space around it.

    Joiners inside emoji and scripts (U+200C, U+200D) are format characters too, but are kept.
    """
    return "".join(one for one in text if _is_kept(one)).strip()


def without_prefix(text: str) -> str:
    """Drop a leading ``/mlops``: it is accepted on every surface."""
    head, _, rest = text.partition(" ")
    return rest.strip() if head.casefold() == _PREFIX else text


def nearest(word: str, names: Iterable[str], limit: int = 3) -> list[str]:
    """The names most like ``word``, best first."""
    return difflib.get_close_matches(word.casefold()[:40], list(names), n=limit, cutoff=0.55)


def _is_kept(character: str) -> bool:
    if character in _KEPT_CONTROLS or character in "\u200c\u200d":
        return True
    return unicodedata.category(character) not in {"Cc", "Cf", "Cs", "Co", "Cn"}
