"""Whole conversations on Teams: signed activities in, cards out, through the real core and a real database."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from sqlalchemy import select

from adapters.turn import attempt
from bot.domain.cohorts import Rule
from storage.places import channel
from tests.adapters.teams_world import TENANT, World, buttons, cards, direct, words, world
from tests.contracts.adaptive_cards import check, walk


@pytest.fixture
async def teams(tmp_path):
    async with world(tmp_path) as made:
        yield made


async def test_help_in_any_case(teams: World):
    for at, text in enumerate(("help", "Help", "HELP", "hi", "Hi", "Hello", "HELLO", "/mlops help", "  help ")):
        shown = await teams.say(text, who=f"p{at}")
        assert any("define" in words(one) for one in shown), text
        for card in cards(shown):
            check(card)


async def test_installing_welcomes_once(teams: World):
    installed = teams.activity("installed_personal")
    installed["from"].pop("name")
    teams.platform.names["29:ana"] = "Ana Doe"
    assert (await teams.send(installed)).status_code == 200
    await teams.settle()
    assert (await teams.send(teams.activity("added_personal"))).status_code == 200
    assert (await teams.send(installed)).status_code == 200
    await teams.settle()
    await teams.say("help")
    welcomes = [one for one in teams.platform.messages(direct("ana")) if "Ana Doe" in words(one)]
    assert len(welcomes) == 1
    (card,) = cards(welcomes)
    check(card)
    assert "Start: core track at 09:30" in buttons(card)


async def enrolled(teams: World, who: str = "ana") -> None:
    await teams.send(teams.activity("installed_personal", who))
    await teams.settle()
    reply = await teams.press({"action": "settings.quick", "value": ""}, who)
    assert reply["statusCode"] == 200
    await teams.settle()


async def test_the_daily_lesson_arrives_and_its_answer_takes_its_place(teams: World):
    await enrolled(teams)
    before = len(teams.platform.messages(direct("ana")))
    await teams.move(hours=2)
    (lesson,) = teams.platform.messages(direct("ana"))[before:]
    (card,) = cards(lesson)
    check(card)
    choices = [data for data in buttons(card).values() if data["action"] == "lessons.answer"]
    assert len(choices) >= 3
    reply = await teams.press(choices[0])
    assert reply["type"] == "application/vnd.microsoft.card.adaptive"
    check(reply["value"])
    assert "lessons.answer" not in {data["action"] for data in buttons(reply["value"]).values()}
    again = await teams.press(choices[1])
    assert words(again["value"]) == words(reply["value"])  # the first answer counts
    await teams.move(hours=3)
    assert len(teams.platform.messages(direct("ana"))) == before + 1


async def test_what_else_a_lesson_offers_is_in_a_select(teams: World):
    await enrolled(teams)
    await teams.move(hours=2)
    (card,) = cards(teams.platform.messages(direct("ana"))[-1])
    assert {"In an hour", "I know this", "Unclear", "Helpful", "Pause"} <= buttons(card).keys()
    unpicked = next(one["data"] for one in walk(card) if "menu" in one.get("data", {}))
    told = await teams.press(unpicked)
    assert told["value"] == "Pick one from the list first, then press the button beside it."
    before = len(teams.platform.messages(direct("ana")))
    await teams.press(buttons(card)["Pause"])
    assert "paused" in words(teams.platform.messages(direct("ana"))[before:])


async def test_the_form_with_a_mistake_comes_back_filled_in(teams: World):
    await teams.say("help")  # the welcome is behind us
    (form,) = await teams.say("settings")  # typed, so no dialog can open
    (card,) = cards(form)
    check(card)
    (save,) = [data for data in buttons(card).values() if data["action"] == "form.submit"]
    sent = {
        **save,
        "f1-role": "any",
        "f1-track": "core:track/everyone-core",
        "f1-zone": "Nowhere/Land",
        "f1-time": "10:15",
        "f1-days": "0,2",
    }
    reply = await teams.press(sent)
    check(reply["value"])
    fields = {one["id"]: one for one in _inputs(reply["value"])}
    assert fields["f1-zone"]["value"] == "Nowhere/Land"
    assert fields["f1-days"]["value"] == "0,2"
    wrong = [one["text"] for one in walk(reply["value"]) if one.get("color") == "Attention"]
    assert [one[:20] for one in wrong] == ["Please pick one of t", "I do not know that z"]
    assert "For example Europe/Berlin or Nairobi" in words(reply["value"])  # the hint stays
    track = fields["f1-track"]["choices"][0]["value"]
    reply = await teams.press({**sent, "f1-zone": "Europe/Paris", "f1-track": track})
    assert "10:15" in words(reply["value"])
    assert not list(_inputs(reply["value"]))


def _inputs(part):
    if isinstance(part, dict):
        if str(part.get("type", "")).startswith("Input."):
            yield part
        for key, value in part.items():
            if key != "fallback":
                yield from _inputs(value)
    elif isinstance(part, list):
        for one in part:
            yield from _inputs(one)


async def test_a_definition_in_the_own_chat_and_privately_from_a_channel(teams: World):
    await teams.say("help")  # the welcome is behind us
    (card,) = cards(await teams.say("define data drift"))
    check(card)
    assert "drift" in words(card).casefold()
    asked = teams.activity("message_channel", text="<at>MLOps coach</at> define data drift")
    assert (await teams.send(asked)).status_code == 200
    await teams.settle()
    own = teams.platform.messages(direct("ana"))
    assert "drift" in words(own[-1]).casefold()
    channel = [one for one in teams.platform.posted if one.conversation.startswith("19:general")]
    assert [one.conversation for one in channel] == ["19:general@thread.tacv2;messageid=1699999999999"]
    assert channel[0].activity["text"] == "I have answered you in our own chat."


async def test_somebody_met_in_a_channel_gets_a_chat_of_their_own(teams: World):
    await teams.send(teams.activity("message_channel", "bo"))
    await teams.settle()
    assert [one["members"] for one in teams.platform.created] == [[{"id": "29:bo"}]]
    assert any("Bo Doe" in words(one) for one in teams.platform.messages(direct("bo")))  # the welcome


async def test_the_message_extension_finds_and_inserts(teams: World):
    found = await teams.invoke("invoke_query", teams.activity("invoke_query")["value"])
    listed = found["composeExtension"]["attachments"]
    tap = listed[0]["preview"]["content"]["tap"]["value"]
    inserted = await teams.invoke("invoke_select", tap)
    card = inserted["composeExtension"]["attachments"][0]["content"]
    check(card)
    assert not buttons(card)
    response = await teams.send(teams.activity("invoke_query_initial"))
    assert response.json()["composeExtension"]["attachments"]
    await teams.settle()
    # Where only the extension was used, nothing may be sent.
    assert not [one for one in teams.platform.posted if "@unq.gbl.spaces" in one.conversation]


async def test_typeahead(teams: World):
    found = await teams.invoke("invoke_search", teams.activity("invoke_search")["value"])
    assert found["type"] == "application/vnd.microsoft.search.searchResponse"
    assert all(set(one) == {"value", "title"} for one in found["value"]["results"])


async def test_pause_and_resume(teams: World):
    await enrolled(teams)
    await teams.say("pause")
    before = len(teams.platform.messages(direct("ana")))
    await teams.move(hours=2)
    assert len(teams.platform.messages(direct("ana"))) == before
    await teams.say("RESUME")
    await teams.move(days=1)
    lessons = teams.platform.messages(direct("ana"))[before + 1 :]
    assert any("lessons.answer" in {d["action"] for d in buttons(card).values()} for card in cards(lessons))


async def test_an_older_client_answers_by_submit_and_its_card_is_replaced(teams: World):
    await enrolled(teams)
    await teams.move(hours=2)
    lesson = next(one for one in reversed(teams.platform.posted) if one.activity.get("type") == "message")
    choice = next(d for d in buttons(cards(lesson.activity)[0]).values() if d["action"] == "lessons.answer")
    await teams.send(teams.activity("message_submit", value=choice, replyToId=lesson.id))
    await teams.settle()
    last = teams.platform.posted[-1]
    assert (last.method, last.id) == ("PUT", lesson.id)


async def test_leaving_stops_everything_and_coming_back_is_no_second_welcome(teams: World):
    await enrolled(teams)
    await teams.send(teams.activity("removed_personal"))
    before = len(teams.platform.posted)
    await teams.move(days=1)
    assert len(teams.platform.posted) == before
    await teams.send(teams.activity("installed_personal"))
    await teams.settle()
    assert len(teams.platform.posted) == before


async def test_a_dialog_opens_shows_mistakes_and_closes(teams: World):
    await enrolled(teams)
    assert (await teams.invoke("invoke_task_fetch", teams.activity("invoke_task_fetch")["value"]))["task"]
    (shown,) = await teams.say("settings")
    change = buttons(cards(shown)[0])["Change settings"]
    assert change["msteams"] == {"type": "task/fetch"}
    (card,) = cards(await teams.press(change))
    save = _submitting(card)
    values = {one["id"]: one.get("value", "") for one in _inputs(card)}
    wrong = await teams.invoke("invoke_task_submit", {"data": {**save, **values, "f1-zone": "Nowhere/Land"}})
    (again,) = cards(wrong)
    assert "Nowhere/Land" in {one.get("value") for one in _inputs(again)}
    saved = await teams.invoke("invoke_task_submit", {"data": {**save, **values, "f1-time": "10:15"}})
    assert "10:15" in words(cards(saved))
    # The button of what it shows goes on in the same dialog, which Teams tells by its being sent without a request for one.
    more = _submitting(cards(saved)[0], "settings.change")
    assert "How you learn" in words(cards(await teams.invoke("invoke_task_submit", {"data": more})))


def _submitting(card, action="form.submit"):
    """The data of a dialog's one button of this action; a dialog knows Action.Submit alone."""
    pressed = [one for one in walk(card) if str(one.get("type", "")).startswith("Action.")]
    assert {one["type"] for one in pressed} == {"Action.Submit"}
    (found,) = [one["data"] for one in pressed if one["data"]["action"] == action]
    assert "msteams" not in found
    return found


