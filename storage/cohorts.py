"""The rules by which a company puts people into tracks, whom they may be about, and putting them there."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, Connection, PrimaryKeyConstraint, Table, delete, func, select

from bot.domain.calendar import USUAL_MINUTE, WORKDAYS
from bot.domain.cohorts import Person, Rule
from bot.domain.tracks import Enrolment
from bot.domain.waves import Crowd
from storage.dialects import insert, insert_for
from storage.enrolments import Tracks, begun_track
from storage.lessons import learner
from storage.people import account, member, workspace
from storage.rhythms import rhythm
from storage.schema import ident, metadata

enrolment_rule = Table(
    "enrolment_rule",
    metadata,
    ident("tenant"),
    ident("what"),  # channel | team | role | region
    ident("which"),
    ident("track"),
    PrimaryKeyConstraint("tenant", "what", "which", "track"),
)


class Placing(msgspec.Struct, frozen=True, kw_only=True):
    """A member and the tracks they are put into."""

    member: str
    tracks: Sequence[Enrolment]
    zone: str
    roles: Sequence[str] = ()


@lru_cache
def _begin(dialect: str) -> Any:
    return insert_for(dialect, learner).on_conflict_do_nothing().returning(learner.c.zone)


@lru_cache
def _choose(dialect: str) -> Any:
    return insert_for(dialect, rhythm).on_conflict_do_nothing()


class Cohorts:
    """Implements ``bot.ports.cohorts.Cohorts``."""

    def __init__(self, conn: Connection, tenant: str) -> None:
        self._conn = conn
        self._tenant = tenant
        self._tracks = Tracks(conn, tenant)

    def rules(self) -> list[Rule]:
        columns = (enrolment_rule.c.what, enrolment_rule.c.which, enrolment_rule.c.track)
        rows = self._conn.execute(select(*columns).where(enrolment_rule.c.tenant == self._tenant))
        return sorted(Rule(row.what, row.which, row.track) for row in rows)

    def is_awaited(self, channel: str) -> bool:
        mine = (enrolment_rule.c.tenant == self._tenant) & (enrolment_rule.c.what == "channel")
        this = select(enrolment_rule.c.track).where(mine, enrolment_rule.c.which == channel).limit(1)
        return self._conn.execute(this).first() is not None

    def add_rule(self, rule: Rule) -> bool:
        row = {"tenant": self._tenant, **msgspec.structs.asdict(rule)}
        return self._conn.execute(insert(self._conn, enrolment_rule).values(row).on_conflict_do_nothing()).rowcount == 1

    def remove_rule(self, rule: Rule) -> bool:
        this = (enrolment_rule.c.tenant == self._tenant) & (enrolment_rule.c.what == rule.what)
        this &= (enrolment_rule.c.which == rule.which) & (enrolment_rule.c.track == rule.track)
        return self._conn.execute(delete(enrolment_rule).where(this)).rowcount == 1

    def people(self, after: str, most: int) -> list[Person]:
        return self._people(member.c.id > after, most)

    def person(self, member_id: str) -> Person | None:
        return next(iter(self._people(member.c.id == member_id, 1)), None)

    def _people(self, condition: ColumnElement[bool], most: int) -> list[Person]:
        rows = self._conn.execute(
            select(member.c.id, member.c.team, member.c.region, learner.c.roles)
            .outerjoin(learner, (learner.c.tenant == member.c.tenant) & (learner.c.member == member.c.id))
            .where(member.c.tenant == self._tenant, condition, member.c.active)
            .order_by(member.c.id)
            .limit(most)
        ).all()
        begun = self._begun([row.id for row in rows])
        return [
            Person(id=row.id, team=row.team, region=row.region, roles=tuple(row.roles or ()), begun=begun[row.id])
            for row in rows
        ]

    def _begun(self, members: Sequence[str]) -> Mapping[str, frozenset[str]]:
        columns = (begun_track.c.member, begun_track.c.track)
        mine = (begun_track.c.tenant == self._tenant) & begun_track.c.member.in_(members)
        found: defaultdict[str, frozenset[str]] = defaultdict(frozenset)
        for row in self._conn.execute(select(*columns).where(mine)):
            found[row.member] |= {row.track}
        return found

    def put(self, member_id: str, tracks: Sequence[Enrolment], zone: str, roles: Sequence[str] = ()) -> tuple[str, ...]:
        return self.put_all([Placing(member=member_id, tracks=tracks, zone=zone, roles=roles)])[member_id]

    def put_all(self, people: Sequence[Placing]) -> dict[str, tuple[str, ...]]:
        """The same for many at once, each of them once. The rows that are new decide who begins what."""
        stopped = self._tracks.stopped([one.member for one in people])
        going = [one for one in people if one.member not in stopped]
        begun = self._tracks.begin_all([(one.member, track.track) for one in going for track in one.tracks])
        fresh = {one.member: [track for track in one.tracks if (one.member, track.track) in begun] for one in going}
        self._begin([one for one in going if fresh[one.member]])
        places = self._tracks.next_places([id for id, tracks in fresh.items() if tracks])
        self._tracks.add_all(
            [
                (id, msgspec.structs.replace(one, given=True), place)
                for id, tracks in fresh.items()
                for place, one in enumerate(tracks, start=places.get(id, 0))
            ]
        )
        return {one.member: tuple(track.track for track in fresh.get(one.member, ())) for one in people}

    def _begin(self, people: Sequence[Placing]) -> None:
        """The usual time on working days for whoever is new to lessons; how anybody else learns is left alone."""
        if not people:
            return
        dialect, tenant = self._conn.dialect.name, {"tenant": self._tenant}
        usual = {**tenant, "minute": USUAL_MINUTE, "days": WORKDAYS}
        rows = [{**usual, "member": one.member, "zone": one.zone, "roles": list(one.roles)} for one in people]
        zones = sorted(set(self._conn.execute(_begin(dialect), rows).scalars()))
        if zones:
            self._conn.execute(_choose(dialect), [{**tenant, "zone": one, "minute": USUAL_MINUTE} for one in zones])

    def crowds(self) -> list[tuple[str, list[Crowd]]]:
        time = (learner.c.zone, learner.c.minute)
        rows = self._conn.execute(
            select(workspace.c.id, workspace.c.platform, *time, func.count().label("people"))
            .select_from(learner)
            .join(member, (member.c.tenant == learner.c.tenant) & (member.c.id == learner.c.member) & member.c.active)
            .join(account, (account.c.tenant == member.c.tenant) & (account.c.id == member.c.account))
            .join(workspace, workspace.c.id == account.c.workspace)
            .where(learner.c.tenant == self._tenant, learner.c.paused_until.is_(None), workspace.c.state == "active")
            .group_by(workspace.c.id, workspace.c.platform, *time)
        )
        found: defaultdict[tuple[str, str], list[Crowd]] = defaultdict(list)
        for row in rows:
            found[row.id, row.platform].append(Crowd(row.zone, row.minute, row.people))
        return [(platform, crowds) for (_, platform), crowds in sorted(found.items())]
