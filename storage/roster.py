"""A company's list of people, put into the store whole or not at all, and read out of it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime

import msgspec
from sqlalchemy import Connection, delete, select, update

from bot.domain.people import Role
from bot.domain.roster import Entry, Mistake, Mistakes
from bot.domain.tracks import Enrolment
from bot.ports.people import Member
from bot.ports.people import Team as TeamOf
from storage.enrolments import enrolment
from storage.parts import Parts
from storage.people import NAME_LIMIT, account, member, member_role, team


class Change(msgspec.Struct, frozen=True):
    """What a line of a list changes, or why it changes nothing."""

    line: int
    account: str
    what: str


class Roster:
    """The people of one workspace. ``tracks`` are those that are taught, with how many lessons each has."""

    def __init__(self, parts: Parts, workspace: str, tracks: Mapping[str, int], new_id: Callable[[], str]) -> None:
        self._parts = parts
        self._conn = parts.conn
        self._tenant = parts.tenant
        self._workspace = workspace
        self._taught = tracks
        self._new_id = new_id
        self._teams: dict[str, str] = {}  # ids by name
        self._members: dict[str, str] = {}  # ids by account

    def apply(self, entries: Sequence[Entry], now: datetime) -> list[Change]:
        """Take a list in. What people chose themselves (zone, region, name, tracks they left) stays.

        Raises :class:`Mistakes`; the transaction must then be rolled back.
        """
        self._teams = {one.name.casefold(): one.id for one in self._parts.people.teams()}
        self._members = self._known([one.account for one in entries] + [one.manager for one in entries if one.manager])
        changes = [Change(one.line, one.account, "; ".join(what)) for one in entries if (what := self._take(one, now))]
        mistakes = [
            Mistake(one.line, f"no track is called {track}")
            for one in entries
            for track in one.tracks
            if track not in self._taught
        ]
        for one in entries:
            if one.team and one.manager is not None:
                manager = self._members.get(one.manager) if one.manager else None
                if one.manager and manager is None:
                    mistakes.append(Mistake(one.line, f"nobody here has the account {one.manager}"))
                elif self._lead(one.team, manager):
                    changes.append(Change(one.line, one.account, f"{one.team} is led by {one.manager or 'nobody'}"))
        if mistakes:
            raise Mistakes(mistakes)
        return changes

    def _known(self, accounts: Collection[str]) -> dict[str, str]:
        here = (account.c.tenant == self._tenant) & (account.c.workspace == self._workspace)
        rows = self._conn.execute(select(account.c.external, account.c.member).where(here)).all()
        wanted = set(accounts)
        return {row.external: row.member for row in rows if row.external in wanted}

    def _take(self, one: Entry, now: datetime) -> list[str]:
        id = self._members.get(one.account)
        if id is None:
            if self._parts.privacy.is_erased(self._workspace, one.account):
                return ["left out: was erased, and has not spoken since"]
            id = self._add(one, now)
            return ["new", *self._change(id, one, now)]
        person = self._parts.people.member(id)
        if person is None or not person.active:
            return ["left out: has left"]
        return self._change(id, one, now)

    def _add(self, one: Entry, now: datetime) -> str:
        id = self._new_id()
        self._parts.people.add_member(Member(id=id, name=(one.name or one.account)[:NAME_LIMIT]), now)
        self._parts.people.add_account(f"a-{id}", self._workspace, id, one.account, "")
        self._members[one.account] = id
        return id

    def _change(self, id: str, one: Entry, now: datetime) -> list[str]:
        person = self._parts.people.member(id) or Member(id=id, name="")
        said = []
        if one.team is not None and self._move(person, one.team):
            said.append(f"team {one.team or 'none'}")
        if one.rights is not None:
            said += self._give(id, one.rights)
        if one.zone and person.zone is None:
            self._settle_in(id, one.zone, now)
            said.append(f"zone {one.zone}")
        if one.region and person.region is None:
            self._parts.people.set_region(id, one.region)
            for year in (now.year, now.year + 1):
                self._parts.jobs.start("holidays", f"{one.region} {year}", now)
            said.append(f"region {one.region}")
        places = [Enrolment(track, self._taught[track]) for track in one.tracks if track in self._taught]
        begun = self._parts.cohorts.put(id, places, self._parts.people.zone_in_force(id)) if places else ()
        return [*said, *(f"track {track}" for track in begun)]

    def _move(self, person: Member, name: str) -> bool:
        wanted = self._team(name) if name else None
        if person.team == wanted:
            return False
        mine = (member.c.tenant == self._tenant) & (member.c.id == person.id)
        self._conn.execute(update(member).where(mine).values(team=wanted))
        return True

    def _team(self, name: str) -> str:
        if name.casefold() not in self._teams:
            new = TeamOf(id=self._new_id(), name=name)
            self._parts.people.add_team(new)
            self._teams[name.casefold()] = new.id
        return self._teams[name.casefold()]

    def _lead(self, name: str, manager: str | None) -> bool:
        this = (team.c.tenant == self._tenant) & (team.c.id == self._team(name))
        other = team.c.manager.is_not(None) if manager is None else team.c.manager.is_distinct_from(manager)
        return self._conn.execute(update(team).where(this, other).values(manager=manager)).rowcount == 1

    def _give(self, id: str, rights: Collection[Role]) -> list[str]:
        mine = (member_role.c.tenant == self._tenant) & (member_role.c.member == id)
        had = {Role(one) for one in self._conn.execute(select(member_role.c.role).where(mine)).scalars()}
        for role in set(rights) - had:
            self._parts.people.grant(id, role)
        lost = [role.value for role in had - set(rights)]
        self._conn.execute(delete(member_role).where(mine, member_role.c.role.in_(lost)))
        return [f"+{one}" for one in sorted(set(rights) - had)] + [f"-{one}" for one in sorted(lost)]

    def _settle_in(self, id: str, zone: str, now: datetime) -> None:
        """Their first zone of their own; lessons that are planned move with it."""
        self._parts.people.set_zone(id, zone)
        learner = self._parts.lessons.learner(id, held=True)
        if learner is not None and learner.zone != zone:
            self._parts.lessons.save(msgspec.structs.replace(learner, zone=zone))
            self._parts.lessons.replan(id, now)


def listed(conn: Connection, tenant: str, workspace: str) -> list[dict[str, str]]:
    """The active people of a workspace as lines of a list, by account."""
    here = (account.c.tenant == tenant) & (account.c.workspace == workspace)
    accounts = {row.member: row.external for row in conn.execute(select(account).where(here))}
    teams = {row.id: row for row in conn.execute(select(team).where(team.c.tenant == tenant))}
    rights, tracks = defaultdict(list), defaultdict(list)
    for row in conn.execute(select(member_role).where(member_role.c.tenant == tenant)):
        rights[row.member].append(row.role)
    for row in conn.execute(select(enrolment).where(enrolment.c.tenant == tenant).order_by(enrolment.c.place)):
        tracks[row.member].append(row.track)
    people = conn.execute(select(member).where(member.c.tenant == tenant, member.c.active)).all()
    lines = [
        {
            "account": accounts[one.id],
            "name": one.name,
            "team": teams[one.team].name if one.team in teams else "",
            "manager": accounts.get(teams[one.team].manager or "", "") if one.team in teams else "",
            "rights": ";".join(sorted(rights[one.id])),
            "zone": one.zone or "",
            "region": one.region or "",
            "tracks": ";".join(tracks[one.id]),
        }
        for one in people
        if one.id in accounts
    ]
    return sorted(lines, key=lambda one: one["account"])
