"""What the weekly quiz asks of the store."""

from __future__ import annotations

from typing import Protocol


class Quizzes(Protocol):
    """Windows, slots and bookings."""
