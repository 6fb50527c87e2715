"""Who somebody is and what they may do."""

from __future__ import annotations

from enum import StrEnum

import msgspec


class Role(StrEnum):
    """A right given in our own store; every member is a learner. Managers are found by the teams they lead."""

    HOST = "host"
    AUTHOR = "author"
    SPONSOR = "sponsor"
    ADMIN = "admin"


class Verb(StrEnum):
    """What somebody wants to do; the object of the verb is given beside it."""

    LEARN = "learn"  # anything a member does for themselves
    OWN = "own"  # touch a thing that belongs to one member; object: that member's id
    HOST = "host"  # open office hours
    AUTHOR = "author"  # change or review what is taught
    READ_TEAM = "read-team"  # a team's digest; object: the team id
    LEAD = "lead"  # anything only a manager of some team does
    ADMINISTER = "administer"


class Actor(msgspec.Struct, frozen=True):
    """A member speaking through one account. ``zone`` is the zone in force (member, else workspace, else UTC)."""

    tenant: str
    workspace: str
    member: str
    account: str
    name: str
    zone: str = "UTC"
    locale: str = "en"
    roles: frozenset[Role] = frozenset()
    team: str | None = None
    manages: tuple[str, ...] = ()


def authorize(actor: Actor, verb: Verb, thing: str | None = None) -> bool:
    """The one gate. "Forbidden" and "not there" get the same answer from whoever asks this."""
    match verb:
        case Verb.LEARN:
            return True
        case Verb.OWN:
            return thing == actor.member
        case Verb.HOST:
            return bool(actor.roles & {Role.HOST, Role.ADMIN})
        case Verb.AUTHOR:
            return bool(actor.roles & {Role.AUTHOR, Role.ADMIN})
        case Verb.READ_TEAM:
            return thing in actor.manages
        case Verb.LEAD:
            return bool(actor.manages)
        case Verb.ADMINISTER:
            return Role.ADMIN in actor.roles
