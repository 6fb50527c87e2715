"""What Prometheus reads: counters of this process, and what the store says when it is asked. No label names a person or a place."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator
from datetime import datetime
from typing import Literal, NamedTuple, get_args

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Histogram,
    ProcessCollector,
    disable_created_metrics,
    make_asgi_app,
)
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from starlette.types import ASGIApp, Receive, Scope, Send
from typing_extensions import override

from adapters.watch import REASONS, Watch
from bot.domain.conversation import Event
from storage.operations import Backlog

KINDS = tuple(str(one.__struct_config__.tag) for one in get_args(Event))
FRESH_SECONDS = 5.0  # however often it is asked, the store is read once in this time
READ_SECONDS = 2.0


class Declared(NamedTuple):
    """One metric, as the reference page has it."""

    name: str
    kind: Literal["counter", "gauge", "histogram"]
    says: str
    labels: tuple[str, ...] = ()
    buckets: tuple[float, ...] = ()


INBOUND = Declared(
    "mlops_coach_inbound_total",
    "counter",
    "Things people did that reached the core, by kind of event and result: done, refused, forbidden, busy, unsure, failed, not served",
    ("platform", "kind", "result"),
)
ACK = Declared(
    "mlops_coach_ack_seconds",
    "histogram",
    "From a request of a platform to our answer, by class of status; refused requests are among them",
    ("platform", "status"),
    (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 3.0, 5.0),
)
REFUSED = Declared(
    "mlops_coach_signature_rejected_total",
    "counter",
    "Requests that were not let in, by reason: signature, token, age, shape",
    ("platform", "reason"),
)
DENIED = Declared(
    "mlops_coach_authz_denied_total", "counter", "Things somebody had no right to and was refused", ("platform",)
)
CALLS = Declared(
    "mlops_coach_platform_calls_total",
    "counter",
    "Calls to a platform by class of its status; none: there was no answer. Slack refuses in a 200, which `deliveries` shows",
    ("platform", "status"),
)
DELIVERIES = Declared(
    "mlops_coach_deliveries_total",
    "counter",
    "Calls that deliver, by result: sent, limited (asked to wait), refused, dead (never possible), unknown (may have arrived), held back (not called)",
    ("platform", "result"),
)
DWELL = Declared(
    "mlops_coach_dwell_seconds",
    "histogram",
    "From when a delivery was due to when the platform had it",
    ("platform",),
    (0.5, 1.0, 2.0, 5.0, 15.0, 60.0, 300.0, 900.0, 3600.0, 14400.0),
)
HELD = Declared(
    "mlops_coach_lanes_blocked",
    "gauge",
    "Workspaces this process sends nothing to for now, because the platform asks to wait or refuses the token",
    ("platform",),
)
DEPTH = Declared(
    "mlops_coach_outbox_depth",
    "gauge",
    "Open deliveries by state: waiting (due later), due, claimed, sending, unknown; counted up to 100,000 each",
    ("state",),
)
OLDEST = Declared(
    "mlops_coach_outbox_oldest_due_seconds", "gauge", "How long the oldest delivery that is not sent has been due"
)
UNKNOWN = Declared(
    "mlops_coach_outbox_unknown",
    "gauge",
    "Deliveries of which nobody knows whether they arrived, those held among them",
)
PARKED = Declared(
    "mlops_coach_outbox_parked", "gauge", "Deliveries given up, which wait for `admin deliveries`; up to 100,000"
)
ON_HOLD = Declared("mlops_coach_send_hold", "gauge", "1 while nothing is sent at all, after a restore")
LAG = Declared(
    "mlops_coach_scheduler_lag_seconds", "gauge", "Up to how long ago everything has been planned, the worst company's"
)
TICK = Declared(
    "mlops_coach_scheduler_tick_age_seconds", "gauge", "Since the scheduler of this process ticked; where one runs"
)
BACKUP = Declared(
    "mlops_coach_backup_age_seconds", "gauge", "Since the newest backup in MLOPS_BACKUPS was made; where there is one"
)
STORE_UP = Declared(
    "mlops_coach_store_up", "gauge", "1 when the store could be read for this answer; else what it says is left out"
)

DECLARED = (
    INBOUND, ACK, REFUSED, DENIED, CALLS, DELIVERIES, DWELL, HELD, DEPTH, OLDEST, UNKNOWN, PARKED, ON_HOLD, LAG, TICK, BACKUP, STORE_UP,
)  # fmt: skip


class Found(NamedTuple):
    """What the store says about the ledger, and the disk about backups."""

    backlog: Backlog
    backup_at: datetime | None


class Metrics:
    """The metrics of one process. ``read`` asks the store; ``clock`` is the movable one, ``tick_age`` that of the scheduler here."""

    def __init__(
        self,
        read: Callable[[], Awaitable[Found]],
        clock: Callable[[], datetime],
        tick_age: Callable[[], float | None] = lambda: None,
    ) -> None:
        disable_created_metrics()  # type: ignore[no-untyped-call]
        self.registry = CollectorRegistry(auto_describe=False)
        ProcessCollector(registry=self.registry)
        self.inbound = self._counter(INBOUND)
        self.rejected = self._counter(REFUSED)
        self.denied = self._counter(DENIED)
        self.calls = self._counter(CALLS)
        self.deliveries = self._counter(DELIVERIES)
        self.ack = self._histogram(ACK)
        self.dwell = self._histogram(DWELL)
        self._watches: dict[str, _PlatformWatch] = {}
        self._latest = _Latest(read)
        self._clock = clock
        self._tick_age = tick_age
        self.registry.register(_AtScrape(self._now))

    def of(self, platform: str) -> Watch:
        """The watch that a platform's adapter tells."""
        return self._watches.setdefault(platform, _PlatformWatch(self, platform))

    @property
    def app(self) -> ASGIApp:
        """An ASGI endpoint: the text format, or OpenMetrics for whoever asks for it."""
        exposition = make_asgi_app(self.registry)

        async def metrics(scope: Scope, receive: Receive, send: Send) -> None:
            await self._latest.refresh()
            await exposition(scope, receive, send)

        return metrics

    def _counter(self, one: Declared) -> Counter:
        return Counter(one.name, one.says, one.labels, registry=self.registry)

    def _histogram(self, one: Declared) -> Histogram:
        return Histogram(one.name, one.says, one.labels, buckets=one.buckets, registry=self.registry)

    def _now(self) -> Iterator[Metric]:
        """What is only known when it is asked for."""
        held = _family(HELD)
        for platform, watch in self._watches.items():
            held.add_metric((platform,), watch.lanes_held)
        yield held
        yield from _gauge(TICK, self._tick_age())
        found = self._latest.found
        yield from _gauge(STORE_UP, found is not None)
        if found is not None:
            yield from self._told(found.backlog)
            yield from _gauge(BACKUP, self._since(found.backup_at))

    def _told(self, backlog: Backlog) -> Iterator[Metric]:
        depth = _family(DEPTH)
        for state in ("waiting", "due", "claimed", "sending", "unknown"):
            depth.add_metric((state,), getattr(backlog, state))
        yield depth
        yield from _gauge(OLDEST, self._since(backlog.oldest_due) or 0.0)
        yield from _gauge(UNKNOWN, backlog.unknown)
        yield from _gauge(PARKED, backlog.parked)
        yield from _gauge(ON_HOLD, backlog.is_held)
        yield from _gauge(LAG, self._since(backlog.planned_to))

    def _since(self, instant: datetime | None) -> float | None:
        return None if instant is None else max((self._clock() - instant).total_seconds(), 0.0)


