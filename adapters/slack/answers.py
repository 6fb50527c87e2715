"""An answer of the core as Slack's: what the response carries, and the calls that follow it. Pure functions.

Before the response nothing is called. What follows it is tried once and is never the only bearer of a fact.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import msgspec

from adapters.slack import render
from adapters.slack.files import attachments
from adapters.slack.forms import option
from adapters.slack.presses import ASK_AGAIN, again
from adapters.slack.read import trigger
from bot.domain.conversation import Incoming, Typed
from bot.messages import LABEL_LIMIT, Button, Buttons, Form, Message, Text, clip

ERROR_LIMIT = 300
Json = dict[str, Any]


class Post(msgspec.Struct, frozen=True):
    """A body for a ``response_url``."""

    url: str
    body: Json


class Call(msgspec.Struct, frozen=True):
    """A call of the Web API. ``otherwise`` says it in words when a trigger has run out."""

    method: str
    arguments: Json
    otherwise: Post | None = None


class Attach(msgspec.Struct, frozen=True):
    """Files of a private answer: they go into the person's direct conversation, which is opened when not known."""

    channel: str
    account: str
    files: tuple[tuple[str, bytes], ...]


Effect = Call | Post | Attach


class Shown(NamedTuple):
    """The response's body, perhaps as JSON already, and what is called after it."""

    body: Json | str | None = None
    effects: tuple[Effect, ...] = ()


class Said(msgspec.Struct, frozen=True, kw_only=True):
    """The parts of the core's answer that Slack shows, and how it is meant.

    ``kept``: nothing was changed, so a form stays open with what was typed. ``late``: the words for a form that could
    not be opened in time.
    """

    inline: Message | None = None
    replace: bool = False
    errors: Mapping[str, str] = {}
    opens: Form | None = None
    home: Message | None = None
    picks: tuple[Any, ...] = ()
    kept: bool = False
    late: Message | None = None


def shown(payload: Mapping[str, Any], about: Incoming, said: Said) -> Shown:
    """How to show an answer where it was asked for."""
    made = _in_words(payload, about, said)
    files = attachments(said.inline.blocks) if said.inline is not None else ()
    if not files:
        return made
    channel = about.place.id if about.place.kind == "direct" else ""
    return Shown(made.body, (*made.effects, Attach(channel, about.account, files)))


def _in_words(payload: Mapping[str, Any], about: Incoming, said: Said) -> Shown:
    if payload.get("type") == "event_callback":
        return _to_event(about, said)
    match payload.get("type"):
        case "view_submission":
            return Shown(_to_form(payload, said))
        case "block_suggestion":
            return Shown({"options": [option(pick) for pick in said.picks]})
        case "block_actions":
            return Shown(None, _to_press(payload, about, said))
        case "shortcut" | "message_action":
            return Shown(None, _in_modal(payload, said))
        case _:
            return _to_slash(payload, said) if "command" in payload else Shown()


def _to_slash(payload: Mapping[str, Any], said: Said) -> Shown:
    opened = _opened(payload, said)
    if said.inline is None:
        return Shown(None, opened)
    made, url = render.private(said.inline), payload.get("response_url")
    if made.is_native and isinstance(url, str):
        # A response with a block that Slack does not know yet would be lost; a call can be made again without it.
        body = {"response_type": "ephemeral", "replace_original": False, **render.message(said.inline)}
        return Shown(None, (Post(url, body), *opened))
    return Shown(made.body, opened)


def _opened(payload: Mapping[str, Any], said: Said) -> tuple[Effect, ...]:
    if said.opens is None:
        return ()
    arguments = {"trigger_id": trigger(payload), "view": render.modal(said.opens)}
    return (Call("views.open", arguments, _late(payload, said)),)


def _late(payload: Mapping[str, Any], said: Said) -> Post | None:
    url = payload.get("response_url")
    if said.late is None or not isinstance(url, str):
        return None
    return Post(url, {"response_type": "ephemeral", "replace_original": False, **render.message(said.late)})


