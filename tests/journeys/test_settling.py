"""A press on a message proves that it is there, where the answer to our call was lost and nobody can look."""

from datetime import UTC, datetime, timedelta

import pytest

from bot.domain.conversation import Pressed
from bot.domain.deliveries import Outgoing
from bot.domain.people import Role
from tests.journeys.conversation import Conversation, Shown, said

MONDAY = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
OPENS = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)  # Tuesday 10:00 in Berlin
WEEK = "2026-W48"


@pytest.fixture
def talk(tmp_path):
    one = Conversation(tmp_path, MONDAY)
    one.messenger.looks_up = False
    one.join("ada", roles=(Role.AUTHOR,))
    one.join("bob")
    one.channel("ml")
    yield one
    one.close()


def arrive_without_answer(talk):
    """The next parcel is shown, and the answer to it is lost."""

    def lose(parcel):
        talk.messenger.fail = lambda _parcel: None
        talk.messenger.shown["m1"] = Shown("m1", parcel)
        raise TimeoutError

    talk.messenger.fail = lose


def states(talk):
    found = talk.store(lambda parts: parts.ledger.find(("quiz_open", "ml", WEEK)))
    return found.state, found.message_id


async def opened(talk):
    await talk.say("ada", "quiz on", "ml")
    arrive_without_answer(talk)
    await talk.until(OPENS + timedelta(minutes=30))
    assert states(talk) == ("unknown", None)
    (parent,) = talk.see("ml")
    return parent


async def test_a_press_on_the_parent_lets_the_questions_follow(talk):
    parent = await opened(talk)
    press = Pressed("quiz.next", WEEK, parent.id, parent.delivery)
    assert "Question 1/5" in said(await talk.does("bob", press, "ml"))
    assert states(talk) == ("sent", parent.id)
    await talk.settle()
    assert [one.thread for one in talk.see("ml")] == [None] + ["m1"] * 5


@pytest.mark.parametrize("delivery", [None, 0, 4_711])
async def test_a_marker_of_nothing_settles_nothing(talk, delivery):
    parent = await opened(talk)
    await talk.does("bob", Pressed("quiz.next", WEEK, parent.id, delivery), "ml")
    assert states(talk) == ("unknown", None)


async def test_what_was_never_called_cannot_be_settled(talk):
    await talk.say("ada", "quiz on", "ml")
    row = talk.store(lambda parts: parts.ledger.put([_greeting()], talk.now) and parts.ledger.find(_greeting().key))
    assert talk.store(lambda parts: parts.ledger.arrived(row.id, row.workspace, "m1", talk.now)) is None
    assert talk.store(lambda parts: parts.ledger.arrived(row.id, "elsewhere", "m1", talk.now)) is None


def _greeting():
    return Outgoing(kind="welcome", subject="bob", period="once", member="bob")
