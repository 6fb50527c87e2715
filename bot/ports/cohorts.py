"""What is asked of the store to put people into tracks on somebody else's word: by a rule, or from a list."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from bot.domain.cohorts import Person, Rule
from bot.domain.tracks import Enrolment
from bot.domain.waves import Crowd


class Cohorts(Protocol):
    def rules(self) -> list[Rule]: ...

    def is_awaited(self, channel: str) -> bool:
        """Whether a rule puts those who join this channel into a track."""
        ...

    def add_rule(self, rule: Rule) -> bool:
        """False when there is that rule already."""
        ...

    def remove_rule(self, rule: Rule) -> bool:
        """False when there was none. Whom it has put into the track stays there."""
        ...

    def people(self, after: str, most: int) -> list[Person]:
        """Active members in the order of their ids, from the one after ``after``."""
        ...

    def person(self, member: str) -> Person | None: ...

    def put(self, member: str, tracks: Sequence[Enrolment], zone: str, roles: Sequence[str] = ()) -> tuple[str, ...]:
        """Put a member into tracks, after those they take. Returns the tracks they are newly in.

        Nobody is put twice into one track, so whoever left it stays out; nor at all after they stopped their lessons,
        until they start again themselves. Somebody new begins at the usual time on working days in ``zone``; ``roles``
        are theirs if they have none.
        """
        ...

    def crowds(self) -> list[tuple[str, list[Crowd]]]:
        """Who takes lessons at which time of day: a workspace's platform, and the crowds that are sent to there."""
        ...
