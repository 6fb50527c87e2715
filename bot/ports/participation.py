"""One wide row a member and local day: counters that answer every question of a digest."""

from __future__ import annotations

from datetime import date
from typing import Literal, Protocol

Counter = Literal["lessons_sent", "lessons", "answers", "reviews", "quiz_answers", "bookings", "look_ups", "drills"]


class Participation(Protocol):
    def add(self, member: str, day: date, counter: Counter, count: int = 1) -> None: ...
