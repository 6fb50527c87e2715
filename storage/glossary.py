"""Look-up counts without names, what people could not find, and their suggestions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    Integer,
    PrimaryKeyConstraint,
    Row,
    Table,
    bindparam,
    func,
    select,
    update,
)

from bot.ports.glossary import Miss, OwnTerm, Revision, Suggestion
from storage.dialects import insert
from storage.schema import Instant, ident, metadata, words

term_use = Table(
    "term_use",
    metadata,
    ident("tenant"),
    ident("term"),
    Column("uses", Integer, nullable=False),
    PrimaryKeyConstraint("tenant", "term"),
)

term_miss = Table(
    "term_miss",
    metadata,
    ident("tenant"),
    ident("words"),
    Column("asked", Integer, nullable=False),
    Column("last_at", Instant, nullable=False),
    PrimaryKeyConstraint("tenant", "words"),
)

term_suggestion = Table(
    "term_suggestion",
    metadata,
    ident("tenant"),
    ident("id"),
    words("term"),
    words("meaning"),
    ident("member"),
    ident("state"),  # open | approved | refused
    Column("created_at", Instant, nullable=False),
    Column("decided_at", Instant),
    PrimaryKeyConstraint("tenant", "id"),
)

own_term = Table(
    "own_term",
    metadata,
    ident("tenant"),
    ident("id"),
    words("term"),
    words("short"),
    words("plain"),
    Column("rev", Integer, nullable=False),
    PrimaryKeyConstraint("tenant", "id"),
)

own_term_revision = Table(
    "own_term_revision",
    metadata,
    ident("tenant"),
    ident("id"),
    Column("rev", Integer, nullable=False),
    words("term"),
    words("short"),
    words("plain"),
    ident("editor"),
    Column("at", Instant, nullable=False),
    PrimaryKeyConstraint("tenant", "id", "rev"),
)


_REVISIONS = select(own_term.c.tenant, func.sum(own_term.c.rev).label("revision")).group_by(own_term.c.tenant)
_ENTRIES = (
    select(own_term)
    .where(own_term.c.tenant.in_(bindparam("tenants", expanding=True)))
    .order_by(own_term.c.tenant, own_term.c.id)
)


_SUGGEST = term_suggestion.insert()


class Glossary:
    """Implements ``bot.ports.glossary.Glossary``."""

    def __init__(self, conn: Connection, tenant: str) -> None:
        self._conn = conn
        self._tenant = tenant
        self.has_changed = False  # whether this transaction changed the company's own entries

    def add_uses(self, uses: Mapping[str, int]) -> None:
        for term, count in uses.items():
            statement = insert(self._conn, term_use).values(tenant=self._tenant, term=term, uses=count)
            added = {"uses": term_use.c.uses + statement.excluded.uses}
            self._conn.execute(statement.on_conflict_do_update(index_elements=["tenant", "term"], set_=added))

    def add_misses(self, misses: Mapping[str, int], now: datetime) -> None:
        for missed, count in misses.items():
            row = {"tenant": self._tenant, "words": missed[:200], "asked": count, "last_at": now}
            statement = insert(self._conn, term_miss).values(row)
            added = {"asked": term_miss.c.asked + statement.excluded.asked, "last_at": statement.excluded.last_at}
            self._conn.execute(statement.on_conflict_do_update(index_elements=["tenant", "words"], set_=added))

    def uses(self) -> Mapping[str, int]:
        rows = self._conn.execute(select(term_use.c.term, term_use.c.uses).where(term_use.c.tenant == self._tenant))
        return {row.term: row.uses for row in rows}

    def misses(self, limit: int = 20) -> Sequence[Miss]:
        rows = self._conn.execute(
            select(term_miss)
            .where(term_miss.c.tenant == self._tenant)
            .order_by(term_miss.c.asked.desc(), term_miss.c.last_at.desc())
            .limit(limit)
        )
        return [Miss(row.words, row.asked, row.last_at) for row in rows]

    def suggest(self, id: str, term: str, meaning: str, member: str, now: datetime) -> None:
        row = {"tenant": self._tenant, "id": id, "term": term, "meaning": meaning, "member": member}
        self._conn.execute(_SUGGEST, {**row, "state": "open", "created_at": now})

    def suggested_by(self, member: str) -> int:
        mine = select(func.count()).where(term_suggestion.c.tenant == self._tenant, term_suggestion.c.member == member)
        return self._conn.execute(mine).scalar_one()

    def waiting(self) -> tuple[int, Suggestion | None]:
        total: int = self._conn.execute(select(func.count()).where(self._open())).scalar_one()
        oldest = (
            select(term_suggestion).where(self._open()).order_by(term_suggestion.c.created_at, term_suggestion.c.id)
        )
        row = self._conn.execute(oldest.limit(1)).one_or_none()
        return total, None if row is None else _suggestion(row)

    def suggestion(self, id: str) -> Suggestion | None:
        this = select(term_suggestion).where(self._open(), term_suggestion.c.id == id)
        row = self._conn.execute(this).one_or_none()
        return None if row is None else _suggestion(row)

    def decide(self, id: str, state: str, now: datetime) -> bool:
        this = update(term_suggestion).where(self._open(), term_suggestion.c.id == id)
        return self._conn.execute(this.values(state=state, decided_at=now)).rowcount == 1

    def _open(self) -> ColumnElement[bool]:
        return (term_suggestion.c.tenant == self._tenant) & (term_suggestion.c.state == "open")

    def own(self, id: str) -> OwnTerm | None:
        this = select(own_term).where(own_term.c.tenant == self._tenant, own_term.c.id == id)
        row = self._conn.execute(this).one_or_none()
        return None if row is None else _entry(row)

    def entries(self) -> tuple[int, Sequence[OwnTerm]]:
        return own_terms(self._conn, [self._tenant])[self._tenant]

    def keep_own(self, entry: OwnTerm, editor: str, now: datetime) -> int:
        values = {"term": entry.term, "short": entry.short, "plain": entry.plain}
        first = insert(self._conn, own_term).values(tenant=self._tenant, id=entry.id, rev=1, **values)
        next_one = {**values, "rev": own_term.c.rev + 1}
        kept = first.on_conflict_do_update(index_elements=["tenant", "id"], set_=next_one).returning(own_term.c.rev)
        rev: int = self._conn.execute(kept).scalar_one()
        self.has_changed = True
        row = {"tenant": self._tenant, "id": entry.id, "rev": rev, **values, "editor": editor, "at": now}
        self._conn.execute(own_term_revision.insert(), row)
        return rev

    def revisions(self, id: str) -> Sequence[Revision]:
        mine = (own_term_revision.c.tenant == self._tenant) & (own_term_revision.c.id == id)
        rows = self._conn.execute(select(own_term_revision).where(mine).order_by(own_term_revision.c.rev.desc()))
        return [Revision(_entry(row), row.editor, row.at) for row in rows]


def own_revisions(conn: Connection) -> dict[str, int]:
    """Of every company with entries of its own, the number that every change of one raises."""
    rows = conn.execute(_REVISIONS)
    return {row.tenant: int(row.revision) for row in rows}


def own_terms(conn: Connection, tenants: Sequence[str]) -> dict[str, tuple[int, Sequence[OwnTerm]]]:
    """The entries of these companies' own, each with the revision of all of a company's together."""
    rows = conn.execute(_ENTRIES, {"tenants": list(tenants)})
    found: dict[str, list[OwnTerm]] = {one: [] for one in tenants}
    for row in rows:
        found[row.tenant].append(_entry(row))
    return {tenant: (sum(one.rev for one in entries), entries) for tenant, entries in found.items()}


def _suggestion(row: Row[Any]) -> Suggestion:
    return Suggestion(id=row.id, term=row.term, meaning=row.meaning, member=row.member)


def _entry(row: Row[Any]) -> OwnTerm:
    return OwnTerm(id=row.id, term=row.term, short=row.short, plain=row.plain, rev=row.rev)
