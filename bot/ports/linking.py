"""Accounts of one person on several platforms: codes, one member for both, and apart again."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Literal, Protocol

from bot.domain.linking import Address, Side

Attempt = Literal["shown", "typed"]


class Linking(Protocol):
    def attempt(self, account: str, what: Attempt, now: datetime) -> bool:
        """Count one attempt; False when there were too many. A refusal after it would undo the count."""
        ...

    def show(self, account: str, code: str, expires_at: datetime) -> None:
        """Keep the code of an account, hashed; the one before is void."""
        ...

    def claim(self, code: str, account: str, claim: str, now: datetime) -> str | None:
        """Take a live code for the account that typed it; the account that showed it, or nothing. One account gets it."""
        ...

    def claimed(self, claim: str, account: str, now: datetime) -> str | None:
        """Use the code up; the account that showed it, or nothing when it is used, past its time or not this account's."""
        ...

    def side(self, account: str) -> Side | None:
        """The active member behind an account."""
        ...

    def addresses(self, member: str) -> Sequence[Address]:
        """Where a member can be reached, the preferred account first."""
        ...

    def merge(self, kept: str, absorbed: str, now: datetime) -> bool:
        """Make two members one; False when one of them is not there any more or both have an account in one workspace."""
        ...

    def sweep(self, absorbed: str) -> None:
        """Move what a turn that began before the merge has written since."""
        ...

    def tell(self, kind: str, subject: str, period: str, account: str) -> None:
        """Send a planned message to this account, wherever others go."""
        ...

    def prefer(self, member: str, account: str) -> bool:
        """Send to this account of the member from now on; what waits goes there too."""
        ...

    def part(self, account: str, new_member: str, now: datetime) -> bool:
        """Give one of several accounts a fresh member; everything stays with the others. False for an only account."""
        ...

    def leave(self, account: str) -> bool:
        """Take one of several accounts away. False for an only account: then its member leaves."""
        ...
