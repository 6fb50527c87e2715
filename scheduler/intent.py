"""The intent: guard, budget and compose in one transaction, committed before any call."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from itertools import groupby
from typing import Any

import msgspec

from bot.app import App
from bot.domain.calendar import local_date
from bot.domain.deliveries import Delivery
from bot.messages import Message
from bot.router import Composed, Kind, OnUnknown, Skip, Work
from scheduler.ports import DispatchParts

HELD_SECONDS = 600.0
MOST_ERRORS = 6
log = logging.getLogger(__name__)


class Intent(msgspec.Struct, frozen=True):
    """A delivery that will be called now, with its message."""

    delivery: Delivery
    message: Message


class Intents:
    """Turns claimed deliveries into intents by asking their kinds. ``scheduler`` knows no feature."""

    def __init__(self, app: App, owner: str) -> None:
        self._app = app
        self._owner = owner

    def commit(self, parts: DispatchParts, claimed: Sequence[Delivery], now: datetime) -> list[Intent]:
        """Ask the kinds, store what was chosen, mark the rows ``sending``. Returns only what is still ours, in order."""
        work = self._app.work(parts, now)
        composed: dict[int, Composed] = {}
        for name, group in groupby(sorted(claimed, key=lambda one: one.kind), key=lambda one: one.kind):
            composed |= self._ask(parts, work, name, list(group))
        wanted = [one for one in claimed if one.id in composed]
        chosen: dict[int, Mapping[str, Any] | None] = {key: one.chosen for key, one in composed.items()}
        ours = parts.dispatch.intend(self._owner, wanted, chosen)
        return [Intent(one, composed[one.id].message) for one in wanted if one.id in ours]

    def _ask(self, parts: DispatchParts, work: Work, name: str, group: list[Delivery]) -> dict[int, Composed]:
        kind = self._app.table.kinds.get(name)
        if kind is None:
            for one in group:
                parts.dispatch.end(one.id, "dead", f"no kind called {name}")
            return {}
        try:
            with parts.savepoint():
                return self._compose(parts, work, kind, group)
        except Exception:
            # One bad item must not fail the others: each is tried alone.
            log.exception("kind %s failed on a batch of %d", name, len(group))
        found: dict[int, Composed] = {}
        for one in group:
            found |= self._ask_alone(parts, work, kind, one)
        return found

    def _ask_alone(self, parts: DispatchParts, work: Work, kind: Kind, one: Delivery) -> dict[int, Composed]:
        try:
            with parts.savepoint():
                return self._compose(parts, work, kind, [one])
        except Exception as error:  # noqa: BLE001  it counts an attempt and is parked in the end
            reason = f"{kind.name}: {type(error).__name__}"
            if one.attempts + 1 >= MOST_ERRORS:
                parts.dispatch.end(one.id, "dead", reason)
            else:
                parts.dispatch.failed(one.id, reason, 30.0)
            return {}

    def _compose(self, parts: DispatchParts, work: Work, kind: Kind, group: list[Delivery]) -> dict[int, Composed]:
        wanted = self._without_refused(parts, work, kind, group)
        if kind.budget:
            wanted = [one for one in wanted if self._has_budget(parts, work, one)]
        composed = dict(kind.compose(work, wanted)) if wanted else {}
        for id, one in composed.items():
            if isinstance(one, Skip):
                parts.dispatch.end(id, "skipped", one.reason)
        return {id: one for id, one in composed.items() if isinstance(one, Composed)}

    def _without_refused(self, parts: DispatchParts, work: Work, kind: Kind, group: list[Delivery]) -> list[Delivery]:
        live = []
        for one in group:
            if one.expires_at is not None and one.expires_at <= work.now:
                parts.dispatch.end(one.id, "expired", "past its time")
            else:
                live.append(one)
        reasons = kind.guard(work, live) if live else {}
        for id, reason in reasons.items():
            parts.dispatch.end(id, "skipped", reason)
        return [one for one in live if one.id not in reasons]

    def _has_budget(self, parts: DispatchParts, work: Work, one: Delivery) -> bool:
        if one.member is None:
            return True
        if parts.dispatch.take_budget(one.member, self._day(parts, work, one), one.id):
            return True
        parts.dispatch.end(one.id, "skipped", "budget")
        return False

    def _day(self, parts: DispatchParts, work: Work, one: Delivery) -> date:
        """The label for ``daily``, else the member's date now."""
        if one.kind == "daily":
            return date.fromisoformat(one.period)
        return local_date(parts.people.zone_in_force(one.member or ""), work.now)

    def retry_unknown(self, parts: DispatchParts, delivery: Delivery, most: int) -> None:
        """No sign of it was found: send again what must not be lost, hold what must not come twice."""
        kind = self._app.table.kinds.get(delivery.kind)
        if delivery.attempts >= most:
            parts.dispatch.end(delivery.id, "dead", "gave up: outcome unknown")
        elif delivery.update_of is not None or (kind is not None and kind.on_unknown is OnUnknown.RESEND):
            parts.dispatch.again(delivery.id, "outcome unknown", 0.0)
        else:
            parts.dispatch.unknown(delivery.id, "held", HELD_SECONDS)
