"""What is wrong with a request, in words for whoever sent it."""

from __future__ import annotations

import msgspec


class ProblemView(msgspec.Struct, frozen=True):
    """Every refusal of the API has this shape."""

    error: str
    what_to_do: str


class Problem(Exception):
    """A request that cannot be answered; ``status`` is the HTTP status."""

    def __init__(self, status: int, error: str, what_to_do: str) -> None:
        super().__init__(error)
        self.status = status
        self.view = ProblemView(error, what_to_do)