async def test_repeats_have_one_effect_and_one_answer(teams: World):
    await teams.say("terms")  # the welcome is behind us
    before = len(teams.platform.messages())
    activity = teams.activity("message_personal", text="help")
    for _ in range(3):
        assert (await teams.send(activity)).status_code == 200
    await teams.settle()
    assert len(teams.platform.messages()) == before + 1
    press = teams.activity("invoke_card")
    first, second = [(await teams.send(press)).json() for _ in range(2)]
    assert first == second


@pytest.mark.parametrize("name", ["reaction", "typing", "channel_created", "member_added_team", "added_team"])
async def test_what_means_nothing_is_taken_quietly(teams: World, name):
    assert (await teams.send(teams.activity(name))).status_code == 200
    await teams.settle()
    assert not teams.platform.posted


async def test_an_unknown_request_is_answered(teams: World):
    assert (await teams.send(teams.activity("invoke_unknown"))).status_code == 200


async def test_twenty_four_turns_at_once_do_not_hold_the_loop(teams: World, unpaced: None, figures):
    await teams.say("define data drift")  # the search index is built by its first use
    for at in range(24):
        await teams.send(teams.activity("message_personal", f"p{at}"))
    await teams.settle()
    token = teams.platform.token()
    lag: list[float] = []
    loop = asyncio.get_running_loop()

    async def watch() -> None:
        while True:
            then = loop.time()
            await asyncio.sleep(0.001)
            lag.append(loop.time() - then - 0.001)

    watching = asyncio.create_task(watch())
    said = [teams.activity("message_personal", f"p{at}", text="define data drift") for at in range(24)]
    pressed = [teams.activity("invoke_card", f"p{at}") for at in range(24)]
    answers = await asyncio.gather(*(teams.send(one, token=token) for one in [*said, *pressed]))
    watching.cancel()
    assert {one.status_code for one in answers} == {200}
    assert len(lag) > 3  # the loop went round meanwhile
    figures(turns=48, lag_p99_ms=round(sorted(lag)[int(len(lag) * 0.99)] * 1000, 1))
    await teams.settle()
    for at in range(24):
        shown = [words(one) for one in teams.platform.messages(direct(f"p{at}"))]
        assert any("drift" in one.casefold() for one in shown), shown


