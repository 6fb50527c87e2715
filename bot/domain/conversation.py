"""What comes in: who, where and what happened, in the same words for every platform."""

from __future__ import annotations

from typing import Literal

import msgspec


class Place(msgspec.Struct, frozen=True):
    """A conversation at the platform. ``thread`` is the platform's id of the message the thread hangs on."""

    kind: Literal["direct", "channel", "group", "home"]
    id: str
    thread: str | None = None


class Typed(msgspec.Struct, frozen=True, tag="typed"):
    """Words meant for us: a slash command, a mention or a direct message, without the mention itself."""

    text: str


class Pressed(msgspec.Struct, frozen=True, tag="pressed"):
    """A button or a choice. ``message`` is the platform's id of the message it sat on, ``delivery`` our marker on it."""

    action: str
    value: str = ""
    message: str | None = None
    delivery: int | None = None


class FormSubmitted(msgspec.Struct, frozen=True, tag="form_submitted"):
    """Raw values by field name; a multi-choice is a list."""

    form: str
    values: dict[str, str | list[str]]
    ref: str = ""


class FormClosed(msgspec.Struct, frozen=True, tag="form_closed"):
    """A form was put away without being submitted."""

    form: str
    ref: str = ""


class Query(msgspec.Struct, frozen=True, tag="query"):
    """Typeahead: the words typed so far into a search field."""

    source: str
    words: str


class MemberJoined(msgspec.Struct, frozen=True, tag="member_joined"):
    """Somebody can now be reached by us, or joined a place we are in."""


class HomeOpened(msgspec.Struct, frozen=True, tag="home_opened"):
    """Somebody looks at our home view."""


class Removed(msgspec.Struct, frozen=True, tag="removed"):
    """The account was deactivated or the app was taken away from it."""


Event = Typed | Pressed | FormSubmitted | FormClosed | Query | MemberJoined | HomeOpened | Removed


class Incoming(msgspec.Struct, frozen=True):
    """One thing that happened. ``account`` and ``place`` hold platform ids; ``key`` is equal for repeats of one event."""

    workspace: str
    account: str
    place: Place
    event: Event
    key: str
    name: str = ""
    zone: str | None = None  # as the platform reports it
    locale: str = "en"
