"""A term shared in a channel: once, in time, with the name of who shared it."""

from datetime import UTC, datetime, timedelta

import pytest

from bot.domain.conversation import Pressed
from tests.journeys.conversation import Conversation, said

MONDAY = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
SHARE = Pressed("glossary.share", "core:term/drift")


@pytest.fixture
def talk(tmp_path):
    one = Conversation(tmp_path, MONDAY)
    one.join("ann", "bob")
    one.channel("ml")
    yield one
    one.close()


async def test_a_double_press_posts_once_and_the_next_day_again(talk):
    for _ in range(2):
        assert "Shared" in said(await talk.does("ann", SHARE, "ml"))
    await talk.settle()
    (post,) = talk.see("ml")
    assert "Ann" in post.words
    talk.now += timedelta(days=1)
    await talk.does("bob", SHARE, "ml")
    await talk.settle()
    assert len(talk.see("ml")) == 2


async def test_what_could_not_be_shared_within_the_hour_is_not_shared(talk):
    await talk.does("ann", SHARE, "ml")
    talk.now += timedelta(hours=2)
    await talk.settle()
    assert talk.see("ml") == []
