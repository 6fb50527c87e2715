"""Everything about one person: where it is, as one document for them, and gone for good.

``RULES`` names every column that holds a person; a test walks the tables, so that a new one cannot be forgotten. Where
others need a row (a session they had, an entry of the glossary), a stand-in takes the person's place: a fresh id that
leads nowhere. A stand-in also takes the place in a published set of people, so that no figure about a group tells who went.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any, Literal

from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    PrimaryKeyConstraint,
    Table,
    Text,
    TextClause,
    and_,
    cast,
    delete,
    func,
    or_,
    select,
    update,
)

from bot.domain.privacy import sealed
from storage.askings import answer, asking
from storage.attention import lesson_mark, practice
from storage.dialects import insert
from storage.digest import digest_edition, digest_set
from storage.enrolments import begun_track, enrolment
from storage.glossary import own_term_revision, term_suggestion
from storage.installations import installation
from storage.jobs import job
from storage.ledger import SELDOM, Ledger, delivery, in_turn, message_budget
from storage.lessons import learner, lesson_state
from storage.linking import link_attempt, link_code
from storage.notices import notice_told
from storage.office_hours import booking, office_turn, office_window
from storage.participation import participation
from storage.people import account, member, member_role, team
from storage.reviews import review_card
from storage.schema import Instant, ident, metadata
from storage.settings import tenant
from storage.teams import teams_conversation, teams_file, teams_person

STAND_IN = "A former member"
ERASED = "erased"

erased_person = Table(
    "erased_person",
    metadata,
    ident("tenant"),
    ident("mark"),  # keyed hash of workspace and account: it can be recognized, and not read
    Column("at", Instant, nullable=False),
    PrimaryKeyConstraint("tenant", "mark"),
)


@dataclass(frozen=True, slots=True)
class Rule:
    """A column that holds a person, by what it holds of them, and what becomes of its rows."""

    column: Column[Any]
    holds: Literal["member", "account", "external", "address"]
    then: Literal["delete", "stand in", "empty"] = "delete"
    also: tuple[str, ...] = ()  # words of theirs in the same row, emptied with it
    where: TextClause | None = None  # the rows of its table that another rule does not find

    @property
    def table(self) -> Table:
        found = self.column.table
        assert isinstance(found, Table)
        return found


RULES = (
    Rule(delivery.c.member, "member"),
    Rule(delivery.c.subject, "member", where=SELDOM),  # a lesson's subject is its member
    Rule(delivery.c.account, "account"),
    Rule(message_budget.c.member, "member"),
    Rule(answer.c.member, "member"),
    Rule(asking.c.member, "member"),
    Rule(lesson_state.c.member, "member"),
    Rule(lesson_mark.c.member, "member"),
    Rule(practice.c.member, "member"),
    Rule(review_card.c.member, "member"),
    Rule(enrolment.c.member, "member"),
    Rule(begun_track.c.member, "member"),
    Rule(learner.c.member, "member"),
    Rule(participation.c.member, "member"),
    Rule(office_turn.c.member, "member"),
    Rule(office_window.c.host, "member", "stand in", ("topics", "place")),
    Rule(booking.c.host, "member", "stand in", ("place",)),
    Rule(booking.c.member, "member", "stand in", ("question",)),
    Rule(booking.c.cancelled_by, "member", "stand in"),
    Rule(term_suggestion.c.member, "member", "stand in"),
    Rule(own_term_revision.c.editor, "member", "stand in"),
    Rule(notice_told.c.member, "member"),
    Rule(digest_set.c.reader, "member"),
    Rule(digest_edition.c.reader, "member"),
    Rule(job.c.period, "member"),
    Rule(member_role.c.member, "member"),
    Rule(team.c.manager, "member", "empty"),
    Rule(link_code.c.account, "account"),
    Rule(link_code.c.claimed_by, "account"),
    Rule(link_attempt.c.account, "account"),
    Rule(teams_person.c.account, "external"),
    Rule(teams_conversation.c.id, "address"),
    Rule(teams_file.c.conversation, "address"),
    Rule(installation.c.installer, "external", "empty"),
    Rule(account.c.member, "member"),
    Rule(member.c.account, "account"),
    Rule(member.c.merged_into, "member"),
    Rule(member.c.id, "member"),
)


class Erasure:
    """Implements ``bot.ports.privacy.Privacy``."""

    def __init__(self, conn: Connection, tenant_id: str) -> None:
        self._conn = conn
        self._tenant = tenant_id
        self._key = ""

    def found(self, words: str, workspace_id: str) -> list[tuple[str, str]]:
        """At most two people, gone or not, with this name or this account here: (id, name)."""
        here = (account.c.tenant == self._tenant) & (account.c.workspace == workspace_id)
        said = words.lower()
        spoken = select(account.c.member).where(here, func.lower(account.c.external) == said)
        named = (member.c.tenant == self._tenant) & member.c.account.is_not(None)
        rows = self._conn.execute(
            select(member.c.id, member.c.name)
            .where(named, or_(func.lower(member.c.name) == said, member.c.id.in_(spoken)))
            .order_by(member.c.id)
            .limit(2)
        )
        return [(row.id, row.name) for row in rows]

    def export(self, member_id: str) -> Mapping[str, Sequence[Mapping[str, Any]]]:
        """Every row that names a person, by table."""
        whose = self._whose(member_id)
        found: dict[str, list[Mapping[str, Any]]] = {}
        for table in dict.fromkeys(rule.table for rule in RULES):
            mine = or_(*(self._theirs(rule, whose) for rule in RULES if rule.table is table))
            rows = self._conn.execute(select(table).where(self._in_tenant(table), mine)).mappings()
            told: list[Mapping[str, Any]] = [
                {name: _plain(value) for name, value in row.items() if name not in _UNTOLD} for row in rows
            ]
            if told:
                found[table.name] = told
        return found

    def erase(self, member_id: str, stand_in: str, now: datetime) -> int:
        """Erase a person. Returns how many calls to them are under way: they may still arrive."""
        whose = self._whose(member_id)
        under_way = self._stop(whose["member"])
        self._mark(whose["member"], now)
        row = {"tenant": self._tenant, "id": stand_in, "name": STAND_IN, "locale": "en", "active": False}
        self._conn.execute(member.insert().values(**row, flags={}, created_at=now, left_at=now))
        self._conn.execute(
            update(office_window)
            .where(self._in_tenant(office_window), office_window.c.host.in_(whose["member"]))
            .values(closed_at=now)
        )
        self._stand_in_sets(whose["member"], stand_in)
        for rule in RULES:
            self._apply(rule, whose, stand_in)
        return under_way

    def is_erased(self, workspace_id: str, external: str) -> bool:
        mark = self._sealed(workspace_id, external)
        mine = (erased_person.c.tenant == self._tenant) & (erased_person.c.mark == mark)
        return self._conn.execute(select(erased_person.c.mark).where(mine)).first() is not None

    def erased(self, workspace_id: str, externals: Iterable[str]) -> set[str]:
        """Those of many of whom :meth:`is_erased` is true."""
        marks = set(self._conn.execute(select(erased_person.c.mark).where(self._in_tenant(erased_person))).scalars())
        return {one for one in externals if marks and self._sealed(workspace_id, one) in marks}

    def speaks_again(self, workspace_id: str, external: str) -> None:
        mark = self._sealed(workspace_id, external)
        mine = (erased_person.c.tenant == self._tenant) & (erased_person.c.mark == mark)
        self._conn.execute(delete(erased_person).where(mine))

    def again(self, marks: Mapping[str, datetime], new_id: Callable[[], str], now: datetime) -> int:
        """Erase once more whom an older copy of the database brought back: people with these marks, met before they were set."""
        if self._conn.execute(select(tenant.c.id).where(tenant.c.id == self._tenant)).first() is None:
            return 0
        own = (member.c.tenant == account.c.tenant) & (member.c.id == account.c.member)
        known = select(account.c.workspace, account.c.external, member.c.id, member.c.created_at).join(member, own)
        rows = self._conn.execute(known.where(self._in_tenant(account))).all()
        back = {
            row.id for row in rows if row.created_at <= marks.get(self._sealed(row.workspace, row.external), _NEVER)
        }
        for one in sorted(back):
            self.erase(one, new_id(), now)
        return len(back)

    def _whose(self, member_id: str) -> dict[str, list[str]]:
        """Everything that stands for a person: their ids, and those of members that were merged into them."""
        ids, new = [member_id], [member_id]
        while new:
            merged = select(member.c.id).where(self._in_tenant(member), member.c.merged_into.in_(new))
            new = [one for one in self._conn.execute(merged).scalars() if one not in ids]
            ids += new
        theirs = select(account).where(self._in_tenant(account), account.c.member.in_(ids))
        accounts = self._conn.execute(theirs).all()
        return {
            "member": ids,
            "account": [row.id for row in accounts],
            "external": [row.external for row in accounts],
            "address": [row.address for row in accounts if row.address],
        }

    def _stop(self, ids: Collection[str]) -> int:
        """End what waits for them or speaks of them. A worker that has claimed a row of theirs finds it gone."""
        rows = self._in_tenant(delivery)
        quoted = [
            cast(column, Text).contains(f'"{one}{end}', autoescape=True)
            for column in _DOCUMENTS
            for one in ids
            for end in ('"', ".")
        ]
        sessions = [delivery.c.subject.startswith(f"{one}.", autoescape=True) for one in ids]
        # No lesson names anybody, and there are a hundred for every other message: an index leaves them out.
        named = and_(rows, SELDOM, or_(*quoted, *sessions))
        Ledger(self._conn, self._tenant).end(named & delivery.c.state.in_(["ready", "claimed"]), ERASED)
        self._conn.execute(update(delivery).where(in_turn(self._conn, named)).values(payload={}, chosen=None))
        called = delivery.c.state.in_(["sending", "unknown"])
        return len(self._conn.execute(select(delivery.c.id).where(rows, delivery.c.member.in_(ids), called)).all())

    def _mark(self, ids: Collection[str], now: datetime) -> None:
        theirs = select(account.c.workspace, account.c.external).where(account.c.member.in_(ids))
        for row in self._conn.execute(theirs.where(self._in_tenant(account))).all():
            mark = {"tenant": self._tenant, "mark": self._sealed(row.workspace, row.external), "at": now}
            kept = insert(self._conn, erased_person).values(mark)
            self._conn.execute(kept.on_conflict_do_update(index_elements=["tenant", "mark"], set_={"at": now}))

    def _stand_in_sets(self, ids: Collection[str], stand_in: str) -> None:
        """A published set keeps its size: it moves by nobody or by a group, whoever goes and however."""
        secret = self._secret()
        theirs = digest_set.c.hash.in_([sealed(secret, one) for one in ids])
        self._conn.execute(
            update(digest_set).where(self._in_tenant(digest_set), theirs).values(hash=sealed(secret, stand_in))
        )

    def _apply(self, rule: Rule, whose: Mapping[str, Sequence[str]], stand_in: str) -> None:
        rows = self._in_tenant(rule.table) & self._theirs(rule, whose)
        if rule.then == "delete":
            self._conn.execute(delete(rule.table).where(rows))
            return
        new: Any = stand_in if rule.then == "stand in" else None if rule.column.nullable else ""
        words: dict[str, Any] = {name: None if rule.table.c[name].nullable else "" for name in rule.also}
        self._conn.execute(update(rule.table).where(rows).values({rule.column.name: new, **words}))

    def _theirs(self, rule: Rule, whose: Mapping[str, Sequence[str]]) -> ColumnElement[bool]:
        theirs = rule.column.in_(whose[rule.holds])
        return theirs if rule.where is None else and_(theirs, rule.where)

    def _in_tenant(self, table: Table) -> ColumnElement[bool]:
        return table.c.tenant == self._tenant

    def _secret(self) -> str:
        return str(self._conn.execute(select(tenant.c.secret).where(tenant.c.id == self._tenant)).scalar_one())

    def _sealed(self, workspace_id: str, external: str) -> str:
        self._key = self._key or self._secret()
        return sealed(self._key, f"erased {workspace_id} {external}")


def marks(conn: Connection) -> list[tuple[str, str, datetime]]:
    """(tenant, mark, when) of everybody who was erased and has not spoken again."""
    rows = conn.execute(select(erased_person).order_by(erased_person.c.at, erased_person.c.mark))
    return [(row.tenant, row.mark, row.at) for row in rows]


_NEVER = datetime.fromtimestamp(0, UTC)
_DOCUMENTS = (delivery.c.payload, delivery.c.chosen)
_UNTOLD = {"tenant", "owner", "epoch", "lease_until", "not_before", "code", "service_url"}


def _plain(value: Any) -> Any:
    """A value as JSON has it."""
    if isinstance(value, datetime | date):
        return value.isoformat()
    return base64.b64encode(value).decode() if isinstance(value, bytes) else value
