"""A quiz whose opening may be there or not: its owners are asked once, and their first word counts."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import update

from bot.domain.deliveries import ASKED
from bot.domain.people import Role
from bot.errors import DeliveryFailed
from storage.ledger import delivery
from tests.journeys.conversation import Conversation, button, said, words

MONDAY = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
OPENS = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)  # Tuesday 10:00 in Berlin
MINUTE = timedelta(minutes=1)


@pytest.fixture
def talk(tmp_path):
    one = Conversation(tmp_path, MONDAY)
    one.join("ada", "eve", roles=(Role.ADMIN,))
    one.join("bob")
    one.channel("ml")
    yield one
    one.close()


def waited(talk):
    """Ten minutes of machine time have gone by."""
    talk.store(
        lambda parts: parts.conn.execute(
            update(delivery).where(delivery.c.state == "unknown").values(not_before=0, lease_until=0)
        )
    )


def opening(talk):
    return talk.store(lambda parts: parts.ledger.find(("quiz_open", "ml", "2026-W48")))


async def in_doubt(talk):
    """The opening's call was lost, it was looked for twice, and the owners were asked."""

    def lost(parcel):
        if parcel.address == "ml":
            raise DeliveryFailed("reset", ambiguous=True)

    await talk.say("ada", "quiz on", "ml")
    talk.messenger.fail = lost
    await talk.until(OPENS)
    for _ in range(3):
        waited(talk)
        await talk.go(MINUTE)
    talk.messenger.fail = lambda _parcel: None
    return [one for one in talk.see("d-ada") if "cannot see whether it is there" in one.words]


async def test_owners_are_asked_once_and_what_is_not_there_is_posted_again(talk):
    (asked,) = await in_doubt(talk)
    assert "This week's quiz for ml" in words(asked.message).replace("*", "")
    assert opening(talk).reason == ASKED
    assert not [one for one in talk.see("d-bob") if "cannot see" in one.words]
    again = button(asked.message, "It is not there")
    assert "posted again" in said(await talk.press("eve", again))
    assert "decided already" in said(await talk.press("ada", again))
    await talk.go(5 * MINUTE)
    assert opening(talk).state == "sent"
    parents = [one for one in talk.see("ml") if one.thread is None]
    assert len(parents) == 1
    assert [one for one in talk.see("ml") if one.thread == parents[0].id]


async def test_what_is_there_is_left(talk):
    (asked,) = await in_doubt(talk)
    assert "Left as it is" in said(await talk.press("ada", button(asked.message, "Leave it")))
    await talk.go(5 * MINUTE)
    assert opening(talk).state == "dead"
    assert talk.see("ml") == []


async def test_only_an_administrator_decides(talk):
    (asked,) = await in_doubt(talk)
    await talk.press("bob", button(asked.message, "It is not there"))
    assert opening(talk).reason == ASKED
