"""One spelling for many: the normal form under which words are looked up."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

ASKED_LIMIT = 120  # the longest thing anybody looks up; everything after it is cut off first

_NOT_A_LETTER = re.compile(r"[\W_]+")
_LEAD_IN = re.compile(r"^(?:what(?: s| is| are| does)|define|explain|meaning of)\s+(?:(?:an?|the)\s+)?(?=\S)")
_ARTICLE = re.compile(r"^(?:an?|the)\s+(?=\S)")

_STOP_WORDS = frozenset(
    "a an and are as at be by can do does for from how i in is it its me my of on or our that the their this to was we "  # noqa: SIM905 - a word a line would fill a page
    "what when where which who why will with you your".split()
)


def normal(text: str) -> str:
    """Casefolded, NFKC, without punctuation, hyphens, control or direction characters; words one space apart."""
    if not text.isascii():
        text = unicodedata.normalize("NFKC", text)
        text = "".join(char for char in text if unicodedata.category(char) not in ("Cf", "Cs"))
    return _NOT_A_LETTER.sub(" ", text.casefold()).strip()


def asked(text: str) -> str:
    """The normal form of what a person typed: clipped first, without "what is a ..." around it."""
    words = normal(text[:ASKED_LIMIT])[:ASKED_LIMIT]
    return _LEAD_IN.sub("", words)


def without_article(words: str) -> str:
    """A normal form without "a", "an" or "the" before it, which people leave in after ``what is``."""
    return _ARTICLE.sub("", words)


def singulars(words: str) -> list[str]:
    """The words themselves, then what they are the plural of: canaries -> canary, biases -> bias, metrics -> metric."""
    if len(words) < 4 or not words.endswith("s") or words.endswith("ss"):
        return [words]
    found = [words, words[:-1]]
    if words.endswith("es"):
        found.append(words[:-2])
    if words.endswith("ies"):
        found.append(words[:-3] + "y")
    return found


def tokens(text: str) -> list[str]:
    """The searchable words of a text, each in a rough singular, in order and with repeats."""
    return [_stem(word) for word in normal(text).split() if word not in _STOP_WORDS]


@lru_cache(maxsize=20_000)
def _stem(word: str) -> str:
    if len(word) > 4 and word.endswith("ies"):
        return word[:-3] + "y"
    return word[:-1] if len(word) > 3 and word.endswith("s") and not word.endswith(("ss", "us", "is")) else word
