"""Codes that link two accounts, the accounts of a member, and which of them gets the messages."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    Integer,
    PrimaryKeyConstraint,
    Table,
    UniqueConstraint,
    case,
    delete,
    false,
    func,
    literal,
    or_,
    select,
    update,
)

from bot.domain.linking import ATTEMPTS, ATTEMPTS_WITHIN, Address, Side, typed
from bot.domain.privacy import sealed
from bot.ports.linking import Attempt
from storage.askings import answer
from storage.dialects import insert
from storage.ledger import Ledger, delivery, in_turn
from storage.lessons import lesson_state
from storage.merging import Merging
from storage.people import People, account, member, workspace
from storage.schema import Instant, ident, metadata

link_code = Table(
    "link_code",
    metadata,
    ident("tenant"),
    ident("account"),  # that showed it; it has one at a time
    ident("code"),  # keyed hash: the code itself is in nobody's hands but the person's
    Column("expires_at", Instant, nullable=False),
    ident("claim", nullable=True),
    ident("claimed_by", nullable=True),  # the account that typed it
    PrimaryKeyConstraint("tenant", "account"),
    UniqueConstraint("tenant", "code"),
)

link_attempt = Table(
    "link_attempt",
    metadata,
    ident("tenant"),
    ident("account"),
    ident("what"),  # shown | typed
    Column("since", Instant, nullable=False),
    Column("attempts", Integer, nullable=False),
    PrimaryKeyConstraint("tenant", "account", "what"),
)


class Linking:
    """Implements ``bot.ports.linking.Linking``."""

    def __init__(self, conn: Connection, tenant: str) -> None:
        self._conn = conn
        self._tenant = tenant
        self._merging = Merging(conn, tenant)
        self.woken = False

    def attempt(self, account_id: str, what: Attempt, now: datetime) -> bool:
        row = {"tenant": self._tenant, "account": account_id, "what": what, "since": now, "attempts": 1}
        is_past = link_attempt.c.since <= now - ATTEMPTS_WITHIN
        one_more = {
            "since": case((is_past, literal(now, Instant)), else_=link_attempt.c.since),
            "attempts": case((is_past, 1), else_=link_attempt.c.attempts + 1),
        }
        counted = (
            insert(self._conn, link_attempt)
            .values(row)
            .on_conflict_do_update(
                index_elements=["tenant", "account", "what"],
                set_=one_more,
                where=or_(is_past, link_attempt.c.attempts < ATTEMPTS),
            )
        )
        return self._conn.execute(counted).rowcount == 1

    def show(self, account_id: str, code: str, expires_at: datetime) -> None:
        values = {"code": self._sealed(code), "expires_at": expires_at, "claim": None, "claimed_by": None}
        added = insert(self._conn, link_code).values(tenant=self._tenant, account=account_id, **values)
        self._conn.execute(added.on_conflict_do_update(index_elements=["tenant", "account"], set_=values))

    def claim(self, code: str, account_id: str, claim: str, now: datetime) -> str | None:
        free = or_(link_code.c.claimed_by.is_(None), link_code.c.claimed_by == account_id)
        this = (link_code.c.code == self._sealed(code)) & (link_code.c.expires_at > now) & free
        taken = update(link_code).where(self._codes(), this).values(claim=claim, claimed_by=account_id)
        found: str | None = self._conn.execute(taken.returning(link_code.c.account)).scalar_one_or_none()
        return found

    def claimed(self, claim: str, account_id: str, now: datetime) -> str | None:
        mine = (link_code.c.claim == claim) & (link_code.c.claimed_by == account_id) & (link_code.c.expires_at > now)
        used = delete(link_code).where(self._codes(), mine).returning(link_code.c.account)
        found: str | None = self._conn.execute(used).scalar_one_or_none()
        return found

    def _codes(self) -> ColumnElement[bool]:
        return link_code.c.tenant == self._tenant

    def _sealed(self, code: str) -> str:
        return sealed(People(self._conn, self._tenant).secret(), f"link {typed(code)}")

    def side(self, account_id: str) -> Side | None:
        own = (member.c.tenant == account.c.tenant) & (member.c.id == account.c.member) & member.c.active
        found = select(member.c.id, member.c.name, member.c.created_at).join(account, own)
        row = self._conn.execute(found.where(self._account(account_id))).one_or_none()
        if row is None:
            return None
        return Side(
            member=row.id,
            name=row.name,
            addresses=tuple(self.addresses(row.id)),
            lessons=self._rows(lesson_state, row.id, lesson_state.c.done_at.is_not(None)),
            answers=self._rows(answer, row.id, answer.c.voided.is_(False)),
            created_at=row.created_at,
        )

    def _rows(self, table: Table, member_id: str, condition: ColumnElement[bool]) -> int:
        mine = (table.c.tenant == self._tenant) & (table.c.member == member_id) & condition
        return int(self._conn.execute(select(func.count()).select_from(table).where(mine)).scalar_one())

    def addresses(self, member_id: str) -> Sequence[Address]:
        preferred = select(member.c.account).where(member.c.tenant == self._tenant, member.c.id == member_id)
        rows = self._conn.execute(
            select(account.c.id, account.c.workspace, workspace.c.platform, workspace.c.name)
            .join(workspace, workspace.c.id == account.c.workspace)
            .where(account.c.tenant == self._tenant, account.c.member == member_id)
            .order_by(case((account.c.id == preferred.scalar_subquery(), 0), else_=1), account.c.id)
        )
        return [
            Address(account=row.id, workspace=row.workspace, platform=row.platform, workspace_name=row.name)
            for row in rows
        ]

    def merge(self, kept: str, absorbed: str, now: datetime) -> bool:
        theirs = [one.account for one in self.addresses(absorbed)]
        if not self._merging.merge(kept, absorbed, now):
            return False
        # Any code that one of them still shows was for what has been done.
        spent = link_code.c.account.in_([*theirs, *(one.account for one in self.addresses(kept))])
        self._conn.execute(delete(link_code).where(self._codes(), spent))
        self._route(kept)
        return True

    def sweep(self, absorbed: str) -> None:
        kept = self._merging.heir(absorbed)
        if kept is not None and kept != absorbed:
            self._merging.move(kept, absorbed)
            self._route(kept)

    def tell(self, kind: str, subject: str, period: str, account_id: str) -> None:
        this = (delivery.c.kind == kind) & (delivery.c.subject == subject) & (delivery.c.period == period)
        self._send_to(this & (delivery.c.state == "ready"), account_id)

    def prefer(self, member_id: str, account_id: str) -> bool:
        theirs = select(account.c.id).where(self._account(account_id), account.c.member == member_id)
        chosen = self._member(member_id) & member.c.id.in_(select(account.c.member).where(account.c.id.in_(theirs)))
        if self._conn.execute(update(member).where(chosen).values(account=account_id)).rowcount == 0:
            return False
        self._route(member_id)
        return True

    def part(self, account_id: str, new_member: str, now: datetime) -> bool:
        old = self._detached(account_id)
        if old is None:
            return False
        profile = ("name", "locale", "zone")
        row = self._conn.execute(select(*(member.c[name] for name in profile)).where(self._member(old))).one()
        fresh = {"tenant": self._tenant, "id": new_member, "active": True, "flags": {}, "created_at": now}
        self._conn.execute(member.insert().values(**fresh, **row._mapping, account=account_id))
        self._conn.execute(update(account).where(self._account(account_id)).values(member=new_member))
        return True

    def leave(self, account_id: str) -> bool:
        if self._detached(account_id) is None:
            return False
        self._conn.execute(delete(account).where(self._account(account_id)))
        return True

    def _detached(self, account_id: str) -> str | None:
        """Send nothing more of its member to this account; the member, or nothing when it is the only one."""
        held = select(account.c.member).where(self._account(account_id))
        old: str | None = self._conn.execute(held).scalar_one_or_none()
        if old is None:
            return None
        self._merging.hold(old)  # two accounts of one member that go at once: the last one stays
        if self._conn.execute(held).scalar_one_or_none() != old:
            return None
        others = [one.account for one in self.addresses(old) if one.account != account_id]
        if not others:
            return None
        gone = self._member(old) & (member.c.account == account_id)
        self._conn.execute(update(member).where(gone).values(account=others[0]))
        self._conn.execute(delete(link_code).where(self._codes(), link_code.c.account == account_id))
        self._route(old, leaving=account_id)
        return old

    def _route(self, member_id: str, leaving: str = "") -> None:
        """What waits goes to the preferred account. What hangs on a message stays with it, unless that account goes."""
        preferred = select(member.c.account).where(self._member(member_id))
        account_id: str | None = self._conn.execute(preferred).scalar_one_or_none()
        waiting = (delivery.c.member == member_id) & delivery.c.state.in_(["ready", "claimed"])
        if account_id is None:
            return
        # What may have arrived there already is sent again there, if anywhere: two places could not be told apart.
        self._send_to(waiting & delivery.c.root.is_(None) & delivery.c.in_doubt.is_(false()), account_id)
        if leaving:
            Ledger(self._conn, self._tenant).end(waiting & (delivery.c.account == leaving), "account gone")

    def _send_to(self, condition: ColumnElement[bool], account_id: str) -> None:
        lane: Any = select(account.c.workspace).where(self._account(account_id)).scalar_subquery()
        theirs = in_turn(self._conn, (delivery.c.tenant == self._tenant) & condition)
        # A claimed row goes back: its worker, of another lane perhaps, fails at the intent.
        values = {"account": account_id, "workspace": lane, "state": "ready", "owner": None}
        moved = update(delivery).where(theirs, delivery.c.account != account_id).values(**values)
        self.woken = self._conn.execute(moved).rowcount > 0 or self.woken

    def _account(self, account_id: str) -> ColumnElement[bool]:
        return (account.c.tenant == self._tenant) & (account.c.id == account_id)

    def _member(self, member_id: str) -> ColumnElement[bool]:
        return (member.c.tenant == self._tenant) & (member.c.id == member_id)


def move_away(conn: Connection, workspace_id: str) -> int:
    """A workspace is gone: members who were reached there, and have an account elsewhere, are reached at that one.

    Call it before what waits in that lane is ended. Returns how many members it was.
    """
    other, elsewhere = account.alias("other"), workspace.alias("elsewhere")
    here = (account.c.tenant == member.c.tenant) & (account.c.id == member.c.account)
    theirs = (other.c.tenant == member.c.tenant) & (other.c.member == member.c.id) & (other.c.id != account.c.id)
    rows = conn.execute(
        select(member.c.tenant, member.c.id, func.min(other.c.id).label("account"))
        .join(account, here)
        .join(other, theirs)
        .join(elsewhere, (elsewhere.c.id == other.c.workspace) & (elsewhere.c.state == "active"))
        .where(account.c.workspace == workspace_id, member.c.active)
        .group_by(member.c.tenant, member.c.id)
        .order_by(member.c.id)
    ).all()
    return sum(Linking(conn, row.tenant).prefer(row.id, row.account) for row in rows)