async def test_what_was_asked_in_a_channel_can_be_shared_there_and_nowhere_else(teams: World):
    asked = teams.activity("message_channel", text="<at>MLOps coach</at> define data drift")
    await teams.send(asked)
    await teams.settle()
    shown = [data for card in cards(teams.platform.messages(direct("ana"))) for data in buttons(card).values()]
    share = next(data for data in shown if data["action"] == "glossary.share")
    forged = {**share, "from": {**share["from"], "place": ["channel", "19:secret@thread.tacv2", ""]}}
    for refused, who in ((forged, "ana"), (share, "eve")):
        await teams.press(refused, who)
        assert not [one for one in teams.platform.created if "activity" in one]
    await teams.press(share)
    (posted,) = [one for one in teams.platform.created if "activity" in one]
    assert posted["channelData"]["channel"]["id"] == "19:general@thread.tacv2"
    assert "drift" in words(posted["activity"]).casefold()


async def test_who_comes_into_a_team_with_a_rule_is_welcomed_in_their_own_chat_and_enrolled(teams: World):
    await teams.send(teams.activity("added_team"))
    await teams.send(teams.activity("member_added_team"))
    await teams.settle()
    assert not teams.platform.messages(direct("new"))  # no rule waits there

    def add(parts):
        (workspace,) = parts.conn.execute(select(channel.c.workspace).distinct()).scalars()
        place = parts.people.channel_at(workspace, "19:general@thread.tacv2")
        parts.cohorts.add_rule(Rule("channel", place.id, "everyone-core"))

    teams.system.store.write(TENANT, add).result()
    await teams.send(teams.activity("member_added_team"))
    await teams.settle()
    shown = words(teams.platform.messages(direct("new")))
    assert "Hello Robin Doe" in shown
    assert "One short lesson a day is set up for you" in shown


async def test_an_answer_that_takes_long_shows_that_we_are_at_it(teams: World, monkeypatch):
    async def slow(*args: Any) -> Any:
        await asyncio.sleep(0.05)
        return await attempt(*args)

    def typed() -> list[str]:
        return [one.activity["type"] for one in teams.platform.posted[before:]]

    await teams.say("help")  # and the welcome
    before = len(teams.platform.posted)
    await teams.say("help")
    assert typed() == ["message"]
    monkeypatch.setattr("adapters.teams.turns.attempt", slow)
    monkeypatch.setattr("adapters.teams.turns.SLOW_SECONDS", 0.0)
    before = len(teams.platform.posted)
    await teams.say("help")
    assert sorted(typed()) == ["message", "typing"]
