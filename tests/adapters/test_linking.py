"""One person on Slack and on Teams: over signed requests of both, into one store, they become one and come apart."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy import func, select

from storage.ledger import delivery
from storage.people import account
from storage.schema import metadata
from tests.adapters.both_platforms import Both, Hands, open_both
from tests.adapters.slack_desk import TENANT
from tests.content.samples import write
from tests.faults.slack_platform import Fault


@pytest.fixture
async def both(tmp_path: Path, unpaced: None, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Both]:
    monkeypatch.setattr("adapters.slack.pace.CONVERSATION_SECONDS", 0.0)
    async with open_both(tmp_path, write(tmp_path / "pack", {})) as made:
        yield made


def member_at(both: Both, hands: Hands, who: str) -> str:
    found = both.system.store.look(
        lambda conn: conn.execute(
            select(account.c.member).where(account.c.tenant == TENANT, account.c.external == hands.external(who))
        ).scalar_one()
    )
    return str(found.result())


async def begins(both: Both, hands: Hands, who: str) -> None:
    await hands.arrive(who)
    await hands.press(who, hands.newest(who), "Start")
    await both.tick()


async def code(hands: Hands, who: str) -> str:
    found = re.search(r"\b[0-9a-z]{4}-[0-9a-z]{4}\b", hands.words(await hands.say(who, "link")))
    assert found is not None
    return found.group()


async def linked(both: Both) -> None:
    """Lena types on Teams the code that Slack has shown her, reads what will happen, and agrees."""
    asked = await both.teams.say("lena", f"link {await code(both.slack, 'lena')}")
    assert "Lena Doe on Slack (Northwind)" in both.teams.words(asked)
    assert "1 lesson finished, 1 answer" in both.teams.words(asked)
    done = await both.teams.press("lena", asked, "Link them")
    assert "Linked." in both.teams.words(done)
    await both.tick()


async def answers(hands: Hands, who: str) -> None:
    lesson = hands.newest(who)
    await hands.press(who, lesson, next(one for one in hands.labels(lesson) if one.startswith(("A", "The inputs"))))


def sent_dailies(both: Both) -> int:
    mine = (delivery.c.kind == "daily") & (delivery.c.state == "sent")
    return both.system.store.look(
        lambda conn: conn.execute(select(func.count()).select_from(delivery).where(mine)).scalar_one()
    ).result()


async def test_linked_by_a_code_there_is_one_progress_one_lesson_a_day_and_one_set_of_settings(both: Both) -> None:
    await begins(both, both.slack, "lena")
    await both.tick(minutes=45)
    assert sent_dailies(both) == 1
    await answers(both.slack, "lena")
    await begins(both, both.teams, "lena")
    # Equal names link nothing, nor would equal addresses: they are two, and each had a lesson.
    assert member_at(both, both.slack, "lena") != member_at(both, both.teams, "lena")
    assert sent_dailies(both) == 2
    await linked(both)
    assert member_at(both, both.slack, "lena") == member_at(both, both.teams, "lena")
    assert "now linked" in both.slack.words(both.slack.newest("lena"))
    for hands in (both.slack, both.teams):
        assert "1 of 2" in hands.words(await hands.say("lena", "progress"))
    sent = sent_dailies(both)
    assert sent == 2  # before they were one
    for _ in range(8):
        await both.tick(hours=3)  # over tomorrow's lesson
    assert sent_dailies(both) == sent + 1
    moved = await both.teams.press("lena", await both.teams.say("lena", "link"), "Send to Microsoft Teams")
    assert "come there" in both.teams.words(moved)
    before = (both.slack.count("lena"), both.teams.count("lena"))
    for _ in range(8):
        await both.tick(hours=3)
    assert sent_dailies(both) == sent + 2
    assert both.slack.count("lena") == before[0] + 1  # the nudge stays with the lesson it hangs under
    assert both.teams.count("lena") > before[1]


async def test_unlinked_that_account_begins_anew_and_who_leaves_one_platform_stays_on_the_other(both: Both) -> None:
    await begins(both, both.slack, "lena")
    await both.tick(minutes=45)
    await answers(both.slack, "lena")
    await both.teams.arrive("lena")
    await linked(both)
    kept = member_at(both, both.slack, "lena")
    await both.teams.press("lena", await both.teams.say("lena", "unlink"), "Unlink")
    await both.tick()
    assert member_at(both, both.slack, "lena") == kept
    assert member_at(both, both.teams, "lena") != kept
    assert "1 of 2" in both.slack.words(await both.slack.say("lena", "progress"))
    assert "1 of 2" not in both.teams.words(await both.teams.say("lena", "progress"))
    # Linked once more: whoever leaves one platform stays on the other.
    await linked(both)
    await both.slack.desk.event({"type": "user_change", "user": {"id": both.slack.external("lena"), "deleted": True}})
    before = (both.slack.count("lena"), both.teams.count("lena"))
    for _ in range(8):
        await both.tick(hours=3)
    assert (both.slack.count("lena"), both.teams.count("lena")) == (before[0], before[1] + 1)


async def test_who_takes_the_app_away_on_teams_stays_on_slack_and_begins_anew_when_it_comes_back(both: Both) -> None:
    await begins(both, both.slack, "lena")
    await both.tick(minutes=45)
    await answers(both.slack, "lena")
    await both.teams.arrive("lena")
    await linked(both)
    kept = member_at(both, both.slack, "lena")
    await both.teams.world.send(both.teams.world.activity("removed_personal", "lena"))
    before = both.teams.count("lena")
    await both.tick(days=1)
    assert both.teams.count("lena") == before
    await both.teams.arrive("lena")
    assert (member_at(both, both.slack, "lena"), member_at(both, both.teams, "lena") == kept) == (kept, False)
    assert "1 of 2" in both.slack.words(await both.slack.say("lena", "progress"))
    assert "I am the MLOps coach" in both.teams.words(both.teams.newest("lena"))


async def test_an_equal_name_and_e_mail_link_nothing(both: Both) -> None:
    mail = "lena.doe@example.org"
    await both.slack.arrive("lena")
    user = {**both.slack.desk.platform.users[both.slack.external("lena")], "profile": {"email": mail}}
    both.slack.desk.platform.users[user["id"]] = user
    await both.slack.desk.event({"type": "user_change", "user": user})
    installed = both.teams.world.activity("installed_personal", "lena")
    installed["from"] |= {"name": user["real_name"], "email": mail, "userPrincipalName": mail}
    await both.teams.world.send(installed)
    await both.tick()
    here, there = (member_at(both, hands, "lena") for hands in (both.slack, both.teams))
    assert here != there
    assert {both.slack.count("lena"), both.teams.count("lena")} == {1}  # each was welcomed as somebody new
    dump = both.system.store.look(
        lambda conn: [str(row) for table in metadata.sorted_tables for row in conn.execute(select(table))]
    ).result()
    assert not [row for row in dump if mail in row]  # it is not even kept


async def test_who_is_not_the_one_a_code_was_for_gets_no_further(both: Both) -> None:
    for hands in (both.slack, both.teams):
        await hands.arrive("lena")
    await both.slack.arrive("omar")
    shown = await code(both.slack, "lena")
    said = both.slack.words(await both.slack.say("omar", f"link {shown}"))
    assert "same workspace" in said
    assert "do not know this code" in both.teams.words(await both.teams.say("lena", f"link {shown}"))  # it was taken
    for _ in range(4):
        await both.teams.say("lena", "link 0000-0000")
    shown = await code(both.slack, "lena")
    assert "try again later" in both.teams.words(await both.teams.say("lena", f"link {shown}"))
    await both.tick(hours=2)
    assert "do not know" in both.teams.words(await both.teams.say("lena", f"link {shown}"))  # past its time
    shown = await code(both.slack, "lena")
    asked = await both.teams.say("lena", f"link {shown}")
    assert "Nothing was linked" in both.teams.words(await both.teams.press("lena", asked, "Do not link"))
    assert "cannot be used" in both.teams.words(await both.teams.press("lena", asked, "Link them"))
    assert "linked already" in both.slack.words(await both.slack.say("lena", f"link {await code(both.slack, 'lena')}"))


async def test_a_lesson_under_way_while_the_accounts_are_linked_is_the_only_one_that_day(both: Both) -> None:
    """Its call has arrived and the answer is lost, its member is absorbed meanwhile: it is found, and nothing comes twice."""
    await both.teams.arrive("lena")  # the older member stays
    await both.tick(minutes=1)
    await begins(both, both.slack, "lena")
    await both.tick(minutes=24)
    asked = await both.teams.say("lena", f"link {await code(both.slack, 'lena')}")
    absorbed = member_at(both, both.slack, "lena")
    platform, posted = both.slack.desk.platform, both.slack.count("lena")
    platform.fail("chat.postMessage", Fault(slow=0.3, lost=True))
    under_way = asyncio.create_task(both.tick(minutes=6))
    await platform.until(lambda: both.slack.count("lena") > posted)
    assert "Linked." in both.teams.words(await both.teams.press("lena", asked, "Link them"))
    await under_way
    assert member_at(both, both.slack, "lena") != absorbed
    for _ in range(5):
        await both.tick(hours=2)
    assert sent_dailies(both) == 1
    lessons = [one for one in both.slack.own("lena") if "In an hour" in both.slack.labels(one)]
    assert len(lessons) == 1
    assert not any("In an hour" in both.teams.labels(one) for one in both.teams.own("lena"))
