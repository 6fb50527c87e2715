"""A company's list of people, put into the store whole or not at all, and read out of it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any

import msgspec
from sqlalchemy import Connection, Executable, String, bindparam, delete, select, update

from bot.domain.roster import Entry, Mistake, Mistakes
from bot.domain.tracks import Enrolment
from storage.cohorts import Placing
from storage.dialects import as_listed, insert_for, is_listed
from storage.enrolments import enrolment
from storage.parts import Parts
from storage.people import NAME_LIMIT, account, member, member_role, team, workspace


class Change(msgspec.Struct, frozen=True):
    """What a line of a list changes, or why it changes nothing."""

    line: int
    account: str
    what: str


class _Person(msgspec.Struct, kw_only=True):
    """Somebody of the list as they are, and then as they shall be."""

    id: str
    name: str
    active: bool = True
    team: str | None = None
    zone: str | None = None
    region: str | None = None
    zone_of_workspace: str | None = None
    line: int = 0  # where somebody new stands
    rights: set[str] | None = None  # that they shall have
    moves: bool = False  # to another team
    settles: str | None = None  # in their first zone
    begins: str | None = None  # in their first region


class _Team(msgspec.Struct, kw_only=True):
    id: str
    name: str
    manager: str | None = None
    is_new: bool = False
    changes: bool = False  # its manager

    def row(self) -> dict[str, Any]:
        return {"id": self.id, "name": self.name, "manager": self.manager}


# Made once, and run with everybody of a list.
_OF_TENANT = bindparam("of_tenant", type_=String)
_TEAMS = select(team).where(team.c.tenant == _OF_TENANT)
_ZONE = select(workspace.c.zone).where(workspace.c.id == bindparam("of_workspace"))
_NEW_MEMBER = member.insert().values(locale="en", active=True, flags={})
_NEW_TEAM = team.insert()
_LEAD = (
    update(team).where(team.c.tenant == _OF_TENANT, team.c.id == bindparam("of_team")).values(manager=bindparam("to"))
)
_MINE = (member.c.tenant == _OF_TENANT) & (member.c.id == bindparam("of_member"))
_CHANGE = {
    "team": update(member).where(_MINE).values(team=bindparam("to")),
    # What somebody has chosen since it was read stays.
    "zone": update(member).where(_MINE, member.c.zone.is_(None)).values(zone=bindparam("to")),
    "region": update(member).where(_MINE, member.c.region.is_(None)).values(region=bindparam("to")),
}
_REVOKE = delete(member_role).where(
    member_role.c.tenant == _OF_TENANT,
    member_role.c.member == bindparam("of_member"),
    member_role.c.role == bindparam("of_role"),
)


@lru_cache
def _accounts(dialect: str) -> Any:
    here = (account.c.tenant == _OF_TENANT) & (account.c.workspace == bindparam("of_workspace"))
    return select(account.c.external, account.c.member).where(here, is_listed(dialect, account.c.external))


@lru_cache
def _members(dialect: str) -> Any:
    """People with the zone of the workspace where they are reached."""
    return (
        select(member, workspace.c.zone.label("workspace_zone"))
        .outerjoin(account, (account.c.tenant == member.c.tenant) & (account.c.id == member.c.account))
        .outerjoin(workspace, workspace.c.id == account.c.workspace)
        .where(member.c.tenant == _OF_TENANT, is_listed(dialect, member.c.id))
    )


@lru_cache
def _rights(dialect: str) -> Any:
    return select(member_role).where(member_role.c.tenant == _OF_TENANT, is_listed(dialect, member_role.c.member))


@lru_cache
def _grant(dialect: str) -> Any:
    return insert_for(dialect, member_role).on_conflict_do_nothing()


@lru_cache
def _new_account(dialect: str) -> Any:
    return insert_for(dialect, account).on_conflict_do_nothing().returning(account.c.member)


class Roster:
    """The people of one workspace. ``tracks`` are those that are taught, with how many lessons each has.

    Everybody is read at once and written at once: a long list holds SQLite's only writer for as long as that takes.
    """

    def __init__(self, parts: Parts, workspace: str, tracks: Mapping[str, int], new_id: Callable[[], str]) -> None:
        self._parts = parts
        self._conn = parts.conn
        self._tenant = parts.tenant
        self._dialect = parts.conn.dialect.name
        self._workspace = workspace
        self._taught = tracks
        self._new_id = new_id
        self._people: dict[str, _Person] = {}  # by account
        self._teams: dict[str, _Team] = {}  # by name
        self._rights: defaultdict[str, set[str]] = defaultdict(set)  # as they were, by member

    def apply(self, entries: Sequence[Entry], now: datetime) -> list[Change]:
        """Take a list in. What people chose themselves (zone, region, name, tracks they left) stays.

        Raises :class:`Mistakes`; the transaction must then be rolled back.
        """
        self._read(entries)
        said = {one.line: self._take(one) for one in entries}
        led, mistakes = self._managers(entries)
        mistakes += [
            Mistake(one.line, f"no track is called {track}")
            for one in entries
            for track in one.tracks
            if track not in self._taught
        ]
        if mistakes:
            raise Mistakes(mistakes)
        self._write(now)
        begun = self._enrol(entries)
        for one in entries:
            said[one.line] += [f"track {track}" for track in begun.get(one.account, ())]
        return [Change(one.line, one.account, "; ".join(said[one.line])) for one in entries if said[one.line]] + led

    def _read(self, entries: Sequence[Entry]) -> None:
        self._people, self._rights = {}, defaultdict(set)
        managers = {one.manager for one in entries if one.manager}
        about = {"of_tenant": self._tenant, "of_workspace": self._workspace}
        wanted = {**about, "listed": as_listed(self._dialect, {one.account for one in entries} | managers)}
        accounts = {row.member: row.external for row in self._conn.execute(_accounts(self._dialect), wanted)}
        ids = as_listed(self._dialect, accounts)
        for row in self._conn.execute(_members(self._dialect), {**about, "listed": ids}):
            self._people[accounts[row.id]] = _Person(
                id=row.id,
                name=row.name,
                active=row.active,
                team=row.team,
                zone=row.zone,
                region=row.region,
                zone_of_workspace=row.workspace_zone,
            )
        self._teams = {
            row.name.casefold(): _Team(id=row.id, name=row.name, manager=row.manager)
            for row in self._conn.execute(_TEAMS, about)
        }
        for row in self._conn.execute(_rights(self._dialect), {**about, "listed": ids}):
            self._rights[row.member].add(row.role)
        strangers = [one.account for one in entries if one.account not in self._people]
        erased = self._parts.privacy.erased(self._workspace, strangers)
        zone = self._conn.execute(_ZONE, about).scalar_one()
        for one in entries:
            if one.account not in self._people and one.account not in erased:
                name = (one.name or one.account)[:NAME_LIMIT]
                self._people[one.account] = _Person(id=self._new_id(), name=name, zone_of_workspace=zone, line=one.line)

    def _take(self, one: Entry) -> list[str]:
        """What a line changes, but for tracks and managers."""
        person = self._people.get(one.account)
        if person is None:
            return ["left out: was erased, and has not spoken since"]
        if not person.active:
            return ["left out: has left"]
        said = ["new"] if person.line else []
        if one.team is not None and person.team != (wanted := self._team(one.team).id if one.team else None):
            person.team, person.moves = wanted, True
            said.append(f"team {one.team or 'none'}")
        if one.rights is not None:
            had, person.rights = self._rights[person.id], {role.value for role in one.rights}
            said += [f"+{right}" for right in sorted(person.rights - had)]
            said += [f"-{right}" for right in sorted(had - person.rights)]
        if one.zone and person.zone is None:
            person.zone = person.settles = one.zone
            said.append(f"zone {one.zone}")
        if one.region and person.region is None:
            person.region = person.begins = one.region
            said.append(f"region {one.region}")
        return said

    def _team(self, name: str) -> _Team:
        if name.casefold() not in self._teams:
            self._teams[name.casefold()] = _Team(id=self._new_id(), name=name, is_new=True)
        return self._teams[name.casefold()]

    def _managers(self, entries: Sequence[Entry]) -> tuple[list[Change], list[Mistake]]:
        changes, mistakes = [], []
        for one in entries:
            if not one.team or one.manager is None:
                continue
            leads = self._people.get(one.manager) if one.manager else None
            this, manager = self._team(one.team), leads.id if leads else None
            if one.manager and manager is None:
                mistakes.append(Mistake(one.line, f"nobody here has the account {one.manager}"))
            elif this.manager != manager:
                this.manager, this.changes = manager, True
                changes.append(Change(one.line, one.account, f"{one.team} is led by {one.manager or 'nobody'}"))
        return changes, mistakes

    def _write(self, now: datetime) -> None:
        tenant, people = {"tenant": self._tenant}, self._people.values()
        self._add([one for one in people if one.line], now)
        self._each(_NEW_TEAM, [{**tenant, **one.row()} for one in self._teams.values() if one.is_new])
        led = [one for one in self._teams.values() if one.changes and not one.is_new]
        self._each(_LEAD, [{"of_tenant": self._tenant, "of_team": one.id, "to": one.manager} for one in led])
        self._change([one for one in people if not one.line], now)
        self._give([one for one in people if one.rights is not None])
        for region in sorted({one.begins for one in people if one.begins}):
            for year in (now.year, now.year + 1):
                self._parts.jobs.start("holidays", f"{region} {year}", now)

    def _add(self, new: Sequence[_Person], now: datetime) -> None:
        rows = [
            {"tenant": self._tenant, "id": one.id, "name": one.name, "account": f"a-{one.id}", "created_at": now}
            | {"team": one.team, "zone": one.zone, "region": one.region}
            for one in new
        ]
        self._each(_NEW_MEMBER, rows)
        self._add_accounts(new)

    def _change(self, known: Sequence[_Person], now: datetime) -> None:
        zones = {one.id: one.settles for one in known if one.settles}
        for column, changed in (
            ("team", {one.id: one.team for one in known if one.moves}),
            ("zone", zones),
            ("region", {one.id: one.begins for one in known if one.begins}),
        ):
            rows = [{"of_tenant": self._tenant, "of_member": id, "to": value} for id, value in changed.items()]
            self._each(_CHANGE[column], rows)
        self._move_lessons(zones, now)

    def _give(self, people: Sequence[_Person]) -> None:
        rights = [(one.id, one.rights or set(), self._rights[one.id]) for one in people]
        given = [(id, right) for id, wanted, had in rights for right in sorted(wanted - had)]
        taken = [(id, right) for id, wanted, had in rights for right in sorted(had - wanted)]
        new = [{"tenant": self._tenant, "member": id, "role": right} for id, right in given]
        self._each(_grant(self._dialect), new)
        lost = [{"of_tenant": self._tenant, "of_member": id, "of_role": right} for id, right in taken]
        self._each(_REVOKE, lost)

    def _add_accounts(self, new: Sequence[_Person]) -> None:
        """Whoever speaks for the first time at this moment has an account already; the list is taken another time."""
        if not new:
            return
        ids = {one.id: external for external, one in self._people.items() if one.line}
        rows = [
            {"tenant": self._tenant, "id": f"a-{id}", "workspace": self._workspace, "member": id}
            | {"external": external, "address": ""}
            for id, external in ids.items()
        ]
        added = set(self._conn.execute(_new_account(self._dialect), rows).scalars())
        late = [one for one in new if one.id not in added]
        if late:
            raise Mistakes(Mistake(one.line, f"{ids[one.id]} has just come: take the list once more") for one in late)

    def _move_lessons(self, zones: Mapping[str, str], now: datetime) -> None:
        """Somebody's first zone of their own: lessons that are planned move with it."""
        lessons = self._parts.lessons
        for id, found in lessons.learners(list(zones)).items():
            held = lessons.learner(id, held=True) if found.zone != zones[id] else None
            if held is not None:
                lessons.save(msgspec.structs.replace(held, zone=zones[id]))
                lessons.replan(id, now)

    def _enrol(self, entries: Sequence[Entry]) -> Mapping[str, Sequence[str]]:
        """Put people into tracks. Returns those they are newly in, by account."""
        placings = {}
        for one in entries:
            person = self._people.get(one.account)
            if person is not None and person.active and one.tracks:
                tracks = tuple(Enrolment(track, self._taught[track]) for track in one.tracks)
                zone = person.zone or person.zone_of_workspace or "UTC"
                placings[one.account] = Placing(member=person.id, tracks=tracks, zone=zone)
        begun = self._parts.cohorts.put_all(list(placings.values()))
        return {account: begun[one.member] for account, one in placings.items()}

    def _each(self, statement: Executable, rows: Sequence[Mapping[str, Any]]) -> None:
        if rows:
            self._conn.execute(statement, rows)


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
