"""Who is put into a track by a rule of their company: people who join a channel, and those of a role, team or region."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Literal

import msgspec

Cohort = Literal["channel", "team", "role", "region"]


class Rule(msgspec.Struct, frozen=True, order=True):
    """People for whom ``what`` is ``which`` (an id; of a region its code) take a track."""

    what: Cohort
    which: str
    track: str


class Person(msgspec.Struct, frozen=True, kw_only=True):
    """What rules ask of a member. ``begun`` are the tracks they were ever in: no rule puts them there again."""

    id: str
    team: str | None = None
    region: str | None = None
    roles: tuple[str, ...] = ()
    begun: frozenset[str] = frozenset()


def tracks_for(person: Person, rules: Iterable[Rule], taught: Collection[str]) -> list[str]:
    """The tracks that rules about who somebody is give them now, each once."""
    found = (rule.track for rule in rules if _fits(person, rule))
    return [one for one in dict.fromkeys(found) if one in taught and one not in person.begun]


def _fits(person: Person, rule: Rule) -> bool:
    match rule.what:
        case "team":
            return person.team == rule.which
        case "role":
            return rule.which in person.roles
        case "region":
            # A rule for a country holds for its parts: DE for DE-BE.
            return person.region is not None and f"{person.region}-".startswith(f"{rule.which}-")
        case "channel":
            return False  # joining is an event, nothing that a person is
