"""People put into tracks by their company: told at once, gone in one press, and never put back."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import update

from bot.domain.cohorts import Rule
from bot.domain.conversation import MemberJoined
from bot.domain.people import Role
from bot.domain.waves import Crowd
from bot.ports.people import Team
from storage.cohorts import Cohorts
from storage.people import member
from tests.contracts import reach
from tests.journeys.conversation import button, buttons, said, words
from tests.journeys.school import CORE, EXEC, PRODUCT, School

MONDAY = datetime(2026, 11, 23, 7, 0, tzinfo=UTC)
DAY = timedelta(days=1)


@pytest.fixture
def school(tmp_path, surface):
    one = School(tmp_path, MONDAY, surface=surface)
    one.join("mia", "ben", "zoe")
    one.join("ada", roles=(Role.ADMIN,))
    one.channel("ml")
    one.store(lambda parts: parts.people.add_team(Team(id="t1", name="Platform")))
    yield one
    one.close()


async def rule(school, what, which="", tracks=(CORE,), where=None):
    shown = await school.say("ada", "admin enrol", where)
    opened = await school.press("ada", button(shown.inline, "Add a rule"), where)
    values = {"what": what, "which": which, "tracks": list(tracks)}
    return await school.submit("ada", opened.opens.id, values, opened.opens.ref, where)


def team(school, *names):
    moved = update(member).where(member.c.id.in_(names)).values(team="t1")
    school.store(lambda parts: parts.conn.execute(moved))


def takes(school, who):
    found = school.store(lambda parts: parts.lessons.learner(who))
    return [one.track for one in found.tracks] if found else []


async def test_who_joins_a_chosen_channel_is_enrolled_and_told_with_the_welcome(school):
    saved = await rule(school, "channel", tracks=[CORE, EXEC], where="ml")
    assert "People who join ml" in said(saved)
    assert [row[1] for row in saved.inline.blocks[2].rows] == ["People who join ml"] * 2
    school.channel("other")
    await school.does("nia", MemberJoined(), "other")
    assert not school.see("d-nia")
    await school.does("nia", MemberJoined(), "ml")
    await school.settle()
    (welcome,) = school.see("u-nia")  # her own conversation is begun by the platform
    assert "I am the MLOps coach, a bot. One short lesson a day is set up" in welcome.message.summary
    assert "Your company has put you in Everyone, Executive: a lesson at 09:30" in welcome.words
    nia = school.store(lambda parts: parts.people.actor("w", "u-nia")).member
    assert takes(school, nia) == [CORE, EXEC]
    await school.press("nia", button(welcome.message, "Leave Executive"))
    assert takes(school, nia) == [CORE]
    await school.does("nia", MemberJoined(), "ml")
    assert takes(school, nia) == [CORE]
    assert "no more lessons" in said(await school.press("nia", button(welcome.message, "Leave Everyone")))
    await school.does("nia", MemberJoined(), "ml")
    assert takes(school, nia) == []


async def test_whom_we_know_already_is_told_by_the_first_lesson(school):
    await rule(school, "channel", tracks=[PRODUCT], where="ml")
    await school.learns("mia")
    await school.does("mia", MemberJoined(), "ml")
    await school.go(2 * DAY)
    first, second = school.lessons("mia")
    assert "Your company" not in first.words
    assert "Your company put you in the track Product." in second.words
    answered = await school.answers("mia")
    assert "You have left Product" in said(await school.press("mia", button(answered.inline, "Leave Product")))
    await school.go(DAY)
    assert "Your company" not in school.lessons("mia")[-1].words


async def test_a_team_a_role_and_a_region_are_enrolled_in_steps_and_later_ones_once_a_day(school, monkeypatch):
    monkeypatch.setattr("bot.features.cohorts.PAGE", 2)
    monkeypatch.setattr("bot.features.cohorts.PUT", 1)
    team(school, "mia", "ben")
    await school.learns("zoe", track=EXEC, role="pm")
    assert "Team Platform" in said(await rule(school, "team", "platform"))
    assert "Role: Product manager" in said(await rule(school, "role", "Product manager", [PRODUCT]))
    await school.settle()
    assert takes(school, "mia") == takes(school, "ben") == [CORE]
    assert takes(school, "zoe") == [EXEC, PRODUCT]
    await school.go(DAY)
    assert len(school.lessons("mia")) == 1
    school.store(lambda parts: parts.people.set_region("ada", "DE-BE"))
    await rule(school, "region", "DE", [CORE])
    await school.settle()
    assert takes(school, "ada") == [CORE]

    await school.say("ben", "stop")
    school.join("kai")
    team(school, "kai")
    await school.go(DAY)
    assert takes(school, "kai") == [CORE]
    assert takes(school, "ben") == []


async def test_a_rule_that_cannot_be_is_said_and_an_ended_one_moves_nobody(school):
    assert "Platform" in (await rule(school, "team", "Sales")).errors["which"]
    assert "Data scientist" in (await rule(school, "role", "pirate")).errors["which"]
    assert "region" in (await rule(school, "region", "Atlantis")).errors["which"]
    assert (await rule(school, "everyone")).errors["what"]
    assert (await rule(school, "channel")).errors["what"]
    assert (await rule(school, "team", "Platform", [])).errors["tracks"]
    assert not school.store(lambda parts: parts.cohorts.rules())

    team(school, "mia")
    saved = await rule(school, "team", "Platform")
    await school.settle()
    end = button(saved.inline, "End 1")
    assert "Ended: Team Platform" in said(await school.press("ada", end))
    assert "no longer in use" in said(await school.press("ada", end))
    assert takes(school, "mia") == [CORE]
    assert "nothing here for you" in said(await school.say("mia", "admin enrol"))
    assert "nothing here for you" in said(await school.press("mia", end))


async def test_every_rule_is_listed_with_its_own_button(school):
    for region in ("DE", "FR"):
        await rule(school, "region", region, [CORE, PRODUCT, EXEC])
    shown = await rule(school, "region", "US-CA")
    assert len([one for one in buttons(shown.inline) if one.action == "cohorts.end"]) == 7
    assert "Who is put into which track" in words(shown.inline)


async def test_of_more_rules_than_a_table_holds_each_can_still_be_ended(school):
    for at in range(21):
        school.store(lambda parts, at=at: parts.people.add_team(Team(id=f"x{at}", name=f"Team {at}")))
        school.store(lambda parts, at=at: parts.cohorts.add_rule(Rule("team", f"x{at}", CORE)))
    shown = (await school.say("ada", "admin enrol")).inline
    assert {value for action, value in reach.wanted(shown) if action == "cohorts.end"} == {
        f"team:{CORE}:x{at}" for at in range(21)
    }
    reach.check(shown)


async def test_an_administrator_is_told_how_long_a_wave_takes(school, monkeypatch):
    """Five thousand people at half past nine, at three hundred a minute; what a minute serves is not worth a line."""
    quiet = await school.say("ada", "admin enrol")
    assert "the last lesson arrives" not in said(quiet)
    crowds = [Crowd("Europe/Berlin", 570, 4_967), Crowd("Europe/Berlin", 615, 200)]
    monkeypatch.setattr(Cohorts, "crowds", lambda _self: [("slack", crowds), ("teams", crowds), ("local", crowds)])
    shown = said(await school.say("ada", "admin enrol"))
    assert "About 5,000 people have 09:30 (Europe/Berlin) on Slack: the last lesson arrives about 09:47." in shown
    assert "on Microsoft Teams: the last lesson arrives about 09:34." in shown
    assert shown.count("the last lesson arrives") == 2
