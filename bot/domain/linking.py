"""Two accounts of one person become one member: the code, and whose settings are kept."""

from __future__ import annotations

from datetime import datetime, timedelta

import msgspec

CODE_LIFE = timedelta(minutes=10)
CODE_LENGTH = 8  # letters and digits of 32 kinds: 40 bits for ten minutes and a few attempts
ATTEMPTS = 5  # of an account within this time: codes shown, and codes typed
ATTEMPTS_WITHIN = timedelta(hours=1)
SWEPT_AFTER = timedelta(minutes=1)  # by then every turn that began before the accounts were linked has ended
PLATFORMS = {"slack": "Slack", "teams": "Microsoft Teams", "local": "the playground"}


class Address(msgspec.Struct, frozen=True, kw_only=True):
    """One account of a member, and where it is."""

    account: str
    workspace: str
    platform: str
    workspace_name: str

    @property
    def platform_name(self) -> str:
        return PLATFORMS.get(self.platform, self.platform)


class Side(msgspec.Struct, frozen=True, kw_only=True):
    """A member who may be linked with another one: what is kept of them, as far as it is told beforehand."""

    member: str
    name: str
    addresses: tuple[Address, ...]  # the preferred one first
    lessons: int  # finished
    answers: int
    created_at: datetime

    @property
    def workspaces(self) -> frozenset[str]:
        return frozenset(one.workspace for one in self.addresses)


def kept_first(one: Side, other: Side) -> tuple[Side, Side]:
    """The member who stays and the one who is absorbed: who has learned more stays, then who has been here longer."""

    def weight(side: Side) -> tuple[int, int, float, str]:
        return (-side.lessons, -side.answers, side.created_at.timestamp(), side.member)

    kept, absorbed = sorted((one, other), key=weight)
    return kept, absorbed


def code_of(id: str) -> str:
    """A code made of a new random id, in two groups that are easy to type."""
    letters = id.casefold()[:CODE_LENGTH]
    return f"{letters[:4]}-{letters[4:]}"


def typed(words: str) -> str:
    """What somebody typed as a code, without the ways of writing it."""
    return "".join(letter for letter in words.casefold() if letter.isalnum())
