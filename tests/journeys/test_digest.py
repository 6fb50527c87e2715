"""A manager's week: figures about enough people, published once, the same everywhere, and for nobody else."""

from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import update

from bot.domain.calendar import DAY, week_start
from bot.domain.digests import closes_at
from bot.domain.people import Role
from bot.messages import Fields, File, plain
from bot.ports.lessons import Asking, Given
from bot.ports.people import Member, Team
from storage.people import team as teams
from tests.contracts import reach
from tests.journeys.conversation import WORKSPACE, Conversation, button, said

WEEK = "2026-W47"
FIRST = week_start(WEEK)
NOW = datetime(2026, 11, 19, 8, 0, tzinfo=UTC)  # the Thursday of that week
CLOSED = closes_at(WEEK)
HOUR = timedelta(hours=1)


@pytest.fixture
def talk(tmp_path):
    one = Conversation(tmp_path, NOW)
    yield one
    one.close()


def team(talk, reports, *, manager="mia", name="blue", zone="Europe/Berlin"):
    """A manager who is one of the team, and their reports, all with an account."""

    def add(parts):
        parts.people.add_team(Team(id=name, name=name.title(), manager=manager))
        for who in (manager, *reports):
            parts.people.add_member(Member(id=who, name=who.title(), team=name, zone=zone), talk.now)
            parts.people.add_account(f"a-{who}", WORKSPACE, who, f"u-{who}", f"d-{who}")

    talk.store(add)


def did(talk, who, counter="lessons", count=1, day: date = FIRST):
    talk.store(lambda parts: parts.participation.add(who, day, counter, count))


def reports(count, mark="r"):
    return [f"{mark}{at}" for at in range(count)]


async def published(talk, week=WEEK):
    await talk.settle()
    await talk.until(closes_at(week) + timedelta(minutes=1))


def card(answer):
    return "\n".join(
        f"{label}: {plain(value)}"
        for block in (answer.inline.blocks if answer.inline else ())
        if isinstance(block, Fields)
        for label, value in block.items
    )


async def test_four_reports_are_too_few_and_five_are_enough(talk):
    team(talk, reports(4))
    team(talk, reports(5, "s"), manager="noa", name="red")
    for who in ("r0", "r1", "s0", "s1"):
        did(talk, who)
    await published(talk)
    few, enough = await talk.say("mia", "digest"), await talk.say("noa", "digest")
    assert "large enough, not counting you" in said(few)
    assert card(few) == ""
    assert "Took part: 40-50 %" in card(enough)


async def test_the_reader_is_not_counted(talk):
    """Five with the manager are four; and what the manager did shows nowhere."""
    team(talk, reports(4))
    did(talk, "mia", count=50)
    await published(talk)
    assert "large enough, not counting you" in said(await talk.say("mia", "digest"))


async def test_all_alike_is_withheld_and_small_teams_get_bands(talk):
    team(talk, reports(6))
    for who in reports(6):
        did(talk, who)
    for who in reports(2):
        did(talk, who, "quiz_answers")
    await published(talk)
    shown = card(await talk.say("mia", "digest"))
    withheld = plain(talk.system.app.texts.render("digest.withheld_uniform"))
    assert f"Took part: {withheld}" in shown
    assert "Answered the quiz: 30-40 %" in shown
    assert f"Used office hours: {withheld}" in shown


async def test_a_large_team_gets_a_percentage(talk):
    team(talk, reports(20))
    for who in reports(9):
        did(talk, who)
    await published(talk)
    assert "Took part: 45 %" in card(await talk.say("mia", "digest"))


async def test_before_the_week_is_over_everywhere_nothing_is_told(talk):
    team(talk, reports(6))
    did(talk, "r0")
    await talk.settle()
    await talk.until(CLOSED - timedelta(minutes=1))
    answer = await talk.say("mia", "digest")
    assert "Nothing is published" in said(answer)
    assert "Monday 23 November, 13:00" in said(answer)


async def test_published_once_whatever_happens_later(talk):
    team(talk, reports(6))
    did(talk, "r0")
    await published(talk)
    before = card(await talk.say("mia", "digest"))
    for who in reports(3):
        did(talk, who)
    talk.store(lambda parts: parts.jobs.start("digest_publish", f"{WEEK}", talk.now))
    job = talk.system.app.table.jobs["digest_publish"]

    def again(parts):
        work = talk.system.app.work(parts, talk.now)
        cursor = job.step(work, WEEK, {}).cursor
        while cursor["waiting"]:
            cursor = job.step(work, WEEK, cursor).cursor

    talk.store(again)
    assert card(await talk.say("mia", "digest")) == before


async def test_the_card_and_the_file_say_the_same(talk):
    team(talk, reports(6))
    for who in reports(2):
        did(talk, who)
    await published(talk)
    answer = await talk.say("mia", "digest")
    told = await talk.press("mia", button(answer.inline, "Download"))
    (file,) = (block for block in told.inline.blocks if isinstance(block, File))
    head, row = file.data.decode().split("\r\n")[:2]
    assert head == "week,took_part,lessons,quiz,office_hours,hard_topics"
    values = [line.partition(": ")[2] for line in card(answer).splitlines()]
    assert row.replace('"', "") == ",".join([WEEK, *values, ""])


async def test_a_digest_of_another_team_is_not_there(talk):
    team(talk, reports(6))
    team(talk, reports(6, "s"), manager="noa", name="red")
    await published(talk)
    forbidden = plain(talk.system.app.texts.render("app.forbidden"))
    own = await talk.say("noa", "digest")
    theirs = button(own.inline, "Download") if "Took" in card(own) else None
    assert said(await talk.say("mia", "digest red")) == forbidden
    assert said(await talk.say("mia", "digest nothing-of-the-kind")) == forbidden
    assert said(await talk.say("r0", "digest")) == forbidden
    if theirs is not None:
        assert said(await talk.press("mia", theirs)) == forbidden
        assert said(await talk.press("r0", theirs)) == forbidden


