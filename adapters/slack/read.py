"""From Slack's payloads to what the core understands: pure functions, no payload makes them raise.

Slack escapes ``&``, ``<`` and ``>`` in what people type and wraps links and mentions in angle brackets; both are undone here.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Literal

import msgspec

from adapters.slack.presses import ASK_AGAIN, action_of
from bot.domain.conversation import (
    Event,
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

DELIVERY_EVENT = "mlops_coach_delivery"  # the type of our message metadata
COMMAND_SHORTCUT = "command."  # a shortcut named command.define types "define" and the words of its message
NAMELESS = "there"  # greets somebody whose profile has not been read yet
HOME, OUR_DIRECT = Place("home", ""), Place("direct", "")  # the address of a direct conversation is found when needed

_MARKUP = re.compile(r"<([@#!]?)([^<>|]*)(?:\|([^<>]*))?>")
_LEADING_MENTION = re.compile(r"^\s*<@[UW][A-Z0-9]+(?:\|[^>]*)?>[\s:,]*")
_SPOKEN = {None, "file_share", "thread_broadcast", "me_message"}


class Origin(msgspec.Struct, frozen=True):
    """The installation a payload speaks of. ``foreign``: the person belongs to another company (a shared channel)."""

    team: str
    enterprise: str
    foreign: bool = False


class Ended(msgspec.Struct, frozen=True):
    """The app was taken away: uninstalled, or its bot token revoked. ``at`` is when, in seconds since 1970."""

    at: int


class Invited(msgspec.Struct, frozen=True):
    """The bot came into a channel."""

    channel: str


def origin(payload: Mapping[str, Any]) -> Origin:
    """Which installation; empty words where the payload does not say."""
    user = _map(payload, "user")
    event = _map(payload, "event")
    granted = payload.get("authorizations")
    first = granted[0] if isinstance(granted, list) and granted and isinstance(granted[0], dict) else {}
    team = _word(first, "team_id") or _word(payload, "team", "id") or _word(payload, "team_id")
    enterprise = (
        _word(first, "enterprise_id")
        or _word(payload, "enterprise", "id")
        or _word(payload, "team", "enterprise_id")
        or _word(payload, "enterprise_id")
    )
    home = _word(user, "team_id") or _word(event, "user_team") or _word(event, "source_team")
    return Origin(team, enterprise, foreign=bool(home and team and home not in {team, enterprise} and not enterprise))


def trigger(payload: Mapping[str, Any]) -> str:
    """What opens a modal, within three seconds."""
    return _word(payload, "trigger_id")


def incoming(
    payload: Mapping[str, Any], workspace: str, proof: str, bot_user: str = ""
) -> Incoming | Ended | Invited | None:
    """What happened, or nothing that concerns us. ``proof`` stands in where Slack gives no key of its own."""
    if payload.get("type") == "event_callback":
        return _event(payload, workspace, proof, bot_user)
    made = _slash(payload) if "command" in payload else _interaction(payload)
    if made is None:
        return None
    account, name, place, event = made
    if not account:
        return None
    key = trigger(payload) or proof
    return Incoming(workspace, account, place, event, key, name or NAMELESS)


# ---- slash commands and interactions

Read = tuple[str, str, Place, Event]


def _slash(payload: Mapping[str, Any]) -> Read:
    channel, name = _word(payload, "channel_id"), _word(payload, "channel_name")
    event = Typed(spoken(_word(payload, "text")))
    return _word(payload, "user_id"), _word(payload, "user_name"), _slash_place(channel, name), event


def _slash_place(channel: str, name: str) -> Place:
    """A slash command in a direct conversation may be in one of two colleagues, which is not ours to write to."""
    if channel.startswith("D") or name == "directmessage":
        return OUR_DIRECT
    return Place("group" if name.startswith("mpdm-") else "channel", channel)


def _interaction(payload: Mapping[str, Any]) -> Read | None:
    event: Event
    place = OUR_DIRECT
    view = _map(payload, "view")
    form, ref = _word(view, "callback_id"), _word(view, "private_metadata")
    match payload.get("type"):
        case "block_actions":
            pressed = _pressed(payload)
            if pressed is None:
                return None
            place, event = _pressed_place(payload), pressed
        case "view_submission":
            event = FormSubmitted(form, _values(view), ref)
        case "view_closed":
            event = FormClosed(form, ref)
        case "block_suggestion":
            place = _pressed_place(payload)
            event = Query(action_of(_word(payload, "action_id")), _word(payload, "value"))
        case "shortcut" | "message_action":
            words = _shortcut_words(payload)
            if words is None:
                return None
            channel = _word(payload, "channel", "id")
            place = _slash_place(channel, _word(payload, "channel", "name")) if channel else OUR_DIRECT
            event = Typed(words)
        case _:
            return None
    user = _map(payload, "user")
    return _word(user, "id"), _word(user, "username") or _word(user, "name"), place, event


def _pressed(payload: Mapping[str, Any]) -> Event | None:
    actions = payload.get("actions")
    action = actions[0] if isinstance(actions, list) and actions and isinstance(actions[0], dict) else None
    if action is None or not _word(action, "action_id"):
        return None
    name, value = action_of(_word(action, "action_id")), _picked(action)
    if name == ASK_AGAIN:
        return Typed(spoken(value if isinstance(value, str) else ""))
    message = _map(payload, "message")
    stamp = _word(message, "ts") or _word(payload, "container", "message_ts")
    return Pressed(name, value if isinstance(value, str) else ",".join(value), stamp or None, _delivery(message))


def _delivery(message: Mapping[str, Any]) -> int | None:
    """Our marker on the message, where Slack hands it back."""
    metadata = _map(message, "metadata")
    marker = _map(metadata, "event_payload").get("delivery_id")
    is_ours = _word(metadata, "event_type") == DELIVERY_EVENT
    return marker if is_ours and isinstance(marker, int) and not isinstance(marker, bool) else None


def _pressed_place(payload: Mapping[str, Any]) -> Place:
    container = _map(payload, "container")
    channel = _word(payload, "channel", "id") or _word(container, "channel_id")
    if not channel:
        return HOME if _word(payload, "view", "type") == "home" else OUR_DIRECT
    if container.get("is_ephemeral") is True:  # a private answer, shown wherever the person happened to be
        return _slash_place(channel, _word(payload, "channel", "name"))
    thread = _word(payload, "message", "thread_ts") or _word(container, "thread_ts") or None
    return _place(channel, "", thread)


def _values(view: Mapping[str, Any]) -> dict[str, str | list[str]]:
    """Values by field name: a block's id is its field's name and holds one input."""
    found: dict[str, str | list[str]] = {}
    for name, inputs in _map(_map(view, "state"), "values").items():
        if isinstance(inputs, dict):
            for made in inputs.values():
                if isinstance(made, dict):
                    found[name] = _picked(made)
    return found


def _picked(element: Mapping[str, Any]) -> str | list[str]:
    """The value of an element, whatever kind it is."""
    several = element.get("selected_options")
    if isinstance(several, list):
        return [_word(one, "value") for one in several if isinstance(one, dict)]
    option = _word(element, "selected_option", "value")
    plain = ("selected_date", "selected_time", "selected_user", "selected_channel", "value")
    return option or next((word for key in plain if (word := _word(element, key))), "")


def _shortcut_words(payload: Mapping[str, Any]) -> str | None:
    name = _word(payload, "callback_id")
    if not name.startswith(COMMAND_SHORTCUT):
        return None
    return f"{name.removeprefix(COMMAND_SHORTCUT)} {spoken(_word(payload, 'message', 'text'))}".strip()


# ---- events


def _event(payload: Mapping[str, Any], workspace: str, proof: str, bot_user: str) -> Incoming | Ended | Invited | None:
    event = _map(payload, "event")
    kind = event.get("type")
    if kind == "app_uninstalled" or (kind == "tokens_revoked" and _map(event, "tokens").get("bot")):
        at = payload.get("event_time")
        return Ended(at if isinstance(at, int) else 0)
    if kind == "member_joined_channel" and bot_user and event.get("user") == bot_user:
        return Invited(_word(event, "channel"))
    made = _about(event, bot_user)
    if made is None:
        return None
    account, place, what = made
    if not account or account in {bot_user, "USLACKBOT"}:
        return None
    user = _map(event, "user")  # a whole profile in team_join and user_change, else only an id
    name = _word(user, "profile", "display_name") or _word(user, "real_name") or _word(user, "name") or NAMELESS
    key = _word(payload, "event_id") or proof
    return Incoming(
        workspace, account, place, what, key, name, _word(user, "tz") or None, _word(user, "locale") or "en"
    )


def _about(event: Mapping[str, Any], bot_user: str) -> tuple[str, Place, Event] | None:
    user = event.get("user")
    account = user if isinstance(user, str) else _word(event, "user", "id")
    is_person = not event.get("bot_id") and not _map(event, "user").get("is_bot")
    channel, thread = _word(event, "channel"), _word(event, "thread_ts") or None
    match event.get("type"):
        case "message" if is_person and event.get("channel_type") == "im" and event.get("subtype") in _SPOKEN:
            return account, Place("direct", channel, thread), Typed(_without_mention(_word(event, "text"), bot_user))
        case "app_mention" if is_person:
            return account, _place(channel, "", thread), Typed(_without_mention(_word(event, "text"), bot_user))
        case "app_home_opened" if event.get("tab") == "home":
            return account, HOME, HomeOpened()
        case "member_joined_channel" if is_person:
            return account, _place(channel, "", None), MemberJoined()
        case "team_join" if is_person:
            return account, OUR_DIRECT, MemberJoined()
        case "user_change" if is_person and _map(event, "user").get("deleted") is True:
            return account, OUR_DIRECT, Removed()
        case _:
            return None


def _place(channel: str, name: str, thread: str | None) -> Place:
    kind: Literal["direct", "group", "channel"] = "direct" if channel.startswith("D") else "channel"
    return Place("group" if name.startswith("mpdm-") else kind, channel, thread)


def _without_mention(text: str, bot_user: str) -> str:
    """Words without our own name in front; mentioned in the middle, the name goes and the words stay."""
    own = f"<@{bot_user}>" if bot_user else "<@>"
    return spoken(_LEADING_MENTION.sub("", text, count=1) if own in text[:40] else text.replace(own, " "))


def spoken(text: str) -> str:
    """What a person typed, without Slack's own marks."""
    plain = _MARKUP.sub(_unmarked, text)
    return plain.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&").strip()


def _unmarked(found: re.Match[str]) -> str:
    sign, target, label = found[1], found[2], found[3]
    if sign in {"@", "#"}:
        return f"{sign}{label or target}"
    return f"@{label or target.split('^')[0]}" if sign == "!" else label or target.removeprefix("mailto:")


# ---- safe access


def _map(payload: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    found = payload.get(key)
    return found if isinstance(found, dict) else {}


def _word(payload: Mapping[str, Any], *path: str) -> str:
    found: Any = payload
    for key in path:
        found = found.get(key) if isinstance(found, dict) else None
    return found if isinstance(found, str) else ""
