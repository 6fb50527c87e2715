"""Every event comes one to four times, in any order, at two replicas: each has one effect."""

import asyncio
import random
from functools import partial

import pytest
from sqlalchemy import func, select

from adapters.turn import take
from adapters.wiring.system import assemble
from bot.domain.conversation import FormSubmitted
from storage.dialects import open_engine
from storage.glossary import term_suggestion
from storage.people import People, inbox
from tests.faults.company import Company, Place, Points, Script, found
from tests.faults.scripts import MONDAY, nothing

PEOPLE = tuple(f"p{at}" for at in range(16))


async def gather(company):
    company.join(*PEOPLE)


SCRIPT = Script(MONDAY, gather, ((MONDAY, nothing),))


@pytest.fixture
def replicas(postgres_database, tmp_path, caplog):
    """The company, and the cores of two replicas over its one database."""
    caplog.set_level("CRITICAL")
    place = Place(tmp_path, postgres_database())
    found(SCRIPT, place)
    company = Company(place, MONDAY, Points())
    other = assemble(open_engine(place.url), clock=lambda: MONDAY, messengers={}, folder=place.folder / "pack")
    yield company, (company.system.app, other.app)
    company.close()
    other.store.close()


async def deliver(company, apps, count, chance):
    """(how many came, how many different ones)"""
    came = []
    for at in range(count):
        form = FormSubmitted("glossary.suggest", {"term": f"term {at}", "meaning": "It means something."})
        incoming = company.incoming(chance.choice(PEOPLE), form, key=f"once-{at}")
        came += [partial(take, app, incoming, MONDAY) for app in chance.choices(apps, k=chance.randint(1, 4))]
    # Out of order, but a repeat is near its original: both replicas hold the same event at once.
    came = [came[at] for at in sorted(range(len(came)), key=lambda at: at + chance.uniform(0, 40))]
    queue: asyncio.Queue = asyncio.Queue()
    for one in came:
        queue.put_nowait(one)

    async def work():
        while not queue.empty():
            await queue.get_nowait()()

    await asyncio.gather(*(work() for _ in range(12)))
    return len(came)


def effects(company):
    def look(conn):
        terms = conn.execute(select(func.count(), func.count(term_suggestion.c.term.distinct()))).one()
        keys = conn.execute(select(func.count()).where(inbox.c.key.startswith("once-"))).scalar_one()
        return terms[0], terms[1], keys

    return company.system.store.look(look).result()


def test_each_event_has_one_effect(replicas, rounds, figures):
    """Each payload one to four times, shuffled, at two replicas on PostgreSQL."""
    company, apps = replicas
    count = rounds(60, 50_000)
    came = asyncio.run(deliver(company, apps, count, random.Random(3)))
    rows, distinct, keys = effects(company)
    figures("P4", came=came, events=count, effects=rows, effects_twice=rows - distinct)
    assert (rows, distinct, keys) == (count, count, count)


def test_control_without_the_inbox_events_repeat(replicas, monkeypatch):
    company, apps = replicas
    monkeypatch.setattr(People, "first_time", lambda *_: True)
    asyncio.run(deliver(company, apps, 20, random.Random(3)))
    rows, distinct, _ = effects(company)
    assert rows > distinct
