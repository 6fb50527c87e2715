"""Who lives in the playground at its first start: five people to be, their colleagues, teams and channels."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

import msgspec

from bot.app import App
from bot.domain.calendar import WORKDAYS, local_date
from bot.domain.conversation import Incoming, MemberJoined, Place
from bot.domain.office_hours import Person as Guest
from bot.domain.office_hours import Window
from bot.domain.people import Role
from bot.domain.tracks import Enrolment
from bot.ports.catalog import Catalog
from bot.ports.lessons import Learner
from bot.ports.people import Channel, Member, Team
from storage import playground, tenancy
from storage.parts import Parts
from storage.store import Store

TENANT = WORKSPACE = "playground"
PLATFORM = "local"
ZONE = "Europe/Berlin"
NINE_THIRTY = 9 * 60 + 30


class Person(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody of the playground. ``learns`` is their role in the pack; ``part`` says what they are there to show."""

    account: str
    name: str
    title: str
    zone: str
    part: Literal["learner", "host", "manager", "newcomer", "author", "admin", "colleague"] = "colleague"
    team: str | None = None
    learns: str | None = None
    roles: tuple[Role, ...] = ()
    minute: int = NINE_THIRTY  # when their lesson comes


PEOPLE = (
    Person(account="lena", name="Lena Fischer", title="ML engineer", zone=ZONE, part="learner", team="delivery", learns="mle"),
    Person(account="omar", name="Omar Haddad", title="Staff engineer, mentor", zone="Africa/Cairo", part="host", roles=(Role.HOST,)),
    Person(account="maya", name="Maya Patel", title="Leads Delivery", zone="America/New_York", part="manager"),
    Person(account="noa", name="Noa Levi", title="New this week", zone="Asia/Jerusalem", part="newcomer"),
    Person(account="ada", name="Ada Nkemelu", title="Writes lessons", zone="Africa/Lagos", part="author", roles=(Role.AUTHOR,)),
    Person(account="ingrid", name="Ingrid Berg", title="Workspace administrator", zone="Europe/Oslo", part="admin", roles=(Role.ADMIN,)),
    Person(account="jonas", name="Jonas Weber", title="Data scientist", zone=ZONE, team="delivery", learns="ds"),
    Person(account="aisha", name="Aisha Khan", title="Product manager", zone="Europe/London", team="delivery", learns="pm"),
    Person(account="diego", name="Diego Ramos", title="Software engineer", zone="America/Sao_Paulo", team="delivery", learns="swe"),
    Person(account="mei", name="Mei Tanaka", title="ML engineer", zone="Asia/Tokyo", team="delivery", learns="mle"),
    Person(account="sven", name="Sven Larsson", title="Site reliability", zone="Europe/Stockholm", team="delivery", learns="ops"),
    Person(account="priya", name="Priya Nair", title="Data scientist", zone="Asia/Kolkata", team="delivery", learns="ds"),
    Person(account="hannah", name="Hannah Cole", title="Designer", zone="America/New_York", team="delivery", learns="des"),
    Person(account="kofi", name="Kofi Mensah", title="Software engineer", zone="Africa/Accra", team="delivery", learns="swe"),
    Person(account="tomas", name="Tom\u00e1s Silva", title="Leads Risk", zone="Europe/Lisbon", learns="exec"),
    Person(account="elif", name="Elif Demir", title="Model risk", zone="Europe/Istanbul", team="risk", learns="gov"),
    Person(account="ruth", name="Ruth Okafor", title="Legal counsel", zone="Africa/Lagos", team="risk", learns="gov"),
    Person(account="marc", name="Marc Dubois", title="Risk analyst", zone="Europe/Paris", team="risk", learns="ds"),
)  # fmt: skip
TEAMS = (Team(id="delivery", name="Delivery", manager="maya"), Team(id="risk", name="Risk", manager="tomas"))
CHANNELS = (
    ("general", "Everybody"),
    ("mlops", "MLOps questions and the weekly quiz"),
    ("ml-alerts", "Alerts from models"),
)
TOPICS = dict(CHANNELS)
BY_ACCOUNT = {one.account: one for one in PEOPLE}
PLAYED = ("learner", "host", "manager", "newcomer", "author", "admin")  # never moved by the simulation


def direct(account: str) -> str:
    """The name of an account's direct conversation with the bot."""
    return playground.DIRECT + account


def seed(store: Store, catalog: Catalog, secret: str, now: datetime) -> bool:
    """Make the company, once; False when it was there already. ``secret`` keys the tenant's hashes."""

    def company(conn: Any) -> bool:
        if playground.clock(conn, WORKSPACE) is not None:
            return False
        tenancy.add_tenant(conn, TENANT, "Northwind Analytics", secret, now)
        tenancy.add_workspace(
            conn,
            tenancy.Workspace(
                id=WORKSPACE, tenant=TENANT, platform=PLATFORM, team=WORKSPACE, name="Playground", zone=ZONE
            ),
        )
        _populate(Parts(conn, TENANT), catalog, now)
        playground.set_clock(conn, WORKSPACE, now, None)
        return True

    return store.transact(company).result()


def _populate(parts: Parts, catalog: Catalog, now: datetime) -> None:
    for team in TEAMS:
        parts.people.add_team(team)
    for person in PEOPLE:
        if person.part != "newcomer":
            _add(parts, person, catalog, now)
    for address, _ in CHANNELS:
        parts.people.add_channel(Channel(id=address, workspace=WORKSPACE, address=address, name=address, zone=ZONE))
    parts.quiz.subscribe("mlops", now)
    parts.office_hours.add_window(_office_hours(now), now)


def _office_hours(now: datetime) -> Window:
    """Two afternoons a week with Omar."""
    host = BY_ACCOUNT["omar"]
    return Window(
        id="w-omar",
        host=Guest(host.account, host.name, host.zone),
        zone=host.zone,
        rule="FREQ=WEEKLY;BYDAY=TU,TH",
        first_day=local_date(host.zone, now),
        start=14 * 60,
        end=16 * 60,
        topics="drift, monitoring, incidents",
        place="Room 4, or the call in the invite",
    )


def _add(parts: Parts, person: Person, catalog: Catalog, now: datetime) -> None:
    id = person.account
    parts.people.add_member(Member(id=id, name=person.name, zone=person.zone, team=person.team), now)
    parts.people.add_account(f"a-{id}", WORKSPACE, id, id, direct(id))
    for role in person.roles:
        parts.people.grant(id, role)
    track = track_for(catalog, person.learns)
    if person.learns is not None and track is not None:
        parts.lessons.save(
            Learner(
                member=id,
                tracks=(Enrolment(track, len(catalog.tracks[track].lessons)),),
                roles=(person.learns,),
                zone=person.zone,
                minute=person.minute,
                days=WORKDAYS,
            )
        )


def track_for(catalog: Catalog, role: str | None) -> str | None:
    """The track of a role; else the one for everyone; nothing while the pack has no tracks."""
    tracks = list(catalog.tracks.values())
    own = next((one.id for one in tracks if one.role == role), None)
    return own or next((one.id for one in tracks if one.role is None), None)


def arrivals(app: App, now: datetime) -> None:
    """Newcomers come in by the front door, as a platform would announce them; a repeat has no effect."""
    for person in PEOPLE:
        if person.part == "newcomer":
            event = Incoming(
                workspace=WORKSPACE,
                account=person.account,
                place=Place("direct", direct(person.account)),
                event=MemberJoined(),
                key=f"joined:{person.account}",
                name=person.name,
                zone=person.zone,
            )
            app.handle(event, now).result()
