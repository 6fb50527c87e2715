"""Messages whose outcome is unknown and whose owner is asked: which they are, and what was decided."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, select, update

from bot.domain.deliveries import ASKED, GAVE_UP, OUTCOME_UNKNOWN, Delivery
from bot.domain.people import Role
from storage.ledger import PENDING, deliveries, delivery, read
from storage.people import member, member_role


class Doubts:
    """Implements ``bot.ports.doubts.Doubts``."""

    def __init__(self, conn: Connection, tenant: str) -> None:
        self._conn = conn
        self._tenant = tenant
        self.woken = False

    def open(self, kinds: Sequence[str]) -> list[Delivery]:
        waiting = PENDING & (delivery.c.lease_until >= 0) & (delivery.c.state == "unknown")
        mine = (delivery.c.tenant == self._tenant) & (delivery.c.reason == ASKED) & delivery.c.kind.in_(kinds)
        return [read(row) for row in self._conn.execute(deliveries().where(waiting, mine).order_by(delivery.c.id))]

    def owners(self) -> list[str]:
        own = (member.c.tenant == member_role.c.tenant) & (member.c.id == member_role.c.member) & member.c.active
        admins = select(member.c.id).join(member_role, own).where(member_role.c.role == Role.ADMIN.value)
        return [*self._conn.execute(admins.where(member.c.tenant == self._tenant).order_by(member.c.id)).scalars()]

    def decide(self, id: int, *, again: bool) -> bool:
        this = (delivery.c.tenant == self._tenant) & (delivery.c.id == id)
        waits = (delivery.c.state == "unknown") & (delivery.c.reason == ASKED)
        fresh = {"state": "ready", "reason": OUTCOME_UNKNOWN, "in_doubt": True, "attempts": 0, "not_before": 0}
        over = {"state": "dead", "reason": GAVE_UP}
        values = {**(fresh if again else over), "epoch": delivery.c.epoch + 1, "owner": None}
        done = self._conn.execute(update(delivery).where(this, waits).values(**values)).rowcount == 1
        self.woken = self.woken or (done and again)
        return done
