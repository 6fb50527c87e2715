"""The drainer: claim, intent, send, result. The intent is committed before the call, the result after it."""

from __future__ import annotations

import asyncio
import logging
import time
from collections import defaultdict
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from functools import partial
from itertools import groupby
from typing import TypeVar
from zlib import crc32

import msgspec

from bot.app import App
from bot.domain.deliveries import Delivery
from bot.errors import DeliveryFailed
from bot.messages import Message
from scheduler.intent import Intent, Intents
from scheduler.ports import Completing, DispatchParts, Messenger, Parcel, SchedulerStore, finished

BATCH = 100
CALL_SECONDS = 10.0  # under half the lease
CALLS_SECONDS = 15.0  # calls of one intent begin within this, and so end within its lease
MOST_ATTEMPTS = 6
BACKOFF_SECONDS = (1.0, 5.0, 30.0, 120.0, 600.0)
LONGEST_WAIT = 900.0  # seconds, whatever a platform asks for
LOOK_UP_AFTER = 3.0  # seconds until a message that did arrive can be seen
POLL_SECONDS = 1.0
T = TypeVar("T")
log = logging.getLogger(__name__)


class Lane(msgspec.Struct, frozen=True):
    """One workspace and how to send to it."""

    workspace: str
    tenant: str
    messenger: Messenger


class Outcome(msgspec.Struct, frozen=True):
    """What became of one intent, or of a look-up: with neither an id nor a failure nothing was found."""

    delivery: Delivery
    message_id: str | None = None
    failure: DeliveryFailed | None = None


