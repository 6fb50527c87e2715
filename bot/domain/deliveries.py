"""One message to be sent: what is planned, and what the ledger knows about it."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Literal

import msgspec

State = Literal["ready", "claimed", "sending", "sent", "skipped", "missed", "expired", "dead", "unknown"]

OUTCOME_UNKNOWN = "outcome unknown"  # the reason of a row whose call may have arrived
GAVE_UP = f"gave up: {OUTCOME_UNKNOWN}"  # and of one that is not tried any more
HELD = "held"  # of one that must not come twice: it is looked for once more after a while
ASKED = "held: its owner is asked"  # and of one that was not found then either
# Two ways of being parked that concern more than one message, before the platform's own word for it.
ACCESS_REFUSED = "token refused"  # the platform takes nothing more from us in this workspace
PLACE_GONE = "place gone"  # nor in this channel

# A replica or a slow commit may have left rows just before the planner's mark; planning them again is a no-op.
OVERLAP = timedelta(minutes=10)

Key = tuple[str, str, str]  # kind, subject, period: unique in a tenant


class Outgoing(msgspec.Struct, frozen=True, kw_only=True):
    """A delivery to be written to the ledger. ``period`` is a local calendar label or a revision, never an instant.

    Exactly one of ``member`` and ``place`` (our place id) says where it goes. ``root`` is the delivery this one answers
    in a thread, or replaces when ``update`` is set; it is sent only after that one. ``around``: a workspace it must not
    go through, for it tells of trouble there; a member who can't be reached otherwise gets nothing.
    """

    kind: str
    subject: str
    period: str
    member: str | None = None
    place: str | None = None
    due_at: datetime | None = None  # now when not given
    expires_at: datetime | None = None
    root: Key | None = None
    update: bool = False
    payload: dict[str, Any] = {}
    around: str | None = None

    @property
    def key(self) -> Key:
        return (self.kind, self.subject, self.period)


class Delivery(msgspec.Struct, frozen=True, kw_only=True):
    """A ledger row. ``payload`` is what was planned, ``chosen`` what the first intent chose: a resend uses the same."""

    id: int
    tenant: str
    workspace: str
    kind: str
    subject: str
    period: str
    state: State
    due_at: datetime
    expires_at: datetime | None = None
    member: str | None = None
    place: str | None = None
    address: str = ""
    thread: str | None = None
    update_of: str | None = None
    root: int | None = None
    attempts: int = 0
    epoch: int = 0
    payload: dict[str, Any] = {}
    reason: str | None = None
    message_id: str | None = None
    chosen: dict[str, Any] | None = None
