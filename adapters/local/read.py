"""What a page or a program sends, as JSON, and what the core gets of it: pure functions."""

from __future__ import annotations

import msgspec

from bot.domain.conversation import Event, Incoming, Place

NAMES = ("/mlops", "@coach", "@mlops-coach", "@mlops")  # what makes words in a channel words for us


class Say(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Type ``text`` in a place, as somebody. The same ``key`` again has no second effect."""

    who: str = msgspec.field(name="as")
    place: str
    text: str
    thread: int | None = None
    key: str | None = None
    wait: bool = False


class Press(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Press a button, or pick from a choice. ``message`` is the one it sat on; there is none on the home view."""

    who: str = msgspec.field(name="as")
    place: str
    action: str
    value: str = ""
    message: int | None = None
    key: str | None = None
    wait: bool = False


class Submit(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Send a form. ``message`` is the message it stood in, if it did; a multiple choice is a list."""

    who: str = msgspec.field(name="as")
    place: str
    form: str
    ref: str = ""
    values: dict[str, str | list[str]] = {}
    message: int | None = None
    thread: int | None = None
    key: str | None = None
    wait: bool = False


class Join(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Somebody new comes to the playground: ``account`` is a short name of small letters and digits."""

    account: str
    name: str
    zone: str = "UTC"
    key: str | None = None


class Move(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Move the clock: ``next``, ``+1h``, ``+1d``, ``+2w`` or an ISO instant. ``next`` looks at the lesson of ``as``."""

    to: str
    who: str | None = msgspec.field(name="as", default=None)
    wait: bool = False


class Known(msgspec.Struct, frozen=True):
    """What the platform knows of whoever acts."""

    workspace: str
    account: str
    name: str
    zone: str


def place_of(place: str, account: str, thread: int | None) -> Place:
    """A place by its name: ``dm:alice``, ``home:alice`` or a channel."""
    hung = None if thread is None else str(thread)
    if place == f"dm:{account}":
        return Place("direct", place, hung)
    if place == f"home:{account}":
        return Place("home", place)
    return Place("channel", place, hung)


def words_for_us(said: Say) -> str | None:
    """The words meant for the bot, without its name; nothing when people talk among themselves in a channel."""
    if said.place == f"dm:{said.who}":
        return said.text
    head, _, rest = said.text.strip().partition(" ")
    return rest.strip() if head.casefold() in NAMES else None


def is_slash(said: Say) -> bool:
    """A slash command is not shown to anybody in a channel; a mention is."""
    return said.text.strip().casefold().startswith("/mlops")


def incoming(event: Event, key: str, place: Place, known: Known) -> Incoming:
    """One act of a person as the core takes it."""
    return Incoming(
        workspace=known.workspace,
        account=known.account,
        place=place,
        event=event,
        key=key,
        name=known.name,
        zone=known.zone,
    )
