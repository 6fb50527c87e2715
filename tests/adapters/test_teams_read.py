"""Reading what Teams sends: payload files as real clients send them, and what the core gets of each."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.teams import origin, presses, read
from bot.domain.conversation import FormSubmitted, MemberJoined, Place, Pressed, Query, Removed, Typed
from tests.adapters.teams_world import PAYLOADS, payload

KEY = origin.key_of("secret")
SETTINGS = FormSubmitted("settings.save", {}, "")
HEARD: dict[str, tuple[str, Any, str]] = {
    "message_personal": ("typed", Typed("help"), "direct"),
    "message_channel": ("typed", Typed("define drift"), "channel"),
    "message_group": ("typed", Typed("Help"), "group"),
    "message_submit": ("submit", Pressed("guide.help", "", "1699999999000"), "direct"),
    "invoke_card": ("card", Pressed("guide.help", "", "1699999999000"), "direct"),
    "invoke_card_channel": ("card", Pressed("guide.help", "", "1699999999999"), "channel"),
    "invoke_query": ("query", Query("glossary.terms", "drift"), "group"),
    "invoke_query_initial": ("query", Query("glossary.terms", ""), "group"),
    "invoke_select": ("pick", Pressed("glossary.show", "core:term/data-drift"), "group"),
    "invoke_search": ("search", Query("glossary.terms", "dri"), "direct"),
    "invoke_task_fetch": ("dialog", Pressed("settings.change", ""), "direct"),
    "invoke_task_submit": ("dialog", SETTINGS, "direct"),
    "invoke_file_consent": ("consent", Pressed("", ""), "direct"),
    "installed_personal": ("joined", MemberJoined(), "direct"),
    "added_personal": ("joined", MemberJoined(), "direct"),
    "added_team": ("joined", MemberJoined(), "channel"),
    "member_added_team": ("arrived", MemberJoined(), "channel"),
    "removed_personal": ("left", Removed(), "direct"),
}
QUIET = {"invoke_unknown", "channel_created", "reaction", "typing"}


def heard(activity: dict) -> read.Heard | None:
    return read.read(activity, "w", KEY)


def test_every_payload_file_is_expected():
    assert {path.stem for path in PAYLOADS.glob("*.json")} == {*HEARD, *QUIET}


@pytest.mark.parametrize("name", HEARD)
def test_what_is_heard(name):
    surface, event, kind = HEARD[name]
    found = heard(payload(name))
    assert found is not None
    assert (found.surface, found.incoming.event, found.incoming.place.kind) == (surface, event, kind)
    assert found.incoming.account == "aaaaaaaa-0000-4000-8000-000000000001"
    assert (found.person.user, found.person.name, found.person.zone) == ("29:1abc", "Ana Doe", "Europe/Berlin")


@pytest.mark.parametrize("name", sorted(QUIET))
def test_what_means_nothing(name):
    assert heard(payload(name)) is None


def test_a_thread_is_told_apart_from_its_channel():
    found = heard(payload("message_channel"))
    assert found is not None
    assert found.incoming.place == Place("channel", "19:general@thread.tacv2", "1699999999999")
    assert found.spot.name == "General"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("<at>MLOps coach</at> define  drift\n", "define  drift"),
        ("hey <at>MLOps coach</at>, help", "hey  , help"),
        ("<at>MLOps coach</at>&nbsp;define a &lt; b &amp; c", "define a < b & c"),
        ("<at>MLOps coach</at> pair me with <at>Bo Lee</at>", "pair me with Bo Lee"),
        ('<at id="0">MLOps coach</at>', "MLOps coach"),
        ("", ""),
    ],
)
def test_our_own_name_is_taken_out_of_the_words(text, words):
    found = heard({**payload("message_channel"), "text": text})
    assert found is not None
    assert found.incoming.event == Typed(words)


def test_a_chat_between_two_people_never_becomes_an_address():
    activity = payload("message_personal")
    activity["conversation"]["id"] = "19:a_b@unq.gbl.spaces"
    found = heard(activity)
    assert found is not None
    assert found.incoming.place.kind == "group"
    for name in ("invoke_query", "invoke_query_initial", "invoke_select"):
        used = heard(payload(name))
        assert used is not None
        assert not used.spot.ours


def test_keys_differ_by_conversation_and_activity_and_are_short():
    activity = payload("message_personal")
    others = [{**activity, "id": "2"}, {**activity, "conversation": {**activity["conversation"], "id": "a:2"}}]
    keys = [found.incoming.key for one in (activity, activity, *others) if (found := heard(one))]
    assert len(set(keys)) == 3
    assert all(len(key) == 64 for key in keys)


def test_several_picks_are_a_list_and_none_is_an_empty_one():
    data = presses.form_data("f", "r", "f1-", ["days"])
    assert presses.submitted({**data, "f1-days": "0,2", "f1-zone": "UTC"}) == (
        "f",
        "r",
        {"days": ["0", "2"], "zone": "UTC"},
    )
    assert presses.submitted(data) == ("f", "r", {"days": []})


def test_an_origin_is_for_one_person_and_one_place():
    place = Place("channel", "19:x", "7")
    card = {"body": [{"type": "Action.Execute", "data": {"action": "a"}, "fallback": {"data": {"action": "a"}}}]}
    marked = origin.marked(card, KEY, "ana", place)
    data = marked["body"][0]["data"]
    assert marked["body"][0]["fallback"]["data"] == data
    assert origin.place_of(data, KEY, "ana") == place
    assert origin.place_of(data, KEY, "eve") is None
    assert origin.place_of(data, origin.key_of("other"), "ana") is None
    assert card["body"][0]["data"] == {"action": "a"}  # the rendered card is shared


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
NAMES = ["value", "from", "recipient", "conversation", "channelData", "entities", "text", "name", "membersAdded", "id"]


@given(st.sampled_from(sorted({*HEARD, *QUIET})), st.dictionaries(st.sampled_from(NAMES), JSON, max_size=4))
def test_whatever_stands_in_an_activity_is_read_or_malformed(name, changes):
    activity = {**payload(name), **changes}
    try:
        read.envelope(activity)
        heard(activity)
    except read.Malformed:
        pass