class Drainer:
    """Sends what is due. Lanes go on side by side, so a long wave in one holds up no other. ``clock`` is the movable clock."""

    def __init__(
        self,
        app: App,
        store: SchedulerStore,
        lanes: Callable[[], Awaitable[Sequence[Lane]]],
        clock: Callable[[], datetime],
        owner: str,
        look_up_after: float = LOOK_UP_AFTER,
    ) -> None:
        self._app = app
        self._store = store
        self._lanes = lanes
        self._clock = clock
        self._owner = owner
        self._look_up_after = look_up_after
        self._intents = Intents(app, owner)
        self._entrance = asyncio.Lock()
        self._locks: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)  # by workspace: one round at a time
        self._rounds: dict[str, asyncio.Task[None]] = {}  # by workspace, of serve()
        self._asked_again: set[str] = set()  # workspaces whose round was under way when something came
        self._wake = asyncio.Event()
        self._stopping = False

    def wake(self) -> None:
        """Something was committed that may be due; call on the event loop's thread."""
        self._wake.set()

    async def serve(self) -> None:
        """Drain on every wake-up, and once a second as the fallback, until stopped."""
        while not self._stopping:
            try:
                for lane in await self._in_our_order():
                    self._set_off(lane)
            except Exception:
                log.exception("the lanes could not be read; the next wake-up tries again")
            try:
                await asyncio.wait_for(self._wake.wait(), POLL_SECONDS)
            except TimeoutError:
                continue
            finally:
                self._wake.clear()
        await asyncio.gather(*self._rounds.values())

    async def _in_our_order(self) -> list[Lane]:
        """Each worker begins with other lanes: all are woken at once, and whoever comes first has a lane for the whole wave."""
        return sorted(await self._lanes(), key=lambda lane: crc32(f"{self._owner} {lane.workspace}".encode()))

    def _set_off(self, lane: Lane) -> None:
        if lane.workspace in self._rounds:
            self._asked_again.add(lane.workspace)
        else:
            self._rounds[lane.workspace] = asyncio.create_task(self._round(lane))

    async def _round(self, lane: Lane) -> None:
        try:
            await self._drain_lane(lane)
        except Exception:
            log.exception("a drain failed; the next one goes on from the ledger")
        finally:
            del self._rounds[lane.workspace]
            if lane.workspace in self._asked_again:
                self._asked_again.remove(lane.workspace)
                self._wake.set()

    async def stop(self) -> None:
        """Begin no new claims; what is under way is finished first."""
        self._stopping = True
        self._wake.set()
        for lock in [*self._locks.values()]:
            async with lock:
                continue

    async def take_over(self) -> None:
        """Take over every claim at once: for a starting process that is the only one, and for no other."""
        for lane in await self._lanes():
            await self._write(lane, partial(self._recover, everything=True))

    def _recover(self, parts: DispatchParts, *, everything: bool) -> int:
        return parts.dispatch.recover(everything=everything, look_in=self._look_up_after)

    async def drain(self) -> int:
        """Send everything that is due now. Returns how many messages were sent."""
        lanes = [self._drain_lane(lane) for lane in await self._in_our_order()]
        counts = await asyncio.gather(*lanes, return_exceptions=True)
        for count in counts:  # one lane in trouble, and the others have been served
            if isinstance(count, BaseException):
                raise count
        return sum(count for count in counts if not isinstance(count, BaseException))

    async def _drain_lane(self, lane: Lane) -> int:
        async with self._locks[lane.workspace]:
            return await self._send_due(lane)

    async def _send_due(self, lane: Lane) -> int:
        # One lane after the other: workers that are woken together share the lanes then, for each begins with others.
        async with self._entrance:
            places = 0 if self._stopping else self._places(lane)
            doubtful, claimed = await self._write(lane, partial(self._look_in, workspace=lane.workspace, places=places))
        await self._resolve(lane, doubtful)
        sent = await self._send_all(lane, claimed) if claimed else 0
        has_lane = bool(claimed)
        while not self._stopping:
            places = self._places(lane)
            if places <= 0:
                # The platform wants us to wait, which only this process knows: nobody else gets the lane meanwhile.
                await self._write(lane, lambda parts: parts.dispatch.keep(lane.workspace, self._owner))
                return sent
            claimed = await self._write(lane, partial(self._claim, workspace=lane.workspace, places=places))
            if not claimed:
                break
            has_lane = True
            sent += await self._send_all(lane, claimed)
        if has_lane:
            await self._write(lane, lambda parts: parts.dispatch.leave(lane.workspace, self._owner))
        return sent

    def _places(self, lane: Lane) -> int:
        return min(BATCH, lane.messenger.room(lane.workspace))

    def _look_in(self, parts: DispatchParts, *, workspace: str, places: int) -> tuple[list[Delivery], list[Delivery]]:
        """What is in doubt in a lane, or else what is due: doubts come first. One transaction, for most lanes are empty.

        What a worker left that died, or whose result could not be saved: its lease lapses and the ledger goes on from there.
        """
        self._recover(parts, everything=False)
        doubtful = parts.dispatch.doubtful(workspace, BATCH)
        if doubtful or places <= 0:
            return doubtful, []
        return [], self._claim(parts, workspace=workspace, places=places)

    def _claim(self, parts: DispatchParts, *, workspace: str, places: int) -> list[Delivery]:
        now = self._clock()
        if not parts.dispatch.enter(workspace, self._owner, now):
            return []
        return parts.dispatch.claim(workspace, self._owner, now, places, self._app.table.urgent)

    async def _send_all(self, lane: Lane, claimed: list[Delivery]) -> int:
        now = self._clock()
        until = time.monotonic() + CALLS_SECONDS
        # Within one conversation the order of the ledger is the order of the messages.
        queues = defaultdict(list)
        for one in claimed:
            queues[one.address].append(one)
        heads = [queue[0] for queue in queues.values()]
        intents = await self._write(lane, lambda parts: self._intents.commit(parts, heads, now))
        first = {intent.delivery.id: intent for intent in intents}
        results = await asyncio.gather(*(self._converse(lane, queue, first, now, until) for queue in queues.values()))
        outcomes = [one for result in results for one in result]
        return await self._write(lane, lambda parts: self._settle(parts, outcomes, now))

    async def _converse(
        self, lane: Lane, queue: Sequence[Delivery], first: Mapping[int, Intent], now: datetime, until: float
    ) -> list[Outcome]:
        """One call after the other, each with an intent of its own just before it: what was stopped meanwhile is not sent.

        What would outlast its lease is not begun.
        """
        outcomes = []
        for at, one in enumerate(queue):
            if at and (self._stopping or time.monotonic() >= until):
                await self._write(lane, partial(_release, rows=queue[at:]))
                break
            intent = first.get(one.id) if at == 0 else await self._intend(lane, one, now)
            if intent is not None:
                outcomes.append(await self._call(lane, intent.delivery, intent.message, now))
        return outcomes

    async def _intend(self, lane: Lane, one: Delivery, now: datetime) -> Intent | None:
        found = await self._write(lane, lambda parts: self._intents.commit(parts, [one], now))
        return found[0] if found else None

    async def _call(self, lane: Lane, delivery: Delivery, message: Message, now: datetime) -> Outcome:
        try:
            async with asyncio.timeout(CALL_SECONDS):
                message_id = await lane.messenger.send(_parcel(delivery, message, now))
        except DeliveryFailed as failure:
            return Outcome(delivery, failure=failure)
        except Exception as error:  # noqa: BLE001  whatever it was, the call may have arrived
            return Outcome(delivery, failure=DeliveryFailed(type(error).__name__, ambiguous=True))
        return Outcome(delivery, message_id=message_id)

    def _settle(self, parts: DispatchParts, outcomes: Sequence[Outcome], now: datetime) -> int:
        there = [(one.delivery, one.message_id) for one in outcomes if one.message_id is not None]
        arrived = parts.dispatch.sent_all(there, now) if there else []
        for one in outcomes:
            if one.message_id is None and one.failure is not None:
                self._failed(parts, one.delivery, one.failure)
        self._tell_kinds(parts, arrived, now)
        return len(arrived)

    def _failed(self, parts: DispatchParts, delivery: Delivery, failure: DeliveryFailed) -> None:
        attempts = delivery.attempts + 1
        if not failure.called:
            parts.dispatch.uncalled(delivery, min(failure.retry_after or 0.0, LONGEST_WAIT))
        elif failure.ambiguous:
            parts.dispatch.unknown(delivery, failure.reason, self._look_up_after)
        elif failure.permanent:
            parts.dispatch.end(delivery, "dead", failure.reason)
        elif attempts >= MOST_ATTEMPTS:
            parts.dispatch.end(delivery, "dead", f"gave up: {failure.reason}")
        else:
            wait = min(failure.retry_after or _backoff(attempts), LONGEST_WAIT)
            parts.dispatch.again(delivery, failure.reason, wait)

    def _tell_kinds(self, parts: DispatchParts, arrived: Sequence[Delivery], now: datetime) -> None:
        work = self._app.work(parts, now)
        for name, group in groupby(sorted(arrived, key=lambda one: one.kind), key=lambda one: one.kind):
            kind = self._app.table.kinds.get(name)
            if kind is None or kind.settled is None:
                continue
            try:
                with parts.savepoint():
                    kind.settled(work, list(group))
            except Exception:
                # The messages are there; that must be recorded, whatever their kind makes of it.
                log.exception("a kind failed after sending", extra={"kind": name})

    async def _resolve(self, lane: Lane, doubtful: Sequence[Delivery]) -> None:
        """Find out what became of deliveries whose outcome is unknown: look first, then decide by kind."""
        until = time.monotonic() + CALLS_SECONDS
        for delivery in doubtful:
            if self._stopping or time.monotonic() >= until:  # what is due waits behind this; the rest comes next time
                break
            look_up = await self._look_up(lane, delivery)
            if look_up.message_id is not None:
                await self._complete(lane, delivery, look_up.message_id)
            await self._write(lane, partial(self._conclude, look_up=look_up))

    def _conclude(self, parts: DispatchParts, look_up: Outcome) -> None:
        """Found: it was sent. Not found: sent again where zero would be worse, held where two would be."""
        delivery, failure = look_up.delivery, look_up.failure
        # After the first time it waits longer and longer: an outage of minutes must not use up every attempt.
        wait = 0.0 if delivery.attempts <= 1 else _backoff(delivery.attempts)
        if look_up.message_id is not None:
            self._settle(parts, [look_up], self._clock())
        elif failure is None or failure.permanent:
            self._intents.retry_unknown(parts, delivery, MOST_ATTEMPTS, wait, self._clock())
        else:
            self._intents.look_again(parts, delivery, MOST_ATTEMPTS, failure.retry_after or _backoff(delivery.attempts))

    async def _look_up(self, lane: Lane, delivery: Delivery) -> Outcome:
        """What the platform says: an id, nothing there, or a failure to say."""
        if not lane.messenger.looks_up:
            return Outcome(delivery)
        try:
            message_id = await asyncio.wait_for(lane.messenger.look_up(delivery), CALL_SECONDS)
        except DeliveryFailed as failure:
            return Outcome(delivery, failure=failure)
        except Exception as error:  # noqa: BLE001  one look-up must not stop the others
            return Outcome(delivery, failure=DeliveryFailed(type(error).__name__))
        return Outcome(delivery, message_id=message_id)

    async def _complete(self, lane: Lane, delivery: Delivery, message_id: str) -> None:
        """The message is there; what comes beside it may not be."""
        if not isinstance(lane.messenger, Completing):
            return
        now = self._clock()
        message = await self._write(lane, lambda parts: self._intents.again(parts, delivery, now))
        if message is None:
            return
        try:
            async with asyncio.timeout(CALL_SECONDS):
                await lane.messenger.complete(_parcel(delivery, message, now), message_id)
        except Exception:
            log.exception("what belongs to a message was not added")

    async def _write(self, lane: Lane, work: Callable[[DispatchParts], T]) -> T:
        return await finished(self._store.write(lane.tenant, work, urgent=False))


def _parcel(delivery: Delivery, message: Message, now: datetime) -> Parcel:
    return Parcel(
        delivery=delivery.id,
        workspace=delivery.workspace,
        address=delivery.address,
        thread=delivery.thread,
        update_of=delivery.update_of,
        message=message,
        member=delivery.member,
        at=now,
        due_at=delivery.due_at,
    )


def _release(parts: DispatchParts, rows: Sequence[Delivery]) -> None:
    for one in rows:
        parts.dispatch.release(one)


def _backoff(attempts: int) -> float:
    """Seconds to wait after so many attempts."""
    return BACKOFF_SECONDS[min(max(attempts, 1), len(BACKOFF_SECONDS)) - 1]
