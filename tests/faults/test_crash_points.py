"""A process dies at every commit and every platform call, is started again, and ends as one that never died."""

import shutil
from collections import Counter
from dataclasses import replace

import pytest
from sqlalchemy import NullPool, create_engine, make_url, select, text

from storage.askings import answer
from storage.dialects import open_engine
from storage.ledger import delivery
from storage.office_hours import booking
from storage.participation import participation
from storage.people import account, inbox
from storage.schema import metadata
from tests.faults.company import DIED, Place, arrived, found, live, run
from tests.faults.scripts import SCRIPTS


class Outcome:
    """What a company has come to: what people see, and what is remembered."""

    def __init__(self, place):
        messages = list(arrived(place.wall))
        self.shown = Counter((one.address, one.message.summary) for one in messages if one.update_of is None)
        self.updates = {(one.address, one.message.summary) for one in messages if one.update_of is not None}
        self.calls = Counter(one.delivery for one in messages if one.update_of is None)
        engine = open_engine(place.url)
        with engine.connect() as conn:
            known = set(conn.execute(select(account.c.member)).scalars())
            self.facts = {
                "people": Counter(known),
                "ledger": Counter(conn.execute(select(delivery.c.kind, delivery.c.state)).all()),
                "inbox": Counter(conn.execute(select(inbox.c.key)).scalars().all()),
                "bookings": Counter(
                    (
                        row.host,
                        row.member if row.member in known else "somebody",
                        row.starts_at,
                        row.state,
                        row.sequence,
                    )
                    for row in conn.execute(select(booking))
                ),
                "answers": Counter(conn.execute(select(answer.c.member, answer.c.correct)).all()),
                # Whoever was erased is in no row: here everybody has a name of three letters, and so has "bob".
                "tables": Counter(
                    one.name for one in metadata.sorted_tables for row in conn.execute(select(one)) if "bob" in str(row)
                ),
                "days": Counter(tuple(row) for row in conn.execute(select(participation))),
            }
            unknown = select(delivery.c.kind).where(delivery.c.state == "unknown", delivery.c.reason == "held")
            self.held = conn.execute(unknown).scalars().all()
        engine.dispose()
        # Direct words such as "hours" have a key each time they are said.
        self.facts["inbox"] = Counter({key: n for key, n in self.facts["inbox"].items() if not key.startswith("k")})


class Sweep:
    """One script over one database: its founded place, to be copied, and what a life without death comes to."""

    def __init__(self, name, folder, fresh):
        self.name, self._folder, self._fresh = name, folder, fresh
        self._made = 0
        self.founded = Place(folder / "founded", fresh(folder / "founded", None))
        found(SCRIPTS[name], self.founded)
        whole = self.copy()
        assert run(live, name, whole, 0) == 0
        self.points = whole.noted("points").split("\n")
        self.expected = Outcome(whole)

    def copy(self, **changes):
        self._made += 1
        folder = self._folder / f"life{self._made}"
        shutil.copytree(self.founded.folder, folder)
        return replace(self.founded, folder=folder, url=self._fresh(folder, self.founded.url), **changes)

    def _forget(self, place):
        shutil.rmtree(place.folder)
        if place.url.startswith("postgresql"):
            url = make_url(place.url)
            home = create_engine(url.set(database="postgres"), isolation_level="AUTOCOMMIT", poolclass=NullPool)
            with home.connect() as conn:
                conn.execute(text(f'DROP DATABASE "{url.database}" WITH (FORCE)'))

    def died_at(self, number, **changes):
        place = self.copy(**changes)
        assert run(live, self.name, place, number) == DIED
        assert run(live, self.name, place, 0) == 0
        outcome = Outcome(place)
        self._forget(place)
        return outcome


CASES = [(name, database) for database in ("sqlite", "postgres") for name in SCRIPTS]
NEVER_TWICE = {"quiz_open", "digest", "nudge"}
GATE = [("lesson", "sqlite"), ("book", "postgres")]  # the others at full length only: a life costs a third of a second


@pytest.fixture
def fresh(request):
    def make(folder, template):
        if request.node.callspec.params["database"] == "sqlite":
            return f"sqlite:///{folder / 'acme.db'}"
        return request.getfixturevalue("postgres_database")(template)

    return make


@pytest.mark.parametrize(("name", "database"), CASES)
def test_every_point_with_look_up(name, database, fresh, tmp_path, rounds, figures):
    """The process dies at each commit and platform call in turn, and the platform can be asked what arrived. Held: a message of a
    kind that must never come twice, with a death just before its call, waits for its owner's word and is told as unknown."""
    if (name, database) not in rounds(GATE, CASES):
        return
    sweep = Sweep(name, tmp_path, fresh)
    numbers = chosen(sweep, rounds)
    held = 0
    for number in numbers:
        after = sweep.died_at(number)
        where = f"died at point {number}, {sweep.points[number - 1]}"
        assert max(after.calls.values(), default=1) == 1, where
        held += len(after.held)
        if after.held:
            assert {*after.held} <= NEVER_TWICE, where
            assert after.shown <= sweep.expected.shown, where
        else:
            assert after.shown == sweep.expected.shown, where
            assert after.updates == sweep.expected.updates, where
            assert after.facts == sweep.expected.facts, where
    figures("P1", "P2", deaths=len(numbers), of_points=len(sweep.points), lost=0, extra=0, held=held)


@pytest.mark.parametrize(("name", "database"), CASES)
def test_every_call_without_look_up(name, database, fresh, tmp_path, rounds, figures):
    """The same where the platform cannot be asked: at most one more copy of a message whose outcome was unknown."""
    if (name, database) not in rounds(GATE[:1], CASES):
        return
    sweep = Sweep(name, tmp_path, fresh)
    calls = [at for at, point in enumerate(sweep.points, 1) if "commit" in point or "call" in point]
    numbers = rounds(calls[len(calls) // 2 :][:1], calls)
    extra = held = 0
    for number in numbers:
        after = sweep.died_at(number, looks_up=False)
        where = f"died at point {number}, {sweep.points[number - 1]}"
        missing = sweep.expected.shown - after.shown
        assert not missing or after.held, where
        assert max(after.calls.values(), default=1) <= 2, where
        copies = sum(calls - 1 for calls in after.calls.values())
        assert (after.shown - sweep.expected.shown).total() <= copies, where
        extra, held = extra + copies, held + len(after.held)
    figures("P1", deaths=len(numbers), lost=0, extra=extra, held=held)


def chosen(sweep, rounds):
    """All points; in the gate one, after the platform took a message and before that is recorded."""
    every = [*range(1, len(sweep.points) + 1)]
    return rounds([number for number in every if sweep.points[number - 1] == "call arrived"][-1:], every)


def test_control_without_the_state_unknown_a_death_doubles_or_loses(tmp_path):
    sweep = Sweep("lesson", tmp_path, lambda folder, _: f"sqlite:///{folder / 'acme.db'}")
    arrived = sweep.points.index("call arrived") + 1
    last = len(sweep.points) - sweep.points[::-1].index("call begins")
    assert (sweep.died_at(arrived, doubt="ready").shown - sweep.expected.shown).total() > 0
    assert (sweep.expected.shown - sweep.died_at(last, doubt="sent").shown).total() > 0
