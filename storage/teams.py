"""Where people and channels are reached on Microsoft Teams: a conversation is only an address with its service address."""

from __future__ import annotations

from datetime import datetime, timedelta

import msgspec
from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    LargeBinary,
    PrimaryKeyConstraint,
    Table,
    delete,
    select,
    update,
)

from storage.dialects import insert
from storage.people import account, member
from storage.places import channel
from storage.schema import Instant, ident, metadata, words

teams_conversation = Table(
    "teams_conversation",
    metadata,
    ident("tenant"),
    ident("workspace"),
    ident("id"),
    ident("kind"),  # direct | channel | group
    words("service_url"),
    Column("seen_at", Instant, nullable=False),
    PrimaryKeyConstraint("tenant", "workspace", "id"),
)

teams_person = Table(
    "teams_person",
    metadata,
    ident("tenant"),
    ident("workspace"),
    ident("account"),
    ident("user_id"),  # what the connector calls them
    ident("direct", nullable=True),  # their own conversation with us, once there is one
    words("service_url"),
    PrimaryKeyConstraint("tenant", "workspace", "account"),
)

teams_file = Table(
    "teams_file",
    metadata,
    ident("tenant"),
    ident("workspace"),
    ident("id"),
    ident("conversation"),  # whose file it is: the person's own conversation
    words("name"),
    ident("mime"),
    Column("data", LargeBinary, nullable=False),
    Column("offered_at", Instant, nullable=False),
    PrimaryKeyConstraint("tenant", "workspace", "id"),
)
OFFERED_FOR = timedelta(days=7)


class Offered(msgspec.Struct, frozen=True, kw_only=True):
    """A file that waits for the person's consent: only then does Teams say where to put it."""

    id: str
    conversation: str
    name: str
    mime: str
    data: bytes


class Conversation(msgspec.Struct, frozen=True, kw_only=True):
    """A conversation as it was last seen. ``name`` is known for channels only."""

    id: str
    kind: str
    service_url: str
    name: str = ""


class Reachable(msgspec.Struct, frozen=True, kw_only=True):
    """A person as they were last seen."""

    account: str
    user: str
    service_url: str
    direct: str | None = None
    zone: str | None = None


class TeamsAddresses:
    """Addresses of one workspace."""

    def __init__(self, conn: Connection, tenant: str, workspace: str) -> None:
        self._conn = conn
        self._here = {"tenant": tenant, "workspace": workspace}

    def keep_conversation(self, seen: Conversation, new_id: str, zone: str, now: datetime) -> None:
        """Keep where a conversation is; a channel or group chat becomes one of ours as well."""
        values = {"kind": seen.kind, "service_url": seen.service_url, "seen_at": now}
        row = {**self._here, "id": seen.id, **values}
        keys = ["tenant", "workspace", "id"]
        statement = insert(self._conn, teams_conversation).values(row)
        self._conn.execute(statement.on_conflict_do_update(index_elements=keys, set_=values))
        if seen.kind != "direct":
            place = {**self._here, "id": new_id, "address": seen.id, "name": seen.name or seen.kind, "zone": zone}
            self._conn.execute(insert(self._conn, channel).values(place).on_conflict_do_nothing())

    def keep_person(self, seen: Reachable) -> None:
        """Keep how to reach a person. What was known and is not told now stays."""
        values = {"user_id": seen.user, "service_url": seen.service_url}
        if seen.direct is not None:
            values["direct"] = seen.direct
        row = {**self._here, "account": seen.account, "direct": None, **values}
        keys = ["tenant", "workspace", "account"]
        statement = insert(self._conn, teams_person).values(row)
        self._conn.execute(statement.on_conflict_do_update(index_elements=keys, set_=values))
        self._fill_in(seen)

    def _fill_in(self, seen: Reachable) -> None:
        """An account met in a channel gets its address, and a member met without a zone gets one."""
        mine = [account.c[name] == value for name, value in self._here.items()]
        mine.append(account.c.external == seen.account)
        if seen.direct is not None:
            moved = account.c.address != seen.direct
            self._conn.execute(update(account).where(*mine, moved).values(address=seen.direct))
        if seen.zone is not None:
            owner = select(account.c.member).where(*mine).scalar_subquery()
            unset = (member.c.tenant == self._here["tenant"]) & (member.c.id == owner) & member.c.zone.is_(None)
            self._conn.execute(update(member).where(unset).values(zone=seen.zone))

    def conversation(self, id: str) -> Conversation | None:
        table = teams_conversation.c
        row = self._conn.execute(
            select(table.kind, table.service_url).where(*self._mine(teams_conversation), table.id == id)
        ).one_or_none()
        return None if row is None else Conversation(id=id, kind=row.kind, service_url=row.service_url)

    def person(self, account_id: str) -> Reachable | None:
        return self._person(teams_person.c.account == account_id)

    def person_of(self, member_id: str) -> Reachable | None:
        """A member's account here."""
        mine = select(account.c.external).where(account.c.member == member_id, *self._mine(account)).limit(1)
        return self._person(teams_person.c.account == mine.scalar_subquery())

    def offer(self, file: Offered, now: datetime) -> None:
        """Keep a file until it is taken; what nobody took goes after a week."""
        old = teams_file.c.offered_at < now - OFFERED_FOR
        self._conn.execute(delete(teams_file).where(*self._mine(teams_file), old))
        row = {**self._here, **msgspec.structs.asdict(file), "offered_at": now}
        self._conn.execute(teams_file.insert().values(row))

    def offered(self, id: str, conversation: str) -> Offered | None:
        """A file offered in this very conversation."""
        table = teams_file.c
        mine = (*self._mine(teams_file), table.id == id, table.conversation == conversation)
        row = self._conn.execute(select(table.name, table.mime, table.data).where(*mine)).one_or_none()
        if row is None:
            return None
        return Offered(id=id, conversation=conversation, name=row.name, mime=row.mime, data=row.data)

    def taken(self, id: str) -> None:
        self._conn.execute(delete(teams_file).where(*self._mine(teams_file), teams_file.c.id == id))

    def forget(self, conversation: str, before: datetime) -> None:
        """Files that were offered there earlier and can no longer be taken."""
        table = teams_file.c
        old = (table.conversation == conversation, table.offered_at < before)
        self._conn.execute(delete(teams_file).where(*self._mine(teams_file), *old))

    def take(self, id: str, conversation: str, since: datetime) -> Offered | None:
        """A file for whoever comes first: the row that is deleted decides. What was offered before ``since`` is gone."""
        table = teams_file.c
        mine = (*self._mine(teams_file), table.id == id, table.conversation == conversation, table.offered_at >= since)
        row = self._conn.execute(
            delete(teams_file).where(*mine).returning(table.name, table.mime, table.data)
        ).one_or_none()
        if row is None:
            return None
        return Offered(id=id, conversation=conversation, name=row.name, mime=row.mime, data=row.data)

    def _person(self, condition: ColumnElement[bool]) -> Reachable | None:
        row = self._conn.execute(select(teams_person).where(*self._mine(teams_person), condition)).one_or_none()
        if row is None:
            return None
        return Reachable(account=row.account, user=row.user_id, service_url=row.service_url, direct=row.direct)

    def _mine(self, table: Table) -> list[ColumnElement[bool]]:
        return [table.c[name] == value for name, value in self._here.items()]
