"""What somebody can learn about themselves, take along, and have erased; nothing reaches them afterwards."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from bot.domain.conversation import MemberJoined, Removed
from bot.domain.people import Role
from bot.messages import File
from tests.journeys.conversation import button, buttons, said, words
from tests.journeys.school import School

MONDAY = datetime(2026, 11, 23, 7, 0, tzinfo=UTC)
DAY = timedelta(days=1)


@pytest.fixture
def school(tmp_path, surface):
    one = School(tmp_path, MONDAY, surface=surface)
    one.join("mia", "ben")
    one.join("ada", roles=(Role.ADMIN,))
    one.channel("ml")
    yield one
    one.close()


async def erase(school, who):
    shown = await school.say(who, "privacy")
    asked = await school.press(who, button(shown.inline, "Erase everything"))
    return await school.press(who, button(asked.inline, "Erase, for good"))


def knows(school, text):
    """Whether it stands anywhere in the database file."""
    return school.store(
        lambda parts: any(
            text in str(row)
            for (name,) in parts.conn.exec_driver_sql("SELECT name FROM sqlite_master WHERE type = 'table'").all()
            if name != "pack"
            for row in parts.conn.exec_driver_sql(f'SELECT * FROM "{name}"').all()
        )
    )


async def test_everything_can_be_taken_along_as_a_file(school):
    await school.learns("mia")
    await school.until(MONDAY + DAY)
    shown = await school.say("mia", "privacy")
    assert "400 days" in words(shown.inline)
    given = await school.press("mia", button(shown.inline, "Download everything"))
    (file,) = [block for block in given.inline.blocks if isinstance(block, File)]
    document = json.loads(file.data)
    assert document["about"] == "Mia"
    assert {"member", "account", "learner", "delivery", "lesson_state"} <= set(document["records"])
    assert all("ben" not in json.dumps(row) for row in document["records"]["member"])
    assert said(await school.say("mia", "privacy export")) == said(given)


async def test_nothing_reaches_an_erased_person_and_nothing_is_known_of_them(school):
    for who in ("mia", "ben"):
        await school.learns(who)
    await school.until(MONDAY + DAY)
    before = len(school.see("d-mia"))
    assert before
    assert knows(school, "Mia")
    assert "erased" in said(await erase(school, "mia"))
    assert not knows(school, "Mia")
    assert not knows(school, "u-mia")
    others = len(school.see("d-ben"))
    await school.go(7 * DAY)
    assert len(school.see("d-mia")) == before
    assert len(school.see("d-ben")) > others  # control: the week had lessons


async def test_no_rule_brings_an_erased_person_back_until_they_speak(school):
    shown = await school.say("ada", "admin enrol", "ml")
    opened = await school.press("ada", button(shown.inline, "Add a rule"), "ml")
    values = {"what": "channel", "which": "", "tracks": ["everyone-core"]}
    await school.submit("ada", opened.opens.id, values, opened.opens.ref, "ml")
    await school.say("mia", "help")
    await erase(school, "mia")
    await school.does("mia", MemberJoined(), "ml")
    assert not knows(school, "u-mia")
    await school.say("mia", "help")
    assert knows(school, "u-mia")
    await school.does("ben", MemberJoined(), "ml")


async def test_an_administrator_erases_somebody_who_left(school):
    await school.say("mia", "help")
    await school.does("mia", Removed())
    assert "I know nobody" in said(await school.say("ada", "admin erase Nobody"))
    asked = await school.say("ada", "admin erase mia")
    assert "Mia" in words(asked.inline)
    gone = await school.press("ada", button(asked.inline, "Erase, for good"))
    assert "everything about them is erased" in said(gone)
    assert not knows(school, "u-mia")
    again = await school.press("ada", button(asked.inline, "Erase, for good"))
    assert "nobody to erase" in said(again)


async def test_only_administrators_erase_others(school):
    asked = await school.say("ada", "admin erase ben")
    refused = await school.press("mia", button(asked.inline, "Erase, for good"))
    assert buttons(refused.inline) == []
    assert knows(school, "u-ben")
    assert not buttons((await school.say("mia", "admin erase ben")).inline)
