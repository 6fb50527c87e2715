"""``kill -9`` of the service while it drains to a Slack of which five calls in a hundred fail."""

import random
import time
from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from bot.domain.calendar import Rhythm, occurrences
from bot.ports.people import Member
from content import loader
from storage import packs
from storage.dialects import open_engine
from storage.ledger import delivery
from storage.parts import Parts
from storage.schema import metadata
from storage.tenancy import Workspace, add_tenant, add_workspace
from tests.adapters.slack_desk import TENANT
from tests.content.samples import write
from tests.faults.company import nursery
from tests.faults.living import FaultySlack, Life, beside, drains
from tests.faults.slack_platform import TEAM
from tests.journeys.town import generated, learner

STARTS = datetime(2026, 11, 2, 0, 0, tzinfo=UTC)
EVERY_DAY = 0b1111111
SPEED = 86_400 / 60  # a day a minute


def people(count):
    """Their lessons come all through the first half of the day, a few of them at the same minute."""
    return {f"p{at}": Rhythm("UTC", (at * 7) % 720, EVERY_DAY) for at in range(count)}


def founded(folder, count):
    url = f"sqlite:///{folder}/coach.db"
    pack = write(folder / "pack", {})
    engine = open_engine(url)
    metadata.create_all(engine)
    with engine.begin() as conn:
        add_tenant(conn, TENANT, "Northwind", "secret", STARTS)
        seat = Workspace(id="w", tenant=TENANT, platform="slack", team=TEAM, name="Northwind")
        add_workspace(conn, seat)
        parts = Parts(conn, TENANT)
        for name, rhythm in people(count).items():
            parts.people.add_member(Member(id=name, name=name, zone="UTC"), STARTS)
            parts.people.add_account(f"a-{name}", "w", name, f"U{name}", f"D{name.upper()}")
            parts.lessons.save(learner(name, rhythm))
        parts.dispatch.mark(STARTS)
        body = loader.encode(generated())
        packs.activate(conn, loader.version(body), loader.fingerprint(pack), body, STARTS)
    engine.dispose()
    return url, pack


class Toll:
    """What a run of kills has come to: the ledger against what stands on the platform."""

    def __init__(self, url, count, ends, platform, folder):
        engine = open_engine(url)
        with engine.connect() as conn:
            rows = conn.execute(select(delivery)).all()
        engine.dispose()
        copies = platform.copies()
        dailies = {(row.subject, row.period): row for row in rows if row.kind == "daily"}
        due = [
            (name, day.isoformat())
            for name, rhythm in people(count).items()
            for day, _ in occurrences(rhythm, STARTS, ends)
        ]
        self.lessons = sum(row.state == "sent" for row in dailies.values())
        self.states = Counter(f"{row.state}: {row.reason}" for row in rows if row.state != "sent")
        self.lost = sum(one not in dailies for one in due) + sum(
            row.state == "sent" and not copies.get(row.id) for row in rows
        )
        self.unsent_but_there = sum(row.state not in {"sent", "dead"} and bool(copies.get(row.id)) for row in rows)
        self.extra = sum(n - 1 for n in copies.values())
        self.unknown = sum(map(int, (folder / "under-way").read_text().split())) + platform.faults


def wait_until_up(child, folder, before):
    """Until it has noted what was under way before it: on a busy machine a start takes long, and it is to have some time to send."""
    until = time.monotonic() + 60
    while lives(folder) == before:
        assert time.monotonic() < until, "it does not start"
        child.join(0.01)
        assert child.exitcode is None


def lives(folder):
    notes = folder / "under-way"
    return len(notes.read_text().split()) if notes.exists() else 0


def killed(folder, count, kills, share, *, sees=True, speed=SPEED):
    """Start, kill after a moment, start again; at the end the last one may finish."""
    chance = random.Random(20261121)
    url, pack = founded(folder, count)
    platform = FaultySlack(share, seed=kills)
    with beside(platform):
        began = time.time()
        life = Life(url, pack, folder, platform.api_url, STARTS, began, speed, STARTS + timedelta(days=999), sees)
        for _ in range(kills):
            child = nursery().Process(target=drains, args=(life,))
            before = lives(folder)
            child.start()
            if chance.random() < 0.9:  # the others die while they start
                wait_until_up(child, folder, before)
            child.join(chance.uniform(0.1, 1.0))
            assert child.exitcode is None
            child.kill()
            child.join()
            child.close()
        ends = life.clock()
        last = Life(url, pack, folder, platform.api_url, STARTS, began, speed, ends, sees)
        child = nursery().Process(target=drains, args=(last,))
        child.start()
        child.join(180)
        assert child.exitcode == 0
        child.close()
        return Toll(url, count, ends, platform, folder)


@pytest.fixture(autouse=True)
def quiet(caplog):
    caplog.set_level("CRITICAL")  # the platform hears of each death as a broken connection


@pytest.mark.parametrize("sees", [True, False], ids=["looks up", "blind"])
def test_killed_again_and_again(tmp_path, sees, rounds, figures):
    """A real process is killed every half second or so while lessons go out and 5 % of the platform's calls fail."""
    kills = rounds(2 if sees else 0, 1000 if sees else 150)
    if not kills:  # in the short form the control below stands for it
        return
    toll = killed(tmp_path, rounds(40, 600), kills, 0.05, sees=sees, speed=rounds(5 * SPEED, SPEED))
    ended = "; ".join(f"{n} {state}" for state, n in sorted(toll.states.items()))
    figures(
        "P1",
        kills=kills,
        lessons=toll.lessons,
        lost=toll.lost,
        extra=toll.extra,
        unknown=toll.unknown,
        ended=ended or 0,
    )
    assert toll.lessons
    assert toll.lost == 0
    assert (
        toll.unsent_but_there == 0
    )  # blind, what arrived unseen may be given up as unknown, and is never said to be unsent
    assert toll.extra <= (0 if sees else toll.unknown)


def test_control_without_looking_lost_replies_double(tmp_path):
    assert killed(tmp_path, 30, 1, 0.5, sees=False, speed=5 * SPEED).extra > 0