def _to_form(payload: Mapping[str, Any], said: Said) -> Json | None:
    """Errors keep the form open. Any other answer takes its place: a modal is private, and nobody searches for it."""
    fields = [one["block_id"] for one in _blocks(payload) if one.get("type") == "input" and "block_id" in one]
    errors = dict(said.errors)
    if said.kept and said.inline is not None and fields:
        errors = {fields[0]: said.inline.summary}
    if errors and fields:
        # Slack refuses an error for a field that is not there.
        placed = {name if name in fields else fields[0]: clip(text, ERROR_LIMIT) for name, text in errors.items()}
        return {"response_action": "errors", "errors": placed}
    view = render.modal(said.opens) if said.opens else render.sheet(said.inline) if said.inline else None  # fmt: skip
    return {"response_action": "update", "view": view} if view else None


def _blocks(payload: Mapping[str, Any]) -> list[Json]:
    view = payload.get("view")
    found = view.get("blocks") if isinstance(view, dict) else None
    return [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []


def _to_press(payload: Mapping[str, Any], about: Incoming, said: Said) -> tuple[Effect, ...]:
    view = payload.get("view")
    if isinstance(view, dict):
        if view.get("type") == "modal":
            return _in_place(view, said)
        home = _published(about, said.home)
        return (*_in_modal(payload, said), *home)
    effects: tuple[Effect, ...] = ()
    url = payload.get("response_url")
    if said.inline is not None and isinstance(url, str):
        effects = (Post(url, _response(payload, about, said, said.inline)),)
    return (*effects, *_opened(payload, said))


def _response(payload: Mapping[str, Any], about: Incoming, said: Said, inline: Message) -> Json:
    """In a channel the pressed message belongs to everybody: the answer is a private one beside it."""
    container = payload.get("container")
    is_ephemeral = isinstance(container, dict) and container.get("is_ephemeral") is True
    is_own = about.place.kind == "direct" and not is_ephemeral
    body = {
        "response_type": "in_channel" if is_own else "ephemeral",
        "replace_original": said.replace and (is_own or is_ephemeral),
        **render.message(inline),
    }
    return {**body, "thread_ts": about.place.thread} if about.place.thread and not body["replace_original"] else body


def _in_place(view: Json, said: Said) -> tuple[Effect, ...]:
    made = render.modal(said.opens) if said.opens else render.sheet(said.inline) if said.inline else None  # fmt: skip
    return (Call("views.update", {"view_id": view.get("id"), "view": made}),) if made else ()


def _in_modal(payload: Mapping[str, Any], said: Said) -> tuple[Effect, ...]:
    if said.opens is not None:
        return _opened(payload, said)
    if said.inline is None:
        return ()
    view = render.sheet(said.inline)
    return (Call("views.open", {"trigger_id": trigger(payload), "view": view}, _late(payload, said)),)


def _to_event(about: Incoming, said: Said) -> Shown:
    """Typed words and the opened home: nothing can be shown in the response to an event."""
    if about.place.kind == "home":
        return Shown(None, _published(about, said.home or said.inline))
    message = _asking_again(about, said.opens) if said.opens else said.inline
    if message is None or not isinstance(about.event, Typed):
        return Shown()
    arguments: Json = {"channel": about.place.id, **quiet(render.message(message))}
    if about.place.thread:
        arguments["thread_ts"] = about.place.thread
    if about.place.kind == "direct":
        return Shown(None, (Call("chat.postMessage", arguments),))
    return Shown(None, (Call("chat.postEphemeral", {**arguments, "user": about.account}),))


def _published(about: Incoming, home: Message | None) -> tuple[Effect, ...]:
    if home is None:
        return ()
    return (Call("views.publish", {"user_id": about.account, "view": render.home(home)}),)


def _asking_again(about: Incoming, form: Form) -> Message:
    """Typed words bring no trigger to open a modal with: a button asks the same words again, and its press does."""
    words = about.event.text if isinstance(about.event, Typed) else ""
    button = Button(clip(form.title, LABEL_LIMIT), ASK_AGAIN, again(words), "primary")
    intro = (Text(form.intro),) if form.intro else ()
    return Message(form.title, (*intro, Buttons((button,))))


def quiet(arguments: Json) -> Json:
    """Nothing in a person's words is expanded: no previews, no names made into links."""
    return {**arguments, "unfurl_links": False, "unfurl_media": False, "parse": "none", "link_names": False}
