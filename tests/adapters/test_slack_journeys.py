"""Conversations as Slack carries them: signed requests in, calls of the Web API out."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest

from storage import tenancy
from storage.installations import installations
from tests.adapters.slack_desk import TENANT, Desk, buttons, direct, member_of, open_desk, words
from tests.contracts import block_kit
from tests.faults.slack_platform import BOT, TEAM, signed

LENA = "U0LENA"
HOME = direct(LENA)


@pytest.fixture
async def desk(tmp_path) -> AsyncIterator[Desk]:
    async with open_desk(tmp_path) as made:
        made.platform.users[LENA] = {
            "id": LENA, "name": "lena", "real_name": "Lena Fischer", "tz": "Europe/Berlin",
            "profile": {"display_name": "Lena"},
        }  # fmt: skip
        yield made


async def welcomed(desk: Desk) -> dict[str, Any]:
    await desk.event({"type": "team_join", "user": {"id": LENA, "name": "lena", "tz": "Europe/Berlin"}})
    await desk.tick()
    return desk.platform.standing(HOME)[0]


async def enrolled(desk: Desk) -> None:
    """Through the welcome and the onboarding form, as a person does it."""
    await desk.press(LENA, await welcomed(desk), "Choose role")
    await desk.settled()
    opened = desk.platform.made("views.open")[-1]
    answer = await desk.submit(LENA, opened["view"])
    assert answer["response_action"] == "update"
    block_kit.check(answer["view"])


# ---- words


async def test_a_slash_command_is_answered_in_the_response(desk: Desk) -> None:
    answer = await desk.slash(LENA, "help")
    assert answer["response_type"] == "ephemeral"
    assert "define" in words(answer)
    block_kit.check(answer)


async def test_define_answers_privately_with_the_term(desk: Desk) -> None:
    answer = await desk.slash(LENA, "define drift")
    assert answer["response_type"] == "ephemeral"
    assert "drift" in answer["text"].lower()


@pytest.mark.parametrize(
    "text", ["", "   ", "x" * 2_999, "x" * 5_000, "<!channel> &lt;b&gt;", "\u202e\x00", "/mlops help"]
)
async def test_odd_words_get_one_private_answer(desk: Desk, text: str) -> None:
    answer = await desk.slash(LENA, text)
    assert answer["response_type"] == "ephemeral"
    assert "<!channel>" not in answer["text"]
    block_kit.check(answer)


async def test_words_in_the_direct_conversation_are_answered_there(desk: Desk) -> None:
    assert (await desk.say(LENA, "help")).status_code == 200
    await desk.settled()
    [message] = desk.platform.made("chat.postMessage")
    assert message["channel"] == HOME
    assert message["unfurl_links"] is False


async def test_a_mention_is_answered_to_the_person_alone_and_in_its_thread(desk: Desk) -> None:
    text = f"<@{BOT}> define drift"
    await desk.event(
        {"type": "app_mention", "channel": "C0ML", "user": LENA, "text": text, "ts": "2.2", "thread_ts": "2.1"}
    )
    await desk.settled()
    [message] = desk.platform.made("chat.postEphemeral")
    assert (message["channel"], message["user"], message["thread_ts"]) == ("C0ML", LENA, "2.1")
    assert "drift" in message["text"].lower()


@pytest.mark.parametrize(
    "event",
    [
        {"type": "message", "channel_type": "im", "channel": HOME, "user": BOT, "text": "help"},
        {"type": "message", "channel_type": "im", "channel": HOME, "user": "U0APP", "bot_id": "B1", "text": "help"},
        {"type": "message", "channel_type": "im", "channel": HOME, "subtype": "message_changed", "message": {}},
        {"type": "message", "channel_type": "im", "channel": HOME, "subtype": "message_deleted"},
        {"type": "message", "channel_type": "channel", "channel": "C0ML", "user": LENA, "text": "help"},
        {"type": "app_home_opened", "user": LENA, "tab": "messages"},
        {"type": "user_change", "user": {"id": LENA, "deleted": False}},
        {"type": "team_join", "user": {"id": "U0OTHER", "is_bot": True}},
        {"type": "something_new", "user": LENA},
        {"type": 7},
        [],
        None,
    ],
)
async def test_what_is_not_for_us_has_no_effect(desk: Desk, event: Any) -> None:
    assert (await desk.event(event)).status_code < 500
    await desk.settled()
    assert [name for name, _ in desk.platform.calls if name not in {"auth.test", "bots.info"}] == []


async def test_typed_words_that_need_a_form_get_a_button_that_opens_it(desk: Desk) -> None:
    await desk.say(LENA, "settings")
    await desk.settled()
    message = desk.platform.made("chat.postMessage")[-1]
    await desk.press(LENA, {**message, "ts": "3.1"}, "How you learn")
    await desk.settled()
    block_kit.check(desk.platform.made("views.open")[-1]["view"])


# ---- welcome, onboarding, the daily lesson


async def test_a_newcomer_is_welcomed_once(desk: Desk) -> None:
    first = await welcomed(desk)
    assert "bot" in words(first)
    block_kit.check({"text": first["text"], "blocks": first["blocks"]})
    await desk.event({"type": "member_joined_channel", "user": LENA, "channel": "C0ML"})
    await desk.say(LENA, "help")
    await desk.tick()
    await desk.settled()
    assert len([one for one in desk.platform.standing(HOME) if "metadata" in one]) == 1


async def test_the_welcome_says_the_name_of_the_profile_once_it_is_known(desk: Desk) -> None:
    await desk.slash(LENA, "help")
    await desk.settled()
    member = member_of(desk, seat(desk), LENA)
    found = desk.system.store.read(TENANT, lambda parts: parts.people.member(member)).result()
    assert found is not None
    assert (found.name, found.zone) == ("Lena", "Europe/Berlin")


async def test_onboarding_and_the_daily_lesson(desk: Desk) -> None:
    await enrolled(desk)
    await desk.tick(minutes=45)  # 09:45 in Berlin
    lesson = desk.platform.standing(HOME)[-1]
    assert lesson["metadata"]["event_payload"]["delivery_id"] > 0
    block_kit.check({"text": lesson["text"], "blocks": lesson["blocks"]})
    options = [one for one in buttons(lesson) if one["action_id"].startswith("lessons.answer")]
    assert len(options) >= 3
    await desk.press(LENA, lesson, options[0]["text"]["text"])
    await desk.settled()
    [answered] = desk.platform.responses
    assert answered["replace_original"] is True
    block_kit.check(answered)
    await desk.tick(hours=1)
    assert len([one for one in desk.platform.standing(HOME) if "metadata" in one]) == 2


async def test_an_error_in_the_form_keeps_it_open(desk: Desk) -> None:
    await desk.press(LENA, await welcomed(desk), "Choose role")
    await desk.settled()
    view = desk.platform.made("views.open")[-1]["view"]
    wrong = {"type": "plain_text_input", "value": "Atlantis"}
    answer = await desk.submit(LENA, view, zone=wrong)
    assert answer["response_action"] == "errors"
    assert set(answer["errors"]) == {"zone"}


async def test_pause_and_resume(desk: Desk) -> None:
    await enrolled(desk)
    assert "pause" in words(await desk.slash(LENA, "pause")).lower()
    await desk.tick(minutes=45)
    assert len(desk.platform.standing(HOME)) == 1
    assert words(await desk.slash(LENA, "resume"))
    await desk.tick(days=1)
    assert len(desk.platform.standing(HOME)) == 2


# ---- home, search, shortcuts


async def test_the_home_view(desk: Desk) -> None:
    await desk.event({"type": "app_home_opened", "user": LENA, "tab": "home", "channel": HOME})
    await desk.settled()
    [published] = desk.platform.made("views.publish")
    assert published["user_id"] == LENA
    block_kit.check(published["view"])


async def test_a_press_on_the_home_view_opens_a_form(desk: Desk) -> None:
    await desk.event({"type": "app_home_opened", "user": LENA, "tab": "home", "channel": HOME})
    await desk.settled()
    view = desk.platform.made("views.publish")[-1]["view"]
    button = next(one for one in buttons(view) if one["action_id"].startswith("settings.change"))
    await desk.interact(
        LENA, "block_actions", container={"type": "view", "view_id": "V0"}, view={**view, "id": "V0"}, actions=[button]
    )
    await desk.settled()
    assert desk.platform.made("views.open")


async def test_a_press_in_a_sheet_changes_that_sheet(desk: Desk) -> None:
    action = {"type": "button", "action_id": "guide.help#1", "value": ""}
    await desk.interact(
        LENA,
        "block_actions",
        container={"type": "view", "view_id": "V7"},
        view={"id": "V7", "type": "modal"},
        actions=[action],
    )
    await desk.settled()
    [update] = desk.platform.made("views.update")
    assert update["view_id"] == "V7"
    block_kit.check(update["view"])


async def test_typeahead_offers_terms(desk: Desk) -> None:
    await desk.slash(LENA, "help")
    answer = await desk.interact(LENA, "block_suggestion", action_id="glossary.terms", block_id="b", value="dr")
    assert any("drift" in one["text"]["text"].lower() for one in answer["options"])


async def test_a_message_shortcut_types_a_command_with_the_message(desk: Desk) -> None:
    await desk.interact(
        LENA, "message_action", callback_id="command.define", message={"text": "drift", "ts": "1.1"},
        channel={"id": "C0ML", "name": "ml"}, response_url=desk.platform.response_url(),
    )  # fmt: skip
    await desk.settled()
    [opened] = desk.platform.made("views.open")
    assert "drift" in words(opened["view"]).lower()
    block_kit.check(opened["view"])


async def test_a_term_is_shared_in_a_channel_the_bot_is_in(desk: Desk) -> None:
    await desk.event({"type": "member_joined_channel", "user": BOT, "channel": "C0GENERAL"})
    answer = await desk.slash(LENA, "define drift")
    await desk.press(LENA, {**answer, "channel": "C0GENERAL"}, "Share in channel")
    await desk.tick()
    await desk.settled()
    assert [one["channel"] for one in desk.platform.made("chat.postMessage") if one["channel"][0] == "C"] == [
        "C0GENERAL"
    ]


async def test_a_channel_has_its_name_and_the_zone_of_the_workspace(tmp_path) -> None:
    async with open_desk(tmp_path, zone="Europe/Berlin") as desk:
        desk.platform.channels["C0ML"] = "ml-platform"
        for channel in ("C0ML", "C0SECRET"):  # of the second we may not know the name
            await desk.event({"type": "member_joined_channel", "user": BOT, "channel": channel})
            await desk.settled()
        where = seat(desk)
        found = [
            desk.system.store.read(TENANT, lambda parts, at=at: parts.people.channel_at(where, at)).result()  # type: ignore[misc]
            for at in ("C0ML", "C0SECRET")
        ]
        assert [(one.name, one.zone) for one in found if one] == [
            ("ml-platform", "Europe/Berlin"),
            ("C0SECRET", "Europe/Berlin"),
        ]


async def test_a_form_that_opens_too_late_is_told(desk: Desk) -> None:
    from tests.faults.slack_platform import Fault

    desk.platform.fail("views.open", Fault(error="expired_trigger_id"))
    await desk.slash(LENA, "suggest feature flag")
    await desk.settled()
    [told] = desk.platform.responses
    assert "try again" in told["text"]


# ---- repeats, strangers, ends


async def test_a_replay_of_the_same_bytes_has_one_effect(desk: Desk) -> None:
    await enrolled(desk)
    body = json.dumps(
        {
            "type": "event_callback", "team_id": TEAM, "event_id": "Ev-once", "event_time": 1,
            "event": {"type": "message", "channel_type": "im", "channel": HOME, "user": LENA, "text": "pause", "ts": "5.1"},
        }
    ).encode()  # fmt: skip
    headers = {"content-type": "application/json", **signed(body)}
    answers = [await desk.http.post("/slack/events", content=body, headers=headers) for _ in range(4)]
    await desk.settled()
    assert [one.status_code for one in answers] == [200] * 4
    assert len(desk.platform.made("chat.postMessage")) == 2  # the welcome, and one answer


async def test_the_address_is_verified(desk: Desk) -> None:
    response = await desk.post({"type": "url_verification", "challenge": "3eZbrw1aB", "token": "t"})
    assert response.status_code == 200
    assert "3eZbrw1aB" in response.text


async def test_another_workspace_and_a_guest_are_not_served(desk: Desk) -> None:
    answer = await desk.slash(LENA, "help", team_id="T0OTHER")
    assert "nothing here" in answer["text"]
    guest = {"id": "U0GUEST", "team_id": "T0OTHER"}
    pressed = {"type": "block_actions", "team": {"id": TEAM}, "user": guest, "actions": [{"action_id": "guide.help#1"}]}
    assert (await desk.post(pressed)).content == b""
    with pytest.raises(AssertionError, match="have not met"):
        member_of(desk, seat(desk), "U0GUEST")


async def test_a_leaver_is_sent_nothing_more(desk: Desk) -> None:
    await enrolled(desk)
    await desk.event({"type": "user_change", "user": {"id": LENA, "deleted": True, "name": "lena"}})
    await desk.tick(days=1)
    assert len(desk.platform.standing(HOME)) == 1


@pytest.mark.parametrize("order", [("app_uninstalled", "tokens_revoked"), ("tokens_revoked", "app_uninstalled")])
async def test_taking_the_app_away_stops_the_workspace_in_any_order(desk: Desk, order: tuple[str, str]) -> None:
    await enrolled(desk)
    for name in order:
        response = await desk.event({"type": name, "tokens": {"bot": [BOT]}})
        assert response.status_code == 200
        await desk.settled()
    await desk.tick(days=1)
    assert len(desk.platform.standing(HOME)) == 1
    assert desk.system.store.look(lambda conn: installations(conn, "slack")).result() == []
    assert desk.system.store.look(tenancy.workspaces).result() == []
    assert "nothing here" in (await desk.slash(LENA, "help"))["text"]


async def test_revoking_somebodys_own_token_is_not_the_end(desk: Desk) -> None:
    await desk.event({"type": "tokens_revoked", "tokens": {"oauth": [LENA], "bot": []}})
    await desk.settled()
    assert "define" in words(await desk.slash(LENA, "help"))


async def test_installing_again_takes_up_where_it_was(desk: Desk) -> None:
    await enrolled(desk)
    ended = int(desk.clock.now.timestamp())
    await desk.event({"type": "app_uninstalled"})
    await desk.settled()
    desk.clock.move(hours=1)
    await desk.front._install_own()
    await desk.front._seats.load()
    # News of the old uninstallation that comes late is old news.
    await desk.event({"type": "tokens_revoked", "tokens": {"bot": [BOT]}}, event_time=ended)
    await desk.settled()
    await desk.tick(days=1)
    assert len(desk.platform.standing(HOME)) == 2


def seat(desk: Desk) -> str:
    return next(one.id for one in desk.system.store.look(tenancy.workspaces).result())
