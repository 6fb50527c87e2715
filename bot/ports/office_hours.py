"""What office hours asks of the store."""

from __future__ import annotations

from typing import Protocol


class OfficeHours(Protocol):
    """Windows, slots and bookings."""
