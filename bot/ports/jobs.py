"""Long work in steps."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol


class Jobs(Protocol):
    def start(self, name: str, period: str, due_at: datetime) -> bool:
        """Plan a job once for a period; False when it exists already."""
        ...
