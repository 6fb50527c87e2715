"""Companies of many people on both databases, for the tests that race."""

from collections.abc import Callable, Iterable

import pytest
from sqlalchemy import Connection

from bot.ports.people import Member
from storage.dialects import open_engine
from storage.parts import Parts
from storage.schema import metadata
from storage.tenancy import Workspace, add_tenant, add_workspace
from tests.scheduler.conftest import NOW, Bench

PEOPLE = tuple(f"p{at}" for at in range(20))


def populate(url: str) -> str:
    """Make the bench's company with twenty people in an empty database."""
    engine = open_engine(url)
    metadata.create_all(engine)
    with engine.begin() as conn:
        add_tenant(conn, "acme", "Acme", "secret", NOW)
        add_workspace(conn, Workspace(id="w", tenant="acme", platform="test", team="t", name="Acme"))
        settle(conn, PEOPLE)
    engine.dispose()
    return url


def settle(conn: Connection, names: Iterable[str]) -> None:
    """Make these people members."""
    people = Parts(conn, "acme").people
    for name in names:
        people.add_member(Member(id=name, name=name), NOW)
        people.add_account(f"a-{name}", "w", name, f"u-{name}", f"d-{name}")


@pytest.fixture(params=["sqlite", "postgres"])
def empty_url(request, tmp_path) -> Callable[[], str]:
    """``empty_url()``: the address of an empty database of either kind."""
    if request.param == "postgres":
        fresh: Callable[[], str] = request.getfixturevalue("postgres_database")
        return fresh
    made = iter(range(100))
    return lambda: f"sqlite:///{tmp_path}/{next(made)}.db"


@pytest.fixture
def crowd(empty_url):
    """``crowd(kinds=...)``: the scheduler's bench over a company of twenty people."""
    made: list[Bench] = []

    def make(**brings):
        made.append(Bench(populate(empty_url()), **brings))
        return made[-1]

    yield make
    for one in made:
        one.close()
