"""What every platform hands to the composition: its routes, its messenger, and how it starts and stops."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from starlette.routing import BaseRoute

from scheduler.ports import Messenger


class NotSetUp(Exception):
    """A platform cannot be served with these settings; the text says what to do, and holds no secret."""


class Front(Protocol):
    """One platform's front door. ``routes`` are mounted on the server; ``start`` opens sessions and sockets."""

    @property
    def platform(self) -> str:
        """The name in the workspace table: ``slack``, ``teams`` or ``local``."""
        ...

    @property
    def messenger(self) -> Messenger: ...

    @property
    def routes(self) -> Sequence[BaseRoute]: ...

    async def start(self) -> None: ...

    async def stop(self) -> None: ...
