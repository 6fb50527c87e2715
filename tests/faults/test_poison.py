"""One delivery in a hundred raises or is refused for good: it is parked with its reason, and all the others are sent."""

import pytest

from bot.domain.deliveries import Outgoing
from bot.errors import DeliveryFailed
from bot.router import Kind
from scheduler.intent import Intents
from tests.faults.conftest import PEOPLE
from tests.scheduler.conftest import NOW, composed


@pytest.fixture(autouse=True)
def quiet(caplog):
    caplog.set_level("CRITICAL")


def compose(work, rows):
    if any(one.subject.startswith("raises") for one in rows):
        raise ValueError
    return composed(work, rows)


def poisoned(here, count):
    """In every hundred the 37th raises, or is refused for good."""
    names = [
        f"{'raises' if at % 200 < 100 else 'refused'}{at}" if at % 100 == 37 else f"good{at}" for at in range(count)
    ]
    here.platform.plan = {
        name: [DeliveryFailed("channel_not_found", permanent=True)] * 9 for name in names if name[0:7] == "refused"
    }
    rows = [Outgoing(kind="odd", subject=name, period="1", member=PEOPLE[at % 20]) for at, name in enumerate(names)]
    here.write(lambda parts: parts.ledger.put(rows, NOW))
    return names


def test_the_others_are_all_sent(crowd, rounds, figures):
    """One in a hundred raises in its kind, or is refused by the platform for good."""
    here = crowd(kinds=[Kind(name="odd", compose=compose)])
    count = rounds(200, 10_000)
    names = poisoned(here, count)
    here.drain()
    states = here.states()
    good = [name for name in names if name.startswith("good")]
    late = sum(states[name] != "sent" for name in good)
    for _ in range(8):
        here.no_waiting()
        here.drain()
    parked = [row for row in here.rows().values() if row.state == "dead"]
    figures(
        "P8", deliveries=count, poison=count - len(good), parked=len(parked), others_not_sent_in_the_first_round=late
    )
    assert late == 0
    assert {one.subject for one in parked} == set(names) - set(good)
    assert all(one.reason for one in parked)


@pytest.mark.parametrize("empty_url", ["sqlite"], indirect=True)
def test_control_without_trying_alone_poison_stops_its_batch(crowd, monkeypatch):
    here = crowd(kinds=[Kind(name="odd", compose=compose)])
    poisoned(here, 100)

    def all_or_none(self, parts, work, name, group):
        return self._compose(parts, work, self._app.table.kinds[name], group)

    monkeypatch.setattr(Intents, "_ask", all_or_none)
    with pytest.raises(ValueError):  # noqa: PT011 - it has no words
        here.drain()
    assert "ready" in here.states().values() or "claimed" in here.states().values()
