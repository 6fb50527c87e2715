"""Workspaces and channels that take nothing more from us, as the ledger shows it."""

from __future__ import annotations

from datetime import datetime
from typing import Literal, Protocol

import msgspec


class Trouble(msgspec.Struct, frozen=True, kw_only=True):
    """One incident. ``first`` is the ledger row that showed it; ``name`` is what people call the workspace or channel."""

    what: Literal["workspace", "channel"]
    id: str
    workspace: str
    platform: str
    name: str
    first: int
    reason: str  # the platform's own word


class Troubles(Protocol):
    def untold(self, since: datetime) -> list[Trouble]:
        """Incidents of messages due since then that nobody was told of."""
        ...
