"""Migrated stores on both databases: one transaction that is rolled back for contracts, whole databases for races."""

import shutil
from datetime import UTC, datetime

import pytest

from bot.domain.calendar import WORKDAYS
from bot.domain.tracks import Enrolment
from bot.ports.lessons import Learner
from bot.ports.people import Channel, Member, Team
from storage.dialects import open_engine
from storage.parts import Parts
from storage.schema import metadata
from storage.store import Store
from storage.tenancy import Workspace, add_tenant, add_workspace
from storage.upgrade import upgrade

NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)  # a Tuesday
TENANTS = ("acme", "bravo")  # with equal ids for everything else
MEMBERS = ("ann", "bob", "cyd")


def fill(conn):
    """Two companies whose people, teams and channels have the same ids."""
    for tenant in TENANTS:
        add_tenant(conn, tenant, tenant.title(), f"secret-{tenant}", NOW)
        add_workspace(
            conn,
            Workspace(id=f"w-{tenant}", tenant=tenant, platform="test", team=tenant, name=tenant, zone="Europe/Berlin"),
        )
        people = Parts(conn, tenant).people
        for name in MEMBERS:
            people.add_member(Member(id=name, name=name.title(), team="blue"), NOW)
            people.add_account(f"a-{name}", f"w-{tenant}", name, f"u-{name}", f"d-{tenant}-{name}")
        people.add_team(Team(id="blue", name="Blue", manager="ann"))
        people.add_channel(
            Channel(id="ml", workspace=f"w-{tenant}", address=f"c-{tenant}", name="ml", zone="Asia/Tokyo")
        )


def migrated(url):
    engine = open_engine(url)
    upgrade(engine)
    with engine.begin() as conn:
        fill(conn)
    return engine


@pytest.fixture(scope="session")
def templates(tmp_path_factory, postgres_database):
    """The address of a migrated and filled database of each kind, to be copied."""
    urls = {
        "sqlite": f"sqlite:///{tmp_path_factory.mktemp('template') / 'template.db'}",
        "postgres": postgres_database(),
    }
    for url in urls.values():
        migrated(url).dispose()
    return urls


@pytest.fixture(scope="session")
def engines(templates, postgres_database):
    """A database of each kind for tests that leave nothing behind."""
    made = {"sqlite": migrated("sqlite://"), "postgres": open_engine(postgres_database(templates["postgres"]))}
    yield made
    for engine in made.values():
        engine.dispose()


@pytest.fixture(params=["sqlite", "postgres"])
def connection(request, engines):
    """One transaction on each database, undone at the end."""
    with engines[request.param].connect() as conn, conn.begin() as transaction:
        yield conn
        transaction.rollback()


@pytest.fixture
def parts(connection):
    return Parts(connection, "acme")


@pytest.fixture
def others(connection):
    """The other company, in the same transaction."""
    return Parts(connection, "bravo")


@pytest.fixture
def fresh_url(templates, tmp_path):
    """``fresh_url()``: the address of a migrated and filled file of this test's own."""

    def make():
        path = tmp_path / "own.db"
        shutil.copy(templates["sqlite"].removeprefix("sqlite:///"), path)
        return f"sqlite:///{path}"

    return make


@pytest.fixture
def emptied(request):
    """``emptied()``: the address of one PostgreSQL database, as it was filled. A truncation costs a tenth of a copy."""

    def make():
        url = request.getfixturevalue("shared_url")
        engine = open_engine(url)
        with engine.begin() as conn:
            tables = ", ".join(f'"{table.name}"' for table in metadata.sorted_tables)
            conn.exec_driver_sql(f"TRUNCATE {tables} RESTART IDENTITY")
            fill(conn)
        engine.dispose()
        return url

    return make


@pytest.fixture(scope="session")
def shared_url(templates, postgres_database):
    return postgres_database(templates["postgres"])


@pytest.fixture(params=["sqlite", "postgres"])
def store(request, fresh_url, emptied):
    """A store with its threads: group commit on a file, the pool on PostgreSQL."""
    made = Store(open_engine(emptied() if request.param == "postgres" else fresh_url()))
    yield made
    made.close()


def learner(member="ann", **values):
    """How a member learns, in Berlin at half past nine on working days unless said otherwise."""
    usual = {"tracks": (Enrolment("core"),), "zone": "Europe/Berlin", "minute": 570, "days": WORKDAYS}
    return Learner(member=member, **{**usual, **values})
