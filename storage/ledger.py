"""The ledger: one table is plan, outbox, dedup key, retry state and audit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
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
    and_,
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
from storage.addresses import target_of
from storage.dialects import insert_for, is_sqlite
from storage.people import account
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
    return turn(wanted, is_locking=not is_sqlite(conn))


def turn(wanted: ColumnElement[bool], *, is_locking: bool) -> ColumnElement[bool]:
    """The same for a statement that is made once."""
    return locked(wanted) if is_locking else wanted


def locked(wanted: ColumnElement[bool]) -> ColumnElement[bool]:
    """The rows of a condition, locked in the order of their numbers: whoever wants the same ones waits, and never in a circle."""
    return delivery.c.id.in_(select(delivery.c.id).where(wanted).order_by(delivery.c.id).with_for_update())


def ended(state: str, reason: object) -> dict[str, Any]:
    """What is written where a row ends unsent. What may be there already is given up, for nothing else that is said of it would be sure."""
    return {
        "state": case((delivery.c.in_doubt, "dead"), else_=state),
        "reason": case((delivery.c.in_doubt, GAVE_UP), else_=reason),
    }


def ending(wanted: ColumnElement[bool], state: str, reason: object, *, is_locking: bool) -> Any:
    """The statement that ends the rows of a condition unsent and gives their numbers."""
    rows = turn(wanted, is_locking=is_locking)
    return update(delivery).where(rows).values(ended(state, reason)).returning(delivery.c.id)


@lru_cache
def _skip(columns: tuple[str, ...], *, is_locking: bool) -> Any:
    """End rows of a tenant, by some of their columns, whose call has not begun."""
    wanted = (delivery.c.tenant == bindparam("of_tenant")) & delivery.c.state.in_(["ready", "claimed"])
    for name in columns:
        wanted &= delivery.c[name] == bindparam(f"of_{name}")
    return ending(wanted, "skipped", bindparam("why"), is_locking=is_locking)


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
_KEYED = and_(
    delivery.c.tenant == bindparam("of_tenant"),
    delivery.c.kind == bindparam("of_kind"),
    delivery.c.subject == bindparam("of_subject"),
    delivery.c.period == bindparam("of_period"),
)
_FIND, _ROW_OF = deliveries().where(_KEYED), select(delivery.c.id).where(_KEYED)


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
        target = target_of(self._conn, self._tenant, outgoing)
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

    def _row_of(self, key: Key) -> int:
        return int(self._conn.execute(_ROW_OF, self._keyed(key)).scalar_one())

    def _keyed(self, key: Key) -> dict[str, str]:
        kind, subject, period = key
        return {"of_tenant": self._tenant, "of_kind": kind, "of_subject": subject, "of_period": period}

    def get(self, id: int) -> Delivery | None:
        return self._one(_GET, {"of_tenant": self._tenant, "of_id": id})

    def find(self, key: Key) -> Delivery | None:
        return self._one(_FIND, self._keyed(key))

    def _one(self, statement: Select[Any], values: Mapping[str, object]) -> Delivery | None:
        row = self._conn.execute(statement, values).one_or_none()
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
        given = {"kind": kind, "subject": subject, "member": member}
        by = {name: value for name, value in given.items() if value is not None}
        values = {f"of_{name}": value for name, value in by.items()} | {"of_tenant": self._tenant, "why": reason}
        return self._ended(_skip(tuple(by), is_locking=not is_sqlite(self._conn)), values)

    def end(self, wanted: ColumnElement[bool], reason: str) -> int:
        """End the rows of a condition. Returns how many it were."""
        return self._ended(ending(wanted, "skipped", reason, is_locking=not is_sqlite(self._conn)), {})

    def _ended(self, statement: Any, values: Mapping[str, object]) -> int:
        ids = self._conn.execute(statement, values).scalars().all()
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
