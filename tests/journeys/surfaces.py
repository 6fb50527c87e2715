"""The three surfaces for conversations: what is shown goes through a platform's real rendering, what people do through its reading.

A surface shows every message and form as its platform would get it, checks that against the platform's limits, and sends
a press by the very element that was rendered. Over the wire all is JSON.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from html.parser import HTMLParser
from typing import Any, Protocol

import msgspec
from typing_extensions import override

from adapters.local import read as local_read
from adapters.local import render as local_render
from adapters.slack import presses as slack_presses
from adapters.slack import read as slack_read
from adapters.slack import render as slack_render
from adapters.teams import presses as teams_presses
from adapters.teams import read as teams_read
from adapters.teams import render as teams_render
from adapters.teams import replies as teams_replies
from bot.domain.conversation import (
    Event,
    FormSubmitted,
    HomeOpened,
    Incoming,
    MemberJoined,
    Pressed,
    Query,
    Removed,
    Typed,
)
from bot.messages import Form, Message
from tests.contracts import adaptive_cards, block_kit

Json = dict[str, Any]
Values = dict[str, str | list[str]]
BOT, TEAM, SIGNS = "UBOT", "T1", b"sign"


class Surface(Protocol):
    """One platform. What it keeps of a message or form is that platform's own."""

    def shows(self, message: Message) -> Any: ...

    def opens(self, form: Form) -> Any: ...

    def holds(self, shown: Any, pressed: Pressed) -> bool:
        """Whether this button is on a message as it was shown."""
        ...

    def hears(self, who: str, event: Event, place: str | None, key: str, on: Any = None) -> Incoming:
        """What is read of what the platform sends. ``on`` is the message of a press, or the form of a submission.

        A press that is on no message is forged: as somebody would who writes the request by hand.
        """
        ...


def _walk(made: Any) -> Iterator[Json]:
    if isinstance(made, dict):
        yield made
        for key, value in made.items():
            if key != "fallback":
                yield from _walk(value)
    elif isinstance(made, list):
        for one in made:
            yield from _walk(one)


def _wire(made: Any) -> Any:
    return json.loads(json.dumps(made))


def _at_home(heard: Incoming, who: str) -> Incoming:
    """The address of a direct conversation is the platform's own word; journeys look for it by one name."""
    if heard.place.kind != "direct" or not heard.place.id:
        return heard
    return msgspec.structs.replace(heard, place=msgspec.structs.replace(heard.place, id=f"d-{who}"))