class _PlatformWatch(Watch):
    """Counts under one platform's name."""

    def __init__(self, to: Metrics, platform: str) -> None:
        self._to = to
        self._platform = platform
        self._counters: dict[tuple[object, ...], Counter] = {}
        self._histograms: dict[tuple[object, ...], Histogram] = {}
        self._held: dict[str, float] = {}  # by workspace, until when by the monotonic clock
        # What alerts look for begins at nought: of a series that begins at one Prometheus sees no increase.
        for result in ("failed", "unsure"):
            for kind in KINDS:
                self._count(to.inbound, kind, result, times=0)
        self._count(to.deliveries, "sent", times=0)

    @override
    def turned(self, kind: str, result: str) -> None:
        self._count(self._to.inbound, kind, result)
        if result == "forbidden":
            self._count(self._to.denied)

    @override
    def acknowledged(self, seconds: float, status: int) -> None:
        self._time(self._to.ack, seconds, _class(status))

    @override
    def refused(self, reason: str) -> None:
        self._count(self._to.rejected, reason if reason in REASONS else "other")

    @override
    def called(self, status: int | None) -> None:
        self._count(self._to.calls, "none" if status is None else _class(status))

    @override
    def sent(self, result: str, seconds: float | None) -> None:
        self._count(self._to.deliveries, result)
        if seconds is not None:
            self._time(self._to.dwell, max(seconds, 0.0))

    def _count(self, what: Counter, *labels: str, times: int = 1) -> None:
        key = (what, *labels)
        if key not in self._counters:  # finding it costs more than counting
            self._counters[key] = what.labels(self._platform, *labels)
        self._counters[key].inc(times)

    def _time(self, what: Histogram, seconds: float, *labels: str) -> None:
        key = (what, *labels)
        if key not in self._histograms:
            self._histograms[key] = what.labels(self._platform, *labels)
        self._histograms[key].observe(seconds)

    @override
    def held(self, workspace: str, seconds: float) -> None:
        self._held[workspace] = time.monotonic() + seconds

    @property
    def lanes_held(self) -> int:
        now = time.monotonic()
        self._held = {workspace: until for workspace, until in self._held.items() if until > now}
        return len(self._held)


class _Latest:
    """What was read last, at most a few seconds ago, by one reader at a time."""

    def __init__(self, read: Callable[[], Awaitable[Found]]) -> None:
        self._read = read
        self._at = float("-inf")
        self._lock = asyncio.Lock()
        self.found: Found | None = None

    async def refresh(self) -> None:
        async with self._lock:
            if time.monotonic() - self._at < FRESH_SECONDS:
                return
            try:
                self.found = await asyncio.wait_for(self._read(), READ_SECONDS)
            except Exception:  # noqa: BLE001 - a store in trouble is what the metric says
                self.found = None
            self._at = time.monotonic()


class _AtScrape(Collector):
    """Gauges that nobody sets: they are asked for."""

    def __init__(self, now: Callable[[], Iterator[Metric]]) -> None:
        self._now = now

    @override
    def collect(self) -> Iterator[Metric]:
        yield from self._now()


def _family(one: Declared) -> GaugeMetricFamily:
    return GaugeMetricFamily(one.name, one.says, labels=one.labels)


def _gauge(one: Declared, value: float | None) -> Iterator[Metric]:
    """One number; what is not known is left out, as Prometheus has it."""
    if value is not None:
        made = _family(one)
        made.add_metric((), value)
        yield made


def _class(status: int) -> str:
    """429 by itself: that is somebody's wish, and no fault."""
    return "429" if status == 429 else f"{status // 100}xx"