@pytest.mark.parametrize("count", [5, 6])
async def test_a_manager_of_many_teams_is_asked_which(talk, count):
    talk.join("mia")
    for at in range(count):
        talk.store(lambda parts, at=at: parts.people.add_team(Team(id=f"t{at}", name=f"Team {at}", manager="mia")))
    asked = (await talk.say("mia", "digest")).inline
    assert reach.wanted(asked) == {("digest.show", f"t{at}") for at in range(count)}


async def test_a_joiner_and_a_leaver_wait(talk):
    """One more or one less between two editions would be that person's figure."""
    team(talk, reports(6))
    did(talk, "r0")
    await published(talk)
    sets = [talk.store(lambda parts: parts.digest.published_set("blue", "mia"))]
    talk.store(lambda parts: parts.people.leave("r5", talk.now))
    talk.store(lambda parts: parts.people.add_member(Member(id="new", name="New", team="blue"), talk.now))
    await published(talk, "2026-W48")
    sets.append(talk.store(lambda parts: parts.digest.published_set("blue", "mia")))
    assert sets[0] == sets[1]
    assert talk.store(lambda parts: parts.digest.unseal(sets[1])) == reports(6)
    for at in range(5):
        new = Member(id=f"more{at}", name="New", team="blue")
        talk.store(lambda parts, new=new: parts.people.add_member(new, talk.now))
    await published(talk, "2026-W49")
    latest = talk.store(lambda parts: parts.digest.published_set("blue", "mia"))
    assert len(latest) == 11
    assert "r5" not in talk.store(lambda parts: parts.digest.unseal(latest))


async def test_the_digest_arrives_on_tuesday_morning_where_the_manager_is(talk):
    team(talk, reports(6), zone="America/New_York")
    team(talk, reports(6, "s"), manager="noa", name="red", zone="Pacific/Auckland")
    did(talk, "r0")
    did(talk, "s0")
    await talk.settle()
    await talk.until(CLOSED + 2 * DAY)
    (west,), (east,) = talk.see("d-mia"), talk.see("d-noa")
    assert west.at == datetime(2026, 11, 24, 14, 30, tzinfo=UTC)
    assert east.at == datetime(2026, 11, 23, 20, 30, tzinfo=UTC)
    assert "Took part" in west.words


async def test_a_new_manager_sees_nothing_of_the_time_they_were_counted(talk):
    """They know what they did themselves: five people of whom they were one would be four."""
    team(talk, reports(5))
    did(talk, "r0")
    await published(talk)
    assert card(await talk.say("mia", "digest"))

    def hand_over(parts):
        parts.conn.execute(update(teams).where(teams.c.id == "blue").values(manager="r0"))

    talk.store(hand_over)
    talk.system.app.accounts.forget(WORKSPACE, "u-r0")
    talk.system.app.accounts.forget(WORKSPACE, "u-mia")
    assert "Nothing is published" in said(await talk.say("r0", "digest"))
    assert said(await talk.say("mia", "digest")) == plain(talk.system.app.texts.render("app.forbidden"))
    await talk.until(CLOSED + 2 * DAY)
    assert talk.see("d-mia") == talk.see("d-r0") == []  # nothing is forwarded
    await published(talk, "2026-W48")
    people = talk.store(lambda parts: parts.digest.unseal(parts.digest.published_set("blue", "r0")))
    assert people == ["mia", "r1", "r2", "r3", "r4"]


async def test_hard_topics_are_named_without_people(talk):
    team(talk, reports(6))
    catalog = talk.system.app.catalogs.active()
    question = next(one for one in catalog.questions.values() if one.topic == "data")

    def answer(parts):
        for number, who in enumerate(reports(6) * 2):
            id = f"q{number}"
            asking = Asking(
                id=id, source="daily", source_id="1", position=1, question=question.id, rev=1, order=("a", "b"),
                pack=catalog.version, member=who,
            )  # fmt: skip
            parts.lessons.ask([asking])
            parts.lessons.answer(Given(id, who, "b", correct=number == 0, at=NOW))

    talk.store(answer)
    for who in reports(3):
        did(talk, who)
    await published(talk)
    shown = said(await talk.say("mia", "digest"))
    assert f"Topics the group finds hard: {catalog.topics['data'].name}" in shown
    assert "first hard topic" in shown
    for who in reports(6):
        assert who not in shown.casefold().split()
    assert "Never who" in shown


async def test_an_administrator_asks_for_larger_groups(talk):
    team(talk, reports(5))
    team(talk, reports(6, "s"), manager="noa", name="red")
    talk.join("eve", roles=(Role.ADMIN,))
    assert "at least 5 people" in said(await talk.say("eve", "admin groups"))
    assert "nothing here for you" in said(await talk.say("mia", "admin groups 4"))
    for wrong in ("3", "0", "51", "-6", "six", "6.5", "٦"):
        assert "Nothing was changed" in said(await talk.say("eve", f"admin groups {wrong}"))
    assert "at least five people besides them" in said(await talk.say("r0", "privacy"))
    assert "at least 6 people" in said(await talk.say("eve", "admin groups 6"))
    assert "at least 6 people besides them" in said(await talk.say("r0", "privacy"))
    did(talk, "r0")
    did(talk, "s0")
    await published(talk)
    few, enough = await talk.say("mia", "digest"), await talk.say("noa", "digest")
    assert "large enough, not counting you" in said(few)
    assert "Took part" in card(enough)