class Slack:
    """Block Kit, slash commands, events and interactions."""

    def shows(self, message: Message) -> Any:
        made = _wire(slack_render.message(message))
        block_kit.check(made)
        return made

    def opens(self, form: Form) -> Any:
        made = _wire(slack_render.modal(form))
        block_kit.check(made)
        return made

    def holds(self, shown: Any, pressed: Pressed) -> bool:
        return self._element(shown, pressed) is not None

    def _element(self, shown: Any, pressed: Pressed) -> Json | None:
        for one in _walk(shown):
            is_it = one.get("type") == "button" and slack_presses.action_of(one["action_id"]) == pressed.action
            if is_it and one.get("value", "") == pressed.value:
                return one
        return None

    def hears(self, who: str, event: Event, place: str | None, key: str, on: Any = None) -> Incoming:
        found = slack_read.incoming(_wire(self._payload(who, event, place, key, on)), "w", key, BOT)
        assert isinstance(found, Incoming), (event, found)
        return _at_home(found, who)

    def _payload(self, who: str, event: Event, place: str | None, key: str, on: Any) -> Json:
        channel = place or f"D-{who}"
        match event:
            case Typed(text=text) if place is None:
                said = {"type": "message", "channel_type": "im", "channel": channel, "user": f"u-{who}", "text": text}
                return self._told(said, key)
            case Typed(text=text):
                return {"command": "/mlops", "text": text, "user_id": f"u-{who}", "user_name": who, "team_id": TEAM} | {
                    "channel_id": channel, "channel_name": place, "trigger_id": key,
                }  # fmt: skip
            case Pressed():
                forged = {"action_id": slack_presses.action_id(event.action, 0), "value": event.value}
                element = self._element(on, event) or forged
                container = {"type": "message", "message_ts": "1.1", "channel_id": channel}
                return self._interaction("block_actions", who, key) | {
                    "container": container, "channel": {"id": channel, "name": place or "directmessage"},
                    "message": {"ts": "1.1", **(on or {})}, "actions": [{"type": "button", **element}],
                }  # fmt: skip
            case FormSubmitted(values=values):
                state = {name: {name: made} for name, made in self._filled(on, values).items()}
                return self._interaction("view_submission", who, key) | {"view": {**on, "state": {"values": state}}}
            case MemberJoined():
                kind = "member_joined_channel" if place else "team_join"
                user = f"u-{who}" if place else {"id": f"u-{who}", "real_name": who.title()}
                return self._told({"type": kind, "user": user, "channel": channel}, key)
            case Removed():
                return self._told({"type": "user_change", "user": {"id": f"u-{who}", "deleted": True}}, key)
            case Query(source=source, words=words):
                return self._interaction("block_suggestion", who, key) | {"action_id": source, "value": words}
            case HomeOpened():
                return self._told({"type": "app_home_opened", "user": f"u-{who}", "tab": "home"}, key)
            case _:
                raise NotImplementedError(event)

    def _told(self, event: Json, key: str) -> Json:
        return {"type": "event_callback", "team_id": TEAM, "event": event, "event_id": key}

    def _interaction(self, kind: str, who: str, key: str) -> Json:
        return {"type": kind, "user": {"id": f"u-{who}", "username": who}, "team": {"id": TEAM}, "trigger_id": key}

    def _filled(self, view: Json, values: Values) -> dict[str, Json]:
        """Every input as Slack sends it: with what was typed or picked, else with what it held."""
        found = {}
        for block in view["blocks"]:
            if block["type"] == "input":
                element, name = block["element"], block["block_id"]
                held = {
                    key.replace("initial_", "selected_"): one for key, one in element.items() if key[:8] == "initial_"
                }
                if "selected_value" in held:
                    held["value"] = held.pop("selected_value")
                found[name] = {
                    "type": element["type"],
                    **(self._put(element["type"], values[name]) if name in values else held),
                }
        return found

    def _put(self, kind: str, value: str | list[str]) -> Json:
        match kind:
            case "multi_static_select":
                return {"selected_options": [{"value": one} for one in value]}
            case "static_select" | "external_select":
                return {"selected_option": {"value": value}}
            case "timepicker":
                return {"selected_time": value}
            case "users_select":
                return {"selected_user": value}
            case "datepicker":
                return {"selected_date": value}
            case _:
                return {"value": value}


class Teams:
    """Adaptive Cards and activities."""

    def shows(self, message: Message) -> Any:
        made = _wire(teams_render.activity(message))
        for one in made.get("attachments", ()):
            adaptive_cards.check(one["content"])
        return made

    def opens(self, form: Form) -> Any:
        return self.shows(teams_replies.form_message(form))

    def holds(self, shown: Any, pressed: Pressed) -> bool:
        return self._data(shown, pressed) is not None

    def _data(self, shown: Any, pressed: Pressed) -> Json | None:
        actions = (data for _title, data in adaptive_cards.actions(shown))
        return next((one for one in actions if teams_presses.pressed(one) == (pressed.action, pressed.value)), None)

    def hears(self, who: str, event: Event, place: str | None, key: str, on: Any = None) -> Incoming:
        activity = _wire(self._activity(who, event, place, key, on))
        heard = teams_read.read(activity, "w", SIGNS)
        assert heard is not None, event
        if heard.people:  # one turn each, as the door does
            (person,) = heard.people
            return msgspec.structs.replace(heard.incoming, account=person.account, name=who.title(), zone=None)
        return heard.incoming

    def _activity(self, who: str, event: Event, place: str | None, key: str, on: Any) -> Json:
        kind = "channel" if place else "personal"
        person = {"id": f"29:{who}", "name": who.title(), "aadObjectId": f"u-{who}"}
        base: Json = {
            "channelId": "msteams", "serviceUrl": "https://smba.trafficmanager.net/emea/", "id": key, "from": person,
            "recipient": {"id": "28:bot", "name": "MLOps coach"},
            "conversation": {"id": place or f"d-{who}", "conversationType": kind},
        }  # fmt: skip
        match event:
            case Typed(text=text):
                return base | {"type": "message", "text": text}
            case Pressed():
                data = self._data(on, event) or teams_presses.press_data(event.action, event.value)
                return base | self._pressed(data)
            case FormSubmitted(values=values):
                return base | self._pressed(self._filled(on, values))
            case MemberJoined() if place:
                joined = {"id": f"29:{who}", "aadObjectId": f"u-{who}"}
                return base | {"type": "conversationUpdate", "membersAdded": [joined]}
            case MemberJoined():
                return base | {"type": "installationUpdate", "action": "add"}
            case Removed():
                return base | {"type": "installationUpdate", "action": "remove"}
            case Query(source=source, words=words):
                asked = {
                    "kind": "search",
                    "queryText": words,
                    "queryOptions": {"skip": 0, "top": 15},
                    "dataset": source,
                }
                return base | {"type": "invoke", "name": "application/search", "value": asked}
            case _:
                raise NotImplementedError(event)

    def _pressed(self, data: Json) -> Json:
        if teams_presses.asks_for_a_dialog(data):
            return {"type": "invoke", "name": "task/fetch", "value": {"data": data}}
        value = {"action": {"type": "Action.Execute", "data": data}}
        return {"type": "invoke", "name": "adaptiveCard/action", "value": value, "replyToId": "1"}

    def _filled(self, shown: Any, values: Values) -> Json:
        """The data of the submit button with every input merged in, as a client does."""
        data = next(
            one["data"] for one in _walk(shown) if one.get("data", {}).get("action") == teams_presses.FORM_SUBMIT
        )
        prefix = data["prefix"]
        inputs = [one for one in _walk(shown) if str(one.get("type", "")).startswith("Input.")]
        held = {one["id"]: one.get("value", "") for one in inputs}
        put = {
            f"{prefix}{name}": value if isinstance(value, str) else ",".join(value) for name, value in values.items()
        }
        assert put.keys() <= held.keys(), put.keys() - held.keys()
        return {**data, **held, **put}


