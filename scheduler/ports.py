"""What the scheduler asks of the store and of the platforms."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from concurrent.futures import Future
from datetime import date, datetime
from typing import Any, Protocol, TypeVar

import msgspec

from bot.domain.deliveries import Delivery
from bot.messages import Message
from bot.ports.store import Parts

T = TypeVar("T")


class Parcel(msgspec.Struct, frozen=True, kw_only=True):
    """One platform call. ``delivery`` is the marker that the platform keeps where it can; ``at`` is by Clock."""

    delivery: int
    workspace: str
    address: str
    thread: str | None
    update_of: str | None
    message: Message
    member: str | None
    at: datetime


class Messenger(Protocol):
    """One platform's sending side. Raises ``bot.errors.DeliveryFailed``."""

    @property
    def looks_up(self) -> bool:
        """Whether :meth:`look_up` can say that a message did not arrive."""
        ...

    async def send(self, parcel: Parcel) -> str:
        """Post, or replace ``update_of``. Returns the platform's id of the message."""
        ...

    async def look_up(self, delivery: Delivery) -> str | None:
        """The id of the message that carries this delivery's marker, if one is there."""
        ...


class Claim(msgspec.Struct, frozen=True):
    """Who may send: a lapsed lease or another owner makes the intent fail."""

    owner: str
    epoch: int


class Dispatch(Protocol):
    """The ledger as the drainer sees it, bound to one tenant."""

    def claim(self, workspace: str, owner: str, now: datetime, limit: int) -> list[Delivery]: ...

    def intend(self, owner: str, deliveries: Sequence[Delivery], chosen: Mapping[int, Mapping[str, Any] | None]) -> set[int]:
        """Mark claimed rows ``sending`` and store what was chosen. Returns the ids that are still ours."""
        ...

    def take_budget(self, member: str, day: date, delivery: int) -> bool: ...

    def end(self, delivery: int, state: str, reason: str) -> None:
        """End a row for which no call may have arrived."""
        ...

    def sent(self, delivery: int, message_id: str, now: datetime) -> bool: ...

    def unknown(self, delivery: int, reason: str, retry_in: float) -> None: ...

    def again(self, delivery: int, reason: str, retry_in: float, attempts: int) -> None: ...

    def expire(self, now: datetime) -> int: ...

    def doubtful(self, workspace: str, limit: int) -> list[Delivery]:
        """Deliveries whose outcome is unknown and may be looked up now."""
        ...

    def recover(self, *, everything: bool) -> int:
        """Take over claims whose lease has lapsed, or all claims: claimed -> ready, sending -> unknown."""
        ...

    def next_due(self, after: datetime) -> datetime | None: ...

    def marked(self) -> datetime | None:
        """Up to which instant everything has been planned."""
        ...

    def mark(self, now: datetime) -> None: ...


class DispatchParts(Parts, Protocol):
    @property
    def dispatch(self) -> Dispatch: ...


class SchedulerStore(Protocol):
    def write(self, tenant: str, work: Callable[[Any], T], *, urgent: bool = True) -> Future[T]: ...


Post = Callable[[Parcel], Awaitable[str]]
