"""The ledger: one table is plan, outbox, dedup key, retry state and audit."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import (
    Boolean,
    Column,
    ColumnElement,
    Connection,
    Double,
    Index,
    Integer,
    PrimaryKeyConstraint,
    Row,
    Select,
    Table,
    UniqueConstraint,
    bindparam,
    case,
    delete,
    false,
    func,
    select,
    text,
    update,
)

from bot.domain.deliveries import GAVE_UP, Delivery, Key, Outgoing
from storage.dialects import insert_for, is_sqlite
from storage.people import account, member, workspace
from storage.places import channel
from storage.schema import Day, Instant, Json, RowId, ident, metadata, words

delivery = Table(
    "delivery",
    metadata,
    Column("id", RowId, primary_key=True, autoincrement=True),
    ident("tenant"),
    ident("workspace"),  # the lane
    ident("account", nullable=True),
    ident("channel", nullable=True),
    ident("member", nullable=True),
    ident("kind"),
    ident("subject"),
    ident("period"),
    ident("state"),
    Column("due_at", Instant, nullable=False),  # by Clock
    Column("expires_at", Instant),
    Column("not_before", Double, nullable=False, server_default="0"),  # by machine time, as are the next two
    Column("lease_until", Double, nullable=False, server_default="0"),
    ident("owner", nullable=True),
    Column("epoch", Integer, nullable=False, server_default="0"),
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("root", RowId),  # sent only after this one: its thread, or the message to replace
    Column("is_update", Boolean, nullable=False, server_default=text("false")),
    Column("payload", Json, nullable=False),
    Column("chosen", Json),
    words("reason", nullable=True),
    ident("message_id", nullable=True),
    Column("settled_at", Instant),
    # A call for it may have arrived, and it is to be sent again: it may be there even if this never says "sent".
    Column("in_doubt", Boolean, nullable=False, server_default=text("false")),
    UniqueConstraint("tenant", "kind", "subject", "period"),
    Index(
        "ix_delivery_ready",
        "workspace",
        "due_at",
        "id",
        sqlite_where=text("state = 'ready'"),
        postgresql_where=text("state = 'ready'"),
    ),
    # For urgent kinds. Lessons, which come by the thousand and are not, do not pay for it.
    Index(
        "ix_delivery_seldom",
        "workspace",
        "kind",
        "due_at",
        sqlite_where=text("state = 'ready' AND kind <> 'daily'"),
        postgresql_where=text("state = 'ready' AND kind <> 'daily'"),
    ),
    Index(
        "ix_delivery_pending",
        "lease_until",
        sqlite_where=text("state IN ('claimed', 'sending', 'unknown')"),
        postgresql_where=text("state IN ('claimed', 'sending', 'unknown')"),
    ),
    Index("ix_delivery_member", "tenant", "member", "kind"),
    # For erasing a person: rows to an account that changed hands, and those that may name somebody they are not sent to.
    Index(
        "ix_delivery_account",
        "account",
        sqlite_where=text("account IS NOT NULL"),
        postgresql_where=text("account IS NOT NULL"),
    ),
    Index(
        "ix_delivery_naming",
        "tenant",
        "subject",
        sqlite_where=text("kind <> 'daily'"),
        postgresql_where=text("kind <> 'daily'"),
    ),
    # What was given up: few rows among all that ever were, counted for every scrape of the metrics.
    Index(
        "ix_delivery_parked",
        "due_at",
        "id",
        sqlite_where=text("state = 'dead'"),
        postgresql_where=text("state = 'dead'"),
    ),
    # A row number is never used again, so a marker on a platform's message means one delivery for ever.
    sqlite_autoincrement=True,
)

message_budget = Table(
    "message_budget",
    metadata,
    ident("tenant"),
    ident("member"),
    Column("day", Day, nullable=False),
    Column("delivery", RowId, nullable=False),
    PrimaryKeyConstraint("tenant", "member", "day"),
    Index(None, "delivery"),
)

root = delivery.alias("root")


# Literals in SQL, so that the partial indexes are used: these look at what is open, not at everything that ever was.
PENDING = text("delivery.state IN ('claimed', 'sending', 'unknown')")
READY = text("delivery.state = 'ready'")
SELDOM = text("delivery.kind <> 'daily'")


def in_turn(conn: Connection, wanted: ColumnElement[bool]) -> ColumnElement[bool]:
    """The rows of a condition; SQLite has one writer, so they need no lock there."""
    return wanted if is_sqlite(conn) else locked(wanted)


def locked(wanted: ColumnElement[bool]) -> ColumnElement[bool]:
    """The rows of a condition, locked in the order of their numbers: whoever wants the same ones waits, and never in a circle."""
    return delivery.c.id.in_(select(delivery.c.id).where(wanted).order_by(delivery.c.id).with_for_update())


def ended(state: str, reason: str) -> dict[str, Any]:
    """What is written where a row ends unsent. What may be there already is given up, for nothing else that is said of it would be sure."""
    return {
        "state": case((delivery.c.in_doubt, "dead"), else_=state),
        "reason": case((delivery.c.in_doubt, GAVE_UP), else_=reason),
    }


# In the order in which they are read, for by name a row gives them five times as slowly.
_READ = (
    "id",
    "tenant",
    "workspace",
    "kind",
    "subject",
    "period",
    "state",
    "due_at",
    "expires_at",
    "member",
    "channel",
    "is_update",
    "root",
    "attempts",
    "epoch",
    "payload",
    "reason",
    "message_id",
    "chosen",
)


@lru_cache
def deliveries() -> Select[Any]:
    """Ledger rows with the address to send to and what they hang on."""
    return (
        select(
            *(delivery.c[name] for name in _READ),
            # Somebody who never wrote to us directly has no conversation yet: the platform opens one for their own id.
            func.coalesce(func.nullif(account.c.address, ""), account.c.external, channel.c.address, "").label(
                "address"
            ),
            root.c.message_id.label("root_message"),
        )
        .outerjoin(account, (account.c.tenant == delivery.c.tenant) & (account.c.id == delivery.c.account))
        .outerjoin(channel, (channel.c.tenant == delivery.c.tenant) & (channel.c.id == delivery.c.channel))
        .outerjoin(root, root.c.id == delivery.c.root)
    )


_GET = deliveries().where(delivery.c.tenant == bindparam("of_tenant"), delivery.c.id == bindparam("of_id"))


# The account a member prefers, and the lane of a channel. No join: without statistics PostgreSQL would begin with everybody's accounts.
_PREFERRED = select(member.c.account).where(
    member.c.tenant == bindparam("of_tenant"), member.c.id == bindparam("whom"), member.c.active
)
_REACHED = select(account.c.workspace, account.c.id).where(
    account.c.tenant == bindparam("of_tenant"), account.c.id == _PREFERRED.scalar_subquery()
)
# An account of theirs in another workspace, the preferred one first.
_AROUND = (
    select(account.c.workspace, account.c.id)
    .join(member, (member.c.tenant == account.c.tenant) & (member.c.id == account.c.member))
    .join(workspace, workspace.c.id == account.c.workspace)
    .where(
        member.c.tenant == bindparam("of_tenant"),
        member.c.id == bindparam("whom"),
        member.c.active,
        workspace.c.state == "active",
        account.c.workspace != bindparam("around"),
    )
    .order_by((account.c.id == member.c.account).desc(), account.c.id)
    .limit(1)
)
_PLACED = select(channel.c.workspace, channel.c.id).where(
    channel.c.tenant == bindparam("of_tenant"), channel.c.id == bindparam("where")
)


@lru_cache
def _put(dialect: str) -> Any:
    return insert_for(dialect, delivery).on_conflict_do_nothing()


def read(row: Row[Any]) -> Delivery:
    """A row of :func:`deliveries` as a value."""
    (id, tenant, workspace, kind, subject, period, state, due_at, expires_at, to, place, is_update, hangs_on,
     attempts, epoch, payload, reason, message_id, chosen, address, root_message) = tuple(row)  # fmt: skip
    return Delivery(
        id=id,
        tenant=tenant,
        workspace=workspace,
        kind=kind,
        subject=subject,
        period=period,
        state=state,
        due_at=due_at,
        expires_at=expires_at,
        member=to,
        place=place,
        address=address,
        thread=None if is_update else root_message,
        update_of=root_message if is_update else None,
        root=hangs_on,
        attempts=attempts,
        epoch=epoch,
        payload=payload,
        reason=reason,
        message_id=message_id,
        chosen=chosen,
    )


class Ledger:
    """Implements ``bot.ports.ledger.Ledger``."""

    def __init__(self, conn: Connection, tenant: str) -> None:
        self._conn = conn
        self._tenant = tenant
        self.woken = False

    def put(self, outgoing: Sequence[Outgoing], now: datetime) -> int:
        return sum(self._put(one, one.period, now) for one in outgoing)

    def put_latest(self, outgoing: Outgoing, now: datetime) -> bool:
        mine = (
            (delivery.c.tenant == self._tenant)
            & (delivery.c.kind == outgoing.kind)
            & (delivery.c.subject == outgoing.subject)
        )
        rows = self._conn.execute(select(delivery.c.state, delivery.c.period).where(mine)).all()
        if any(row.state == "ready" for row in rows):
            return False
        # After the last number, not the count of rows: the oldest ones may be past their retention.
        tails = (row.period.rpartition("#")[2] for row in rows if "#" in row.period)
        last = max((int(tail) for tail in tails if tail.isdecimal()), default=-1)
        return self._put(outgoing, f"{outgoing.period}#{last + 1}", now) == 1

    def _put(self, outgoing: Outgoing, period: str, now: datetime) -> int:
        target = self._target(outgoing)
        if target is None:  # nobody to send to: a member who left, or who can't be reached
            return 0
        row = {
            "tenant": self._tenant,
            "kind": outgoing.kind,
            "subject": outgoing.subject,
            "period": period,
            "member": outgoing.member,
            "state": "ready",
            "due_at": outgoing.due_at or now,
            "expires_at": outgoing.expires_at,
            "root": self._row_of(outgoing.root) if outgoing.root else None,
            "is_update": outgoing.update,
            "payload": outgoing.payload,
            **target,
        }
        count = self._conn.execute(_put(self._conn.dialect.name), row).rowcount
        self.woken = self.woken or count > 0
        return int(count)

    def _target(self, outgoing: Outgoing) -> dict[str, str] | None:
        """The lane and where in it: the member's preferred account, or the channel."""
        if outgoing.member is not None:
            whom = {"of_tenant": self._tenant, "whom": outgoing.member}
            other = {"around": outgoing.around} if outgoing.around is not None else {}
            row = self._conn.execute(_AROUND if other else _REACHED, whom | other).one_or_none()
            return None if row is None else {"workspace": row.workspace, "account": row.id}
        row = self._conn.execute(_PLACED, {"of_tenant": self._tenant, "where": outgoing.place}).one_or_none()
        return None if row is None else {"workspace": row.workspace, "channel": row.id}

    def _row_of(self, key: Key) -> int:
        return int(self._conn.execute(select(delivery.c.id).where(self._is(key))).scalar_one())

    def _is(self, key: Key) -> Any:
        kind, subject, period = key
        return (
            (delivery.c.tenant == self._tenant)
            & (delivery.c.kind == kind)
            & (delivery.c.subject == subject)
            & (delivery.c.period == period)
        )

    def get(self, id: int) -> Delivery | None:
        row = self._conn.execute(_GET, {"of_tenant": self._tenant, "of_id": id}).one_or_none()
        return None if row is None else read(row)

    def find(self, key: Key) -> Delivery | None:
        return self._one(self._is(key))

    def _one(self, condition: Any) -> Delivery | None:
        row = self._conn.execute(deliveries().where(condition)).one_or_none()
        return None if row is None else read(row)

    def arrived(self, id: int, workspace: str, message: str, now: datetime) -> Delivery | None:
        mine = (delivery.c.tenant == self._tenant) & (delivery.c.id == id) & (delivery.c.workspace == workspace)
        called = (delivery.c.attempts > 0) & delivery.c.state.in_(["ready", "claimed", "unknown", "dead"])
        values = {"state": "sent", "message_id": message, "settled_at": now, "reason": None}
        if self._conn.execute(update(delivery).where(mine, called).values(**values)).rowcount == 0:
            return None
        self.woken = True  # what hangs on it may go now
        return self.get(id)

    def skip(
        self, reason: str, *, kind: str | None = None, subject: str | None = None, member: str | None = None
    ) -> int:
        """End rows whose call has not begun. A claimed row counts: its worker fails at the intent."""
        wanted = (delivery.c.tenant == self._tenant) & delivery.c.state.in_(["ready", "claimed"])
        for column, value in ((delivery.c.kind, kind), (delivery.c.subject, subject), (delivery.c.member, member)):
            if value is not None:
                wanted &= column == value
        return self.end(wanted, reason)

    def end(self, wanted: ColumnElement[bool], reason: str) -> int:
        """End the rows of a condition. Returns how many it were."""
        told = update(delivery).where(in_turn(self._conn, wanted)).values(ended("skipped", reason))
        ids = self._conn.execute(told.returning(delivery.c.id)).scalars().all()
        self.refund(ids)
        return len(ids)

    def refund(self, ids: Sequence[int]) -> None:
        """Give back the budget of deliveries that ended without a call that may have arrived."""
        if ids:
            mine = message_budget.c.tenant == self._tenant
            unsent = select(delivery.c.id).where(delivery.c.id.in_(ids), delivery.c.in_doubt.is_(false()))
            self._conn.execute(delete(message_budget).where(mine, message_budget.c.delivery.in_(unsent)))

    def sent_to(self, member_id: str, kinds: Sequence[str], limit: int = 20) -> list[Delivery]:
        rows = self._conn.execute(
            deliveries()
            .where(
                delivery.c.tenant == self._tenant,
                delivery.c.member == member_id,
                delivery.c.kind.in_(kinds),
                delivery.c.state == "sent",
            )
            .order_by(delivery.c.id.desc())
            .limit(limit)
        )
        return [read(row) for row in rows]
