"""What office hours asks of the store."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Protocol

from bot.domain.office_hours import Booking, Hold, Outcome, Slot, Window


class OfficeHours(Protocol):
    """Windows and bookings. A slot has no row until somebody books it."""

    def windows(self, host: str | None = None) -> Sequence[Window]:
        """Open windows of everybody who is still here, or of one host."""
        ...

    def window(self, id: str) -> Window | None: ...

    def add_window(self, window: Window, now: datetime) -> None: ...

    def close_window(self, id: str, host: str, now: datetime) -> bool:
        """Offer no more slots of it; bookings stay. False when it was not an open window of this host."""
        ...

    def holds(self, people: Collection[str], start: datetime, end: datetime) -> Sequence[Hold]:
        """Every held seat between two instants in which one of these people hosts or asks."""
        ...

    def last_booked(self, hosts: Collection[str]) -> Mapping[str, datetime]:
        """When each host was last booked, for those who ever were."""
        ...

    def claim(self, id: str, slot: Slot, asker: str, question: str, now: datetime, *, most_minutes: int) -> Outcome:
        """Book a place under the id given, or say why not. Decides every race; never raises for one that is lost."""
        ...

    def cancel(self, id: str, by: str, now: datetime) -> bool:
        """Give the place back and raise the sequence; False when it was not on any more."""
        ...

    def booking(self, id: str) -> Booking | None: ...

    def bookings(self, ids: Collection[str]) -> Mapping[str, Booking]: ...

    def sessions(self, slots: Collection[tuple[str, datetime]]) -> Mapping[tuple[str, datetime], Sequence[Booking]]:
        """The bookings that are on, by (host, start)."""
        ...

    def ahead(self, member: str, now: datetime) -> Sequence[Booking]:
        """What a member has ahead or is in, as asker and as host, soonest first."""
        ...

    def count(self, member: str) -> int:
        """How many bookings are stored in which the member asked, of any state."""
        ...
