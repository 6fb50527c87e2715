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
from bot.domain.deliveries import ASKED, HELD, OUTCOME_UNKNOWN, Delivery
from bot.messages import Message
from bot.router import Composed, Kind, OnUnknown, Skip, Work
from scheduler.ports import DispatchParts

HELD_SECONDS = 600.0
MOST_ERRORS = 6
RETRY_SECONDS = 30.0  # until an item whose kind raised is tried again
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
        lanes = sorted({one.workspace for one in claimed})
        if not all(parts.dispatch.keep(lane, self._owner) for lane in lanes):
            return []  # another worker has the lane by now, and these rows
        claimed = parts.dispatch.hold(self._owner, claimed)
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
                parts.dispatch.end(one, "dead", f"no kind called {name}")
            return {}
        try:
            with parts.savepoint():
                return self._compose(parts, work, kind, group)
        except Exception:
            # One bad item must not fail the others: each is tried alone.
            log.exception("a kind failed on a batch", extra={"kind": name, "count": len(group)})
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
                parts.dispatch.end(one, "dead", reason)
            else:
                parts.dispatch.failed(one, reason, RETRY_SECONDS)
            return {}

    def _compose(self, parts: DispatchParts, work: Work, kind: Kind, group: list[Delivery]) -> dict[int, Composed]:
        wanted = self._without_refused(parts, work, kind, group)
        if kind.budget:
            wanted = [one for one in wanted if self._has_budget(parts, work, one)]
        made = dict(kind.compose(work, wanted)) if wanted else {}
        composed = {}
        for one in wanted:
            match made[one.id]:
                case Skip(reason=reason):
                    parts.dispatch.end(one, "skipped", reason)
                case Composed() as message:
                    composed[one.id] = message
        return composed

    def _without_refused(self, parts: DispatchParts, work: Work, kind: Kind, group: list[Delivery]) -> list[Delivery]:
        live = []
        for one in group:
            if one.expires_at is not None and one.expires_at <= work.now:
                parts.dispatch.end(one, "expired", "past its time")
            else:
                live.append(one)
        reasons = kind.guard(work, live) if live else {}
        for one in live:
            if one.id in reasons:
                parts.dispatch.end(one, "skipped", reasons[one.id])
        return [one for one in live if one.id not in reasons]

    def _has_budget(self, parts: DispatchParts, work: Work, one: Delivery) -> bool:
        if one.member is None:
            return True
        if parts.dispatch.take_budget(one.member, self._day(parts, work, one), one.id):
            return True
        parts.dispatch.end(one, "skipped", "budget")
        return False

    def _day(self, parts: DispatchParts, work: Work, one: Delivery) -> date:
        """The label for ``daily``, else the member's date now."""
        if one.kind == "daily":
            return date.fromisoformat(one.period)
        return local_date(parts.people.zone_in_force(one.member or ""), work.now)

    def again(self, parts: DispatchParts, delivery: Delivery, now: datetime) -> Message | None:
        """The message as it was composed for a call that was begun; nothing where its kind can't make it any more."""
        kind = self._app.table.kinds.get(delivery.kind)
        if kind is None:
            return None
        try:
            with parts.savepoint():
                made = kind.compose(self._app.work(parts, now), [delivery]).get(delivery.id)
        except Exception:
            log.exception("a kind failed on a message that is there", extra={"kind": delivery.kind})
            return None
        return made.message if isinstance(made, Composed) else None

    def look_again(self, parts: DispatchParts, delivery: Delivery, most: int, wait: float) -> None:
        """The platform could not say whether it is there: ask again later, but not for ever."""
        if delivery.attempts >= most:
            parts.dispatch.give_up(delivery, OUTCOME_UNKNOWN)
        else:
            parts.dispatch.unanswered(delivery, wait)

    def retry_unknown(self, parts: DispatchParts, delivery: Delivery, most: int, wait: float, now: datetime) -> None:
        """No sign of it was found: send again what must not be lost, hold what must not come twice, within their time."""
        kind = self._app.table.kinds.get(delivery.kind)
        is_late = delivery.expires_at is not None and delivery.expires_at <= now
        if delivery.attempts >= most or is_late:
            parts.dispatch.give_up(delivery, OUTCOME_UNKNOWN)
        elif delivery.update_of is not None or (kind is not None and kind.on_unknown is OnUnknown.RESEND):
            parts.dispatch.resend(delivery, wait)
        else:
            reason = ASKED if delivery.reason in {HELD, ASKED} else HELD
            parts.dispatch.unknown(delivery, reason, HELD_SECONDS)
