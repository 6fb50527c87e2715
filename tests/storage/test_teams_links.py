"""A link to a file works once, however many press it at the same moment; on both databases, and with its control."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import Engine, delete, select

from storage.dialects import open_engine
from storage.teams import Offered, TeamsAddresses, teams_file
from tests.storage.conftest import NOW

FILE = Offered(id="mark", conversation="link", name="a.csv", mime="text/csv", data=b"a,b")
TAKERS = 8
LIFE = timedelta(minutes=10)


def taken_by_many(engine: Engine, before: Callable[[], object]) -> list[Offered]:
    """What eight takers get who begin together."""
    with engine.begin() as conn:
        TeamsAddresses(conn, "acme", "w-acme").offer(FILE, NOW)

    def take(_number: int) -> Offered | None:
        before()
        with engine.begin() as conn:
            return TeamsAddresses(conn, "acme", "w-acme").take(FILE.id, FILE.conversation, NOW - LIFE)

    with ThreadPoolExecutor(TAKERS) as pool:
        found = list(pool.map(take, range(TAKERS)))
    return [one for one in found if one is not None]


@pytest.fixture(params=["sqlite", "postgres"])
def engine(request, fresh_url, emptied):
    made = open_engine(emptied() if request.param == "postgres" else fresh_url())
    yield made
    made.dispose()


def test_of_eight_who_press_at_once_one_gets_the_file(engine, rounds, figures):
    together = threading.Barrier(TAKERS)
    times = rounds(3, 200)
    given = [taken_by_many(engine, lambda: together.wait(10)) for _ in range(times)]
    assert given == [[FILE]] * times
    figures(rounds=times, takers=TAKERS, given_twice=0)


def test_control_looking_first_gives_it_to_several(emptied, monkeypatch):
    looked = threading.Barrier(TAKERS)

    def look_first(self, id, conversation, since):
        row = self._conn.execute(select(teams_file).where(teams_file.c.id == id)).one_or_none()
        looked.wait(10)
        self._conn.execute(delete(teams_file).where(teams_file.c.id == id))
        return FILE if row is not None else None

    monkeypatch.setattr(TeamsAddresses, "take", look_first)
    engine = open_engine(emptied())
    assert len(taken_by_many(engine, lambda: None)) == TAKERS
    engine.dispose()


def test_an_old_link_and_one_of_elsewhere_give_nothing(connection):
    here = TeamsAddresses(connection, "acme", "w-acme")
    here.offer(FILE, NOW - LIFE - timedelta(seconds=1))
    assert here.take(FILE.id, FILE.conversation, NOW - LIFE) is None
    assert TeamsAddresses(connection, "bravo", "w-bravo").take(FILE.id, FILE.conversation, NOW - 2 * LIFE) is None
    assert here.take(FILE.id, "other", NOW - 2 * LIFE) is None
    assert here.take(FILE.id, FILE.conversation, NOW - 2 * LIFE) == FILE
