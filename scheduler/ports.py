"""What the scheduler asks of the store and of the platforms."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from contextlib import AbstractContextManager
from datetime import date, datetime
from typing import Any, Protocol, TypeVar, runtime_checkable

import msgspec
from typing_extensions import override

from bot.domain.deliveries import Delivery
from bot.messages import Message
from bot.ports.store import Parts

T = TypeVar("T")


class Parcel(msgspec.Struct, frozen=True, kw_only=True):
    """One platform call. ``delivery`` is the marker that the platform keeps where it can; ``at`` and ``due_at`` are by Clock."""

    delivery: int
    workspace: str
    address: str
    thread: str | None
    update_of: str | None
    message: Message
    member: str | None
    at: datetime
    due_at: datetime | None = None


class Messenger(Protocol):
    """One platform's sending side. Raises ``bot.errors.DeliveryFailed``."""

    @property
    def looks_up(self) -> bool:
        """Whether :meth:`look_up` can say that a message did not arrive."""
        ...

    def room(self, workspace: str) -> int:
        """How many messages to this workspace may be begun now. No more are claimed, so what comes later can go before the rest."""
        ...

    async def send(self, parcel: Parcel) -> str:
        """Post, or replace ``update_of``. Returns the platform's id of the message."""
        ...

    async def look_up(self, delivery: Delivery) -> str | None:
        """The id of the message that carries this delivery's marker, if one is there."""
        ...


@runtime_checkable
class Completing(Protocol):
    """A messenger whose messages bring something beside themselves, in calls of their own: files."""

    async def complete(self, parcel: Parcel, message_id: str) -> None:
        """Add what is missing beside a message that was found after an unknown outcome. Never raises ``DeliveryFailed``."""
        ...


class Dispatch(Protocol):
    """The ledger as the drainer sees it, bound to one tenant."""

    def claim(
        self, workspace: str, owner: str, now: datetime, limit: int, urgent: Sequence[str] = ()
    ) -> list[Delivery]:
        """Take due rows of a lane: those of urgent kinds first, up to their share, then all by time."""
        ...

    def enter(self, workspace: str, owner: str, now: datetime) -> bool:
        """Take a lane in which something is due; False while another worker has it."""
        ...

    def keep(self, workspace: str, owner: str) -> bool:
        """Renew one's lane; False when it was lost."""
        ...

    def leave(self, workspace: str, owner: str) -> None:
        """Give a lane back: another worker may have it at once."""
        ...

    def alone(self, what: str) -> bool:
        """Whether nobody else is at this work for this tenant just now; until the end of the transaction."""
        ...

    def hold(self, owner: str, claimed: Sequence[Delivery]) -> list[Delivery]:
        """Begin an intent: the claimed rows that are still ours, locked, with a fresh lease."""
        ...

    def intend(
        self, owner: str, deliveries: Sequence[Delivery], chosen: Mapping[int, Mapping[str, Any] | None]
    ) -> set[int]:
        """Mark claimed rows ``sending`` and store what was chosen. Returns the ids that are still ours."""
        ...

    def take_budget(self, member: str, day: date, delivery: int) -> bool: ...

    def end(self, delivery: Delivery, state: str, reason: str) -> None:
        """End a row for which no call may have arrived."""
        ...

    def give_up(self, delivery: Delivery, reason: str) -> None:
        """End a row whose call may have arrived: its budget stays spent."""
        ...

    def sent_all(self, arrived: Sequence[tuple[Delivery, str]], now: datetime) -> list[Delivery]:
        """Record messages that are there; those of which that was not known."""
        ...

    def unknown(self, delivery: Delivery, reason: str, retry_in: float) -> None: ...

    def again(self, delivery: Delivery, reason: str, retry_in: float) -> None:
        """The call failed for certain: ready again, later."""
        ...

    def resend(self, delivery: Delivery, retry_in: float) -> None:
        """Ready again though a call may have arrived: from now on its budget stays spent, however it ends."""
        ...

    def failed(self, delivery: Delivery, reason: str, retry_in: float) -> None:
        """Composing raised: count an attempt and try again later."""
        ...

    def unanswered(self, delivery: Delivery, retry_in: float) -> None:
        """A look-up failed: still unknown, an attempt is counted."""
        ...

    def uncalled(self, delivery: Delivery, retry_in: float = 0.0) -> None:
        """An intent whose call was never begun: ready again, no attempt counted."""
        ...

    def release(self, delivery: Delivery) -> None:
        """A claim whose intent was never begun: ready again at once."""
        ...

    def expire(self, now: datetime) -> int: ...

    def doubtful(self, workspace: str, limit: int) -> list[Delivery]:
        """Deliveries whose outcome is unknown and may be looked up now."""
        ...

    def recover(self, *, everything: bool, look_in: float) -> int:
        """Take over claims whose lease has lapsed, or all claims: claimed -> ready, sending -> unknown.

        A call of a process that has just died may still be on its way: it is looked for after ``look_in`` seconds.
        """
        ...

    def forget(self, *, inbox_before: datetime, log_before: datetime, answers_before: datetime) -> None:
        """Delete seen events, ended deliveries and answers past their retention."""
        ...

    def forget_texts(self, before: datetime) -> int:
        """Delete what parked messages that were due before then would have said; the rows stay. How many it were."""
        ...

    def next_due(self, after: datetime) -> datetime | None: ...

    def marked(self) -> datetime | None:
        """Up to which instant everything has been planned."""
        ...

    def mark(self, now: datetime) -> None: ...


JobKey = tuple[str, str]  # name, period


class OpenJob(Protocol):
    """A job that has steps left."""

    @property
    def name(self) -> str: ...
    @property
    def period(self) -> str: ...
    @property
    def cursor(self) -> Mapping[str, Any]: ...


class JobSteps(Protocol):
    """Jobs as the tick sees them."""

    def start(self, name: str, period: str, due_at: datetime) -> bool: ...

    def due(self, now: datetime, but: Sequence[JobKey] = ()) -> OpenJob | None:
        """The open job that has been due longest, but for some."""
        ...

    def next_due(self, after: datetime) -> datetime | None: ...

    def advance(self, done: Any, cursor: Mapping[str, Any], progress: str) -> None:
        """Raises when another process has advanced or ended the job since it was read."""
        ...

    def finish(self, done: Any, state: str = "done", reason: str | None = None) -> None:
        """Raises as :meth:`advance` does."""
        ...

    def failed(self, due: Any, reason: str, most: int) -> None:
        """Count a failure; give the job up after ``most`` in a row."""
        ...


class DispatchParts(Parts, Protocol):
    """A transaction with the scheduler's own parts besides the features'."""

    @property
    def dispatch(self) -> Dispatch: ...
    @property
    @override
    def jobs(self) -> JobSteps: ...
    def savepoint(self) -> AbstractContextManager[object]: ...


class SchedulerStore(Protocol):
    """Write transactions whose parts know the dispatch side of the ledger."""

    def write(self, tenant: str, work: Callable[[Any], T], *, urgent: bool = True) -> Future[T]: ...


async def finished(future: Future[T]) -> T:
    """Wait for a store's future without holding the event loop."""
    return await asyncio.wrap_future(future)
