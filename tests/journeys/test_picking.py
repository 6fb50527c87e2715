"""Where a form asks for a person, whoever the platform's own picker gives is found; where it asks for a term, its first letters find it."""

from datetime import UTC, datetime

import pytest

from bot.domain.conversation import Query
from bot.domain.people import Role
from bot.messages import MemberInput, SearchInput
from tests.journeys.conversation import button, said
from tests.journeys.school import School

MONDAY = datetime(2026, 11, 23, 7, 0, tzinfo=UTC)


@pytest.fixture
def school(tmp_path, any_surface):
    one = School(tmp_path, MONDAY, surface=any_surface)
    one.join("mia", "ben")
    one.join("ada", roles=(Role.ADMIN, Role.AUTHOR))
    yield one
    one.close()


async def test_somebody_is_picked_and_erased(school):
    opened = (await school.say("ada", "admin erase")).opens
    assert [type(one) for one in opened.fields] == [MemberInput]
    stranger = await school.submit("ada", opened.id, {"who": "U0GUEST"})
    assert "never met" in stranger.errors["who"]
    await school.say("ada", "admin erase")
    asked = await school.submit("ada", opened.id, {"who": "u-ben"})
    assert "Everything about Ben goes" in said(asked)
    await school.press("ada", button(asked.inline, "Erase, for good"))
    assert school.store(lambda parts: parts.people.actor("w", "u-ben")) is None
    assert school.store(lambda parts: parts.people.actor("w", "u-mia")) is not None


async def test_the_days_of_whoever_is_picked_are_shown(school):
    await school.learns("mia")
    opened = (await school.say("ada", "lessons preview")).opens
    shown = await school.submit("ada", opened.id, {"who": "u-mia"})
    assert "Mia" in shown.inline.summary
    await school.say("ada", "lessons preview")
    assert "never met" in (await school.submit("ada", opened.id, {"who": "U0GUEST"})).errors["who"]


async def test_who_may_not_erase_is_asked_for_nobody(school):
    forbidden = said(await school.say("mia", "admin erase"))
    assert (await school.say("mia", "admin erase")).opens is None
    assert forbidden


async def test_a_term_is_found_by_its_first_letters(school):
    topics = await school.say("mia", "terms")
    opened = (await school.press("mia", button(topics.inline, "Look up a term"))).opens
    assert [(type(one), one.source) for one in opened.fields] == [(SearchInput, "glossary.terms")]
    offered = (await school.does("mia", Query("glossary.terms", "DR"))).picks
    assert [one.label for one in offered] == ["Drift"]
    shown = await school.submit("mia", opened.id, {"term": offered[0].value})
    assert shown.inline.summary.startswith("Drift:")
    await school.press("mia", button(topics.inline, "Look up a term"))
    typed = await school.submit("mia", opened.id, {"term": "drift"})  # the playground lets people type on
    assert typed.inline == shown.inline
    await school.press("mia", button(topics.inline, "Look up a term"))
    assert "term" in (await school.submit("mia", opened.id, {"term": ""})).errors
