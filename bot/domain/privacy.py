"""Figures about groups that say nothing about a person: the only way a figure about others leaves the store.

A figure is published once, from a frozen set of people. The set holds at least ``k`` people not counting the reader and
moves by nobody or by at least ``k`` people at once, so that two editions never differ by somebody one could name.
"""

from __future__ import annotations

import hashlib
import hmac
from typing import Literal

import msgspec

BAND = 10  # per cent: the width of a band
SMALL_GROUP = 20  # people: below this, shares are told in bands
LEAST_ANSWERS = 10  # answers on a topic before it can be called hard
HARD_SHARE = 0.4  # of wrong answers


class Share(msgspec.Struct, frozen=True):
    """A share in per cent, ``low`` to ``high`` (equal for a large group), or the reason why it is not told."""

    low: int | None = None
    high: int | None = None
    withheld: Literal["small", "uniform", "none"] | None = None

    @property
    def middle(self) -> float | None:
        """One number for a chart; None where nothing is told."""
        return None if self.low is None or self.high is None else (self.low + self.high) / 2


def sealed(secret: str, member: str) -> str:
    """The keyed hash under which a member is kept in a published set."""
    return hmac.new(secret.encode(), member.encode(), hashlib.sha256).hexdigest()


def next_set(published: frozenset[str], present: frozenset[str], k: int) -> frozenset[str]:
    """The set for the next edition, given the last one and who is in the group now (without the reader).

    Fewer than ``k`` people are nobody. A change that touches fewer than ``k`` people waits until more have come or gone.
    """
    wanted = present if len(present) >= k else frozenset()
    return wanted if len(wanted ^ published) >= k else published


def share(part: int, whole: int, people: int, k: int) -> Share:
    """``part`` of ``whole``, told about ``people`` people: in bands when they are few, not at all when all are alike."""
    if people < k:
        return Share(withheld="small")
    if whole == 0:
        return Share(withheld="none")
    if part in {0, whole}:
        return Share(withheld="uniform")
    percent = 100 * part / whole
    if people >= SMALL_GROUP:
        # Rounding must not turn nearly all into all.
        rounded = min(max(round(percent), 1), 99)
        return Share(rounded, rounded)
    low = min(int(percent // BAND) * BAND, 100 - BAND)
    return Share(low, low + BAND)


def is_hard(answers: int, wrong: int, people: int, k: int) -> bool:
    """Whether a group finds a topic hard: enough people and answers, many wrong, and not everybody the same."""
    if people < k or answers < LEAST_ANSWERS or wrong == answers:
        return False
    return wrong / answers >= HARD_SHARE