class _Page(HTMLParser):
    """The buttons of a page and what its form would send."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.buttons: list[tuple[str, str]] = []
        self.form: dict[str, str] = {}
        self.values: Values = {}
        self._select: str | None = None
        self.feed(html)

    @override
    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = {name: value or "" for name, value in attrs}
        name, value = found.get("name", ""), found.get("value", "")
        if tag == "button" and "data-action" in found:
            self.buttons.append((found["data-action"], found.get("data-value", "")))
        elif tag == "form" and "data-form" in found:
            self.form = {"form": found["data-form"], "ref": found["data-ref"]}
        elif tag == "input" and found.get("type") == "checkbox":
            ticked = self.values.setdefault(name, [])
            assert isinstance(ticked, list)
            ticked += [value] if "checked" in found else []
        elif tag == "input" and name:
            self.values[name] = value
        elif tag == "select":
            self._select = name
            self.values[name] = ""
        elif tag == "textarea":
            self.values[name] = ""
        elif tag == "option" and self._select and "selected" in found:
            self.values[self._select] = value


class Playground:
    """The page of the playground and what it posts."""

    def shows(self, message: Message) -> Any:
        return _Page(str(local_render.html(message)))

    def opens(self, form: Form) -> Any:
        return _Page(str(local_render.form(form)))

    def holds(self, shown: Any, pressed: Pressed) -> bool:
        return (pressed.action, pressed.value) in shown.buttons

    def hears(self, who: str, event: Event, place: str | None, key: str, on: Any = None) -> Incoming:
        account = f"u-{who}"
        where = place or f"dm:{account}"
        known = local_read.Known("w", account, who.title(), "Europe/Berlin")
        if isinstance(event, MemberJoined | Removed | HomeOpened | Query):
            heard: Event = event
        else:
            heard = self._posted(event, {"as": account, "place": where, "key": key}, on)
        found = local_read.incoming(heard, key, local_read.place_of(where, account, None), known)
        return _at_home(found, who)

    def _posted(self, event: Event, base: Json, on: Any) -> Event:
        match event:
            case Typed(text=text):
                said = "text" if base["place"].startswith("dm:") else "/mlops text"
                body = {**base, "text": said.replace("text", text)}
                words = local_read.words_for_us(msgspec.json.decode(json.dumps(body), type=local_read.Say))
                assert words is not None
                return Typed(words)
            case Pressed():
                body = {**base, "action": event.action, "value": event.value}
                press = msgspec.json.decode(json.dumps(body), type=local_read.Press)
                return Pressed(press.action, press.value)
            case FormSubmitted(values=values):
                assert values.keys() <= on.values.keys(), values.keys() - on.values.keys()
                body = {**base, **on.form, "values": {**on.values, **values}}
                sent = msgspec.json.decode(json.dumps(body), type=local_read.Submit)
                return FormSubmitted(sent.form, sent.values, sent.ref)
            case _:
                raise NotImplementedError(event)


SURFACES: dict[str, type[Surface]] = {"slack": Slack, "teams": Teams, "playground": Playground}
