"""Payloads of the shapes Slack sends, and what the core gets of each."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.slack import read
from adapters.slack.read import Ended, Invited, Origin
from bot.domain.conversation import (
    FormClosed,
    FormSubmitted,
    HomeOpened,
    Incoming,
    MemberJoined,
    Place,
    Pressed,
    Query,
    Removed,
    Typed,
)

FOLDER = Path(__file__).parents[1] / "payloads" / "slack"
BOT = "U061F7AUR"
DIRECT = Place("direct", "D024BE91L")

EXPECTED: dict[str, Any] = {
    "slash_command": (Typed("define drift & <skew>"), Place("channel", "C2147483705"), "U2147483697"),
    "slash_command_in_direct": (Typed("help"), Place("direct", ""), "U2147483697"),
    "slash_command_in_group": (Typed("help"), Place("group", "C0GROUP01"), "U2147483697"),
    "app_mention": (Typed("define drift"), Place("channel", "C123ABC456", "1515449438.000011"), "U061F7AUX"),
    "message_im": (Typed("what is <b> #general @lena https://example.org"), DIRECT, "U2147483697"),
    "button_in_direct": (Pressed("lessons.answer", "a1:2", "1548261231.000200", 77), DIRECT, "U2147483697"),
    "button_in_thread": (
        Pressed("quiz.answer", "q1:0", "1548261299.000200"),
        Place("channel", "C123ABC456", "1548261231.000200"),
        "U2147483697",
    ),
    "button_on_ephemeral": (
        Pressed("glossary.show", "skew", "1548261231.000300"),
        Place("channel", "C123ABC456"),
        "U2147483697",
    ),
    "button_at_home": (Pressed("settings.change", ""), Place("home", ""), "U2147483697"),
    "button_asking_again": (Typed("settings"), DIRECT, "U2147483697"),
    "select": (Pressed("glossary.browse", "monitoring", "1548261231.000200"), DIRECT, "U2147483697"),
    "view_submission": (
        FormSubmitted(
            "settings.save",
            {
                "role": "mle",
                "days": ["0", "4"],
                "zone": "Europe/Berlin",
                "time": "09:30",
                "day": "2026-11-03",
                "host": "U061F7AUX",
                "seats": "3",
                "empty": "",
            },
            "ref-1",
        ),
        Place("direct", ""),
        "U2147483697",
    ),
    "view_closed": (FormClosed("settings.save", "ref-1"), Place("direct", ""), "U2147483697"),
    "block_suggestion": (Query("glossary.terms", "dri"), Place("direct", ""), "U2147483697"),
    "message_action": (Typed("define concept drift"), Place("channel", "C123ABC456"), "U2147483697"),
    "shortcut": (Typed("help"), Place("direct", ""), "U2147483697"),
    "app_home_opened": (HomeOpened(), Place("home", ""), "U061F7AUX"),
    "member_joined_channel": (MemberJoined(), Place("channel", "C123ABC456"), "U061F7AUX"),
    "team_join": (MemberJoined(), Place("direct", ""), "U0NEW00001"),
    "user_change_deactivated": (Removed(), Place("direct", ""), "U0GONE0001"),
}
OTHER: dict[str, Any] = {
    "bot_joined_channel": Invited("C123ABC456"),
    "app_uninstalled": Ended(1547842100),
    "tokens_revoked": Ended(1547842101),
    "tokens_revoked_of_a_user": None,
    "user_change": None,
    "message_by_bot": None,
    "message_changed": None,
    "url_verification": None,
}


def payload(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((FOLDER / f"{name}.json").read_text())
    return found


def test_every_payload_is_expected() -> None:
    assert {path.stem for path in FOLDER.glob("*.json")} == {*EXPECTED, *OTHER}


@pytest.mark.parametrize("name", EXPECTED)
def test_what_the_core_gets(name: str) -> None:
    event, place, account = EXPECTED[name]
    found = read.incoming(payload(name), "w1", "proof", BOT)
    assert isinstance(found, Incoming)
    assert (found.event, found.place, found.account) == (event, place, account)
    assert found.workspace == "w1"
    assert found.key


@pytest.mark.parametrize("name", OTHER)
def test_what_is_not_a_turn(name: str) -> None:
    assert read.incoming(payload(name), "w1", "proof", BOT) == OTHER[name]


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("app_mention", "Ev08MFMKH6"),
        ("slash_command", "13345224609.738474920.8088930838d88f008e0"),
        ("button_in_direct", "12466734323.1395872398"),
        ("view_closed", "proof"),
    ],
)
def test_the_key_of_an_event(name: str, key: str) -> None:
    found = read.incoming(payload(name), "w1", "proof", BOT)
    assert isinstance(found, Incoming)
    assert found.key == key


def test_who_it_is() -> None:
    found = read.incoming(payload("team_join"), "w1", "proof", BOT)
    assert isinstance(found, Incoming)
    assert (found.name, found.zone, found.locale) == ("Noa", "Asia/Jerusalem", "en-GB")


@pytest.mark.parametrize(
    ("name", "where"),
    [
        ("slash_command", Origin("T0001", "")),
        ("app_mention", Origin("T123ABC456", "E123ABC456")),
        ("button_in_direct", Origin("T9TK3CUKW", "")),
        ("view_submission", Origin("T9TK3CUKW", "")),
    ],
)
def test_where_it_comes_from(name: str, where: Origin) -> None:
    assert read.origin(payload(name)) == where


def test_a_guest_of_a_shared_channel_is_foreign() -> None:
    guest = payload("button_in_direct")
    guest["user"]["team_id"] = "T0OTHER"
    assert read.origin(guest).foreign


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ("a &lt;b&gt; &amp;amp; c", "a <b> &amp; c"),
        ("<https://example.org|example.org> <mailto:a@b.c|a@b.c>", "example.org a@b.c"),
        ("<https://example.org>", "https://example.org"),
        ("<@U123ABC> <@U123ABC|lena> <#C1|ml> <#C1>", "@U123ABC @lena #ml #C1"),
        ("<!here> <!subteam^S1|@team>", "@here @@team"),
        ("1 < 2", "1 < 2"),
    ],
)
def test_slacks_own_marks_are_undone(typed: str, words: str) -> None:
    assert read.spoken(typed) == words


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["type", "user", "id", "team", "view", "state", "values", "actions", "event", "channel", "message",
                             "metadata", "container", "text", "action_id", "tokens", "bot", "selected_options", "value"]),
            inner,
            max_size=5,
        )
    ),
    max_leaves=15,
)  # fmt: skip


@given(payload=st.dictionaries(st.sampled_from(["event", "user", "view", "actions", "team", "authorizations", "container", "command", "message", "channel", "text"]), JSON), kind=st.sampled_from(["event_callback", "block_actions", "view_submission", "view_closed", "block_suggestion", "shortcut", "message_action", 7, None]))  # fmt: skip
def test_no_payload_makes_reading_raise(payload: dict[str, Any], kind: Any) -> None:
    made = {**payload, "type": kind}
    read.origin(made)
    read.incoming(made, "w1", "proof", BOT)
    if isinstance(made.get("event"), dict):
        for name in ("message", "app_mention", "team_join", "user_change", "tokens_revoked", "app_home_opened"):
            read.incoming({**made, "type": "event_callback", "event": {**made["event"], "type": name}}, "w1", "p", BOT)
