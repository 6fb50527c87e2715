"""The weekly quiz: subscriptions, one run a week, its state in each channel, and what its answers add up to."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    Index,
    PrimaryKeyConstraint,
    Row,
    Table,
    bindparam,
    delete,
    func,
    literal_column,
    select,
    text,
    update,
)

from bot.domain.quizzes import Figures, Opening
from bot.ports.lessons import Asking
from bot.ports.quiz import Post, Run, Subscription
from storage.askings import answer, asking
from storage.dialects import insert
from storage.places import channel
from storage.schema import Instant, Json, ident, metadata, words

IS_QUIZ = "source = 'quiz'"
# A literal, so that both databases see that the partial index holds what is asked for.
SOURCE: ColumnElement[str] = literal_column("'quiz'")
Index(
    "ix_asking_quiz",
    asking.c.tenant,
    asking.c.source_id,
    sqlite_where=text(IS_QUIZ),
    postgresql_where=text(IS_QUIZ),
)

quiz_subscription = Table(
    "quiz_subscription",
    metadata,
    ident("tenant"),
    ident("channel"),
    Column("since", Instant, nullable=False),
    PrimaryKeyConstraint("tenant", "channel"),
)

quiz_run = Table(
    "quiz_run",
    metadata,
    ident("tenant"),
    ident("week"),
    ident("quiz"),
    ident("pack"),
    words("theme"),
    Column("opens_at", Instant, nullable=False),
    Column("closes_at", Instant, nullable=False),  # in the last channel
    Column("figures", Json),  # published once
    PrimaryKeyConstraint("tenant", "week"),
)

quiz_post = Table(
    "quiz_post",
    metadata,
    ident("tenant"),
    ident("week"),
    ident("channel"),
    Column("opens_at", Instant, nullable=False),
    Column("closes_at", Instant, nullable=False),
    Column("opened_at", Instant),
    Column("state_due", Instant),
    words("missed", nullable=True),
    PrimaryKeyConstraint("tenant", "week", "channel"),
)


# Made once: every tick asks this.
_SUBSCRIPTIONS = (
    select(quiz_subscription.c.channel, channel.c.zone, quiz_subscription.c.since)
    .join(
        channel,
        (channel.c.tenant == quiz_subscription.c.tenant) & (channel.c.id == quiz_subscription.c.channel),
    )
    .where(quiz_subscription.c.tenant == bindparam("of_tenant"))
    .order_by(quiz_subscription.c.channel)
)


class Quizzes:
    """Implements ``bot.ports.quiz.Quizzes``."""

    def __init__(self, conn: Connection, tenant: str) -> None:
        self._conn = conn
        self._tenant = tenant

    def subscribe(self, channel_id: str, now: datetime) -> bool:
        row = {"tenant": self._tenant, "channel": channel_id, "since": now}
        return self._insert(quiz_subscription, row)

    def unsubscribe(self, channel_id: str) -> bool:
        mine = (quiz_subscription.c.tenant == self._tenant) & (quiz_subscription.c.channel == channel_id)
        return self._conn.execute(delete(quiz_subscription).where(mine)).rowcount == 1

    def subscription(self, channel_id: str) -> Subscription | None:
        return next((one for one in self.subscriptions() if one.channel == channel_id), None)

    def subscriptions(self) -> Sequence[Subscription]:
        rows = self._conn.execute(_SUBSCRIPTIONS, {"of_tenant": self._tenant})
        return [Subscription(row.channel, row.zone, row.since) for row in rows]

    def begin(self, run: Run) -> Run:
        self._insert(quiz_run, {"tenant": self._tenant, **msgspec.structs.asdict(run)})
        return self.runs([run.week])[run.week]

    def run(self, week: str) -> Run | None:
        return self.runs([week]).get(week)

    def runs(self, weeks: Sequence[str]) -> Mapping[str, Run]:
        rows = self._conn.execute(select(quiz_run).where(quiz_run.c.tenant == self._tenant, quiz_run.c.week.in_(weeks)))
        return {row.week: _run(row) for row in rows}

    def used(self) -> Mapping[str, str]:
        rows = self._conn.execute(
            select(quiz_run.c.quiz, func.max(quiz_run.c.week).label("week"))
            .where(quiz_run.c.tenant == self._tenant)
            .group_by(quiz_run.c.quiz)
        )
        return {row.quiz: row.week for row in rows}

    def post(self, opening: Opening, channel_id: str, missed: str | None = None) -> bool:
        row = {"tenant": self._tenant, "channel": channel_id, "missed": missed, **msgspec.structs.asdict(opening)}
        return self._insert(quiz_post, row)

    def posts(self, week: str) -> Sequence[Post]:
        mine = (quiz_post.c.tenant == self._tenant) & (quiz_post.c.week == week)
        return [_post(row) for row in self._conn.execute(select(quiz_post).where(mine).order_by(quiz_post.c.channel))]

    def latest(self, channel_id: str) -> Post | None:
        mine = (quiz_post.c.tenant == self._tenant) & (quiz_post.c.channel == channel_id)
        row = self._conn.execute(
            select(quiz_post).where(mine, quiz_post.c.opened_at.is_not(None)).order_by(quiz_post.c.week.desc()).limit(1)
        ).one_or_none()
        return None if row is None else _post(row)

    def opened(self, week: str, channel_id: str, now: datetime) -> None:
        first = quiz_post.c.opened_at.is_(None)
        self._conn.execute(update(quiz_post).where(self._one(week, channel_id), first).values(opened_at=now))

    def state_due(self, week: str, channel_id: str, at: datetime) -> None:
        self._conn.execute(update(quiz_post).where(self._one(week, channel_id)).values(state_due=at))

    def _one(self, week: str, channel_id: str) -> Any:
        mine = (quiz_post.c.tenant == self._tenant) & (quiz_post.c.week == week)
        return mine & (quiz_post.c.channel == channel_id)

    def reached(self, workspace: str, now: datetime) -> Sequence[Run]:
        here = (
            select(quiz_post.c.week)
            .join(channel, (channel.c.tenant == quiz_post.c.tenant) & (channel.c.id == quiz_post.c.channel))
            .where(
                quiz_post.c.tenant == self._tenant,
                channel.c.workspace == workspace,
                quiz_post.c.opened_at.is_not(None),
            )
        )
        rows = self._conn.execute(
            select(quiz_run)
            .where(
                quiz_run.c.tenant == self._tenant,
                quiz_run.c.opens_at <= now,
                quiz_run.c.closes_at > now,
                quiz_run.c.week.in_(here),
            )
            .order_by(quiz_run.c.week)
        )
        return [_run(row) for row in rows]

    def askings(self, week: str) -> Sequence[Asking]:
        rows = self._conn.execute(select(asking).where(self._of([week])).order_by(asking.c.position))
        return [
            Asking(
                id=row.id,
                source=row.source,
                source_id=row.source_id,
                position=row.position,
                question=row.question,
                rev=row.rev,
                order=tuple(row.order),
                pack=row.pack,
                member=row.member,
            )
            for row in rows
        ]

    def answered(self, week: str, member: str) -> frozenset[str]:
        chosen = self._answers(answer.c.asking).where(self._of([week]), answer.c.member == member)
        return frozenset(self._conn.execute(chosen).scalars())

    def took_part(self, weeks: Sequence[str]) -> Mapping[str, int]:
        people = func.count(answer.c.member.distinct()).label("people")
        counted = self._answers(asking.c.source_id, people).where(self._of(weeks)).group_by(asking.c.source_id)
        return {**dict.fromkeys(weeks, 0), **{row.source_id: row.people for row in self._conn.execute(counted)}}

    def picks(self, week: str) -> Mapping[str, Mapping[str, int]]:
        total = func.count().label("total")
        counted = (
            self._answers(answer.c.asking, answer.c.option, total)
            .where(self._of([week]), answer.c.voided.is_(False))
            .group_by(answer.c.asking, answer.c.option)
        )
        found: defaultdict[str, dict[str, int]] = defaultdict(dict)
        for row in self._conn.execute(counted):
            found[row.asking][row.option] = row.total
        return found

    def _answers(self, *columns: Any) -> Any:
        joined = (answer.c.tenant == asking.c.tenant) & (answer.c.asking == asking.c.id)
        return select(*columns).select_from(asking).join(answer, joined)

    def _of(self, weeks: Sequence[str]) -> Any:
        return (asking.c.tenant == self._tenant) & (asking.c.source == SOURCE) & asking.c.source_id.in_(weeks)

    def publish(self, week: str, figures: Figures) -> Figures:
        mine = (quiz_run.c.tenant == self._tenant) & (quiz_run.c.week == week)
        unpublished = mine & quiz_run.c.figures.is_(None)
        self._conn.execute(update(quiz_run).where(unpublished).values(figures=msgspec.to_builtins(figures)))
        return msgspec.convert(self._conn.execute(select(quiz_run.c.figures).where(mine)).scalar_one(), Figures)

    def count(self, member: str) -> int:
        total = self._answers(func.count()).where(
            asking.c.tenant == self._tenant, asking.c.source == SOURCE, answer.c.member == member
        )
        return int(self._conn.execute(total).scalar_one())

    def _insert(self, table: Table, row: Mapping[str, Any]) -> bool:
        """Write a row once; the row count says whether it is ours."""
        return self._conn.execute(insert(self._conn, table).values(row).on_conflict_do_nothing()).rowcount == 1


def _run(row: Row[Any]) -> Run:
    return Run(**{name: getattr(row, name) for name in Run.__struct_fields__})


def _post(row: Row[Any]) -> Post:
    return Post(**{name: getattr(row, name) for name in Post.__struct_fields__})
