"""What published digests asks of the store."""

from __future__ import annotations

from typing import Protocol


class Digests(Protocol):
    """Windows, slots and bookings."""
