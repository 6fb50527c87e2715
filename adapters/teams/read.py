"""What Teams sends, as JSON, and what the core gets of it: pure functions. Nothing of it is believed but who sent it.

https://learn.microsoft.com/azure/bot-service/rest-api/bot-framework-rest-connector-api-reference#activity-object
"""

from __future__ import annotations

import hashlib
import html
import json
import re
from collections.abc import Mapping, Sequence
from typing import Any, Literal

import msgspec

from adapters.teams import origin, presses
from bot.domain.calendar import is_zone
from bot.domain.conversation import Event, FormSubmitted, Incoming, MemberJoined, Place, Pressed, Query, Removed, Typed
from bot.domain.wording import one_line

Json = Mapping[str, Any]

ID_LIMIT = 255
NAME_LIMIT = 100
NEWCOMERS = 50  # who came into a team at once
GLOSSARY = "glossary.terms"  # what the message extension looks in
_LOCALE = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*")
_MENTION = re.compile(r"<at\b[^>]*>(.*?)</at>", re.IGNORECASE | re.DOTALL)

# How the answer goes back.
Surface = Literal[
    "typed",  # a new message
    "submit",  # the same; the message it sat on may be replaced
    "card",  # the reply to the request, shown to the presser alone
    "dialog",  # the reply to the request, inside a dialog
    "query",  # results of the message extension
    "pick",  # one result of it, as the card to insert
    "search",  # completions of a field
    "consent",  # a file is wanted, or not
    "joined",  # nothing
    "arrived",  # nothing
    "left",  # nothing
]


class Malformed(ValueError):
    """This is no activity Teams would send; the text says why and holds nothing of it."""


class Spot(msgspec.Struct, frozen=True, kw_only=True):
    """A conversation at Teams. ``direct`` is the one between the person and us, and no other between two people."""

    id: str
    kind: Literal["direct", "channel", "group"]
    service_url: str
    thread: str | None = None
    name: str = ""
    ours: bool = True  # whether we are in it: a message extension is used anywhere


class Person(msgspec.Struct, frozen=True, kw_only=True):
    """Who acts. ``account`` is the directory id, the same everywhere; ``user`` is what the connector calls them."""

    account: str
    user: str
    name: str = ""
    zone: str | None = None


class Heard(msgspec.Struct, frozen=True, kw_only=True):
    """One activity, understood. ``on`` is the message that was pressed."""

    incoming: Incoming
    surface: Surface
    spot: Spot
    person: Person
    on: str | None = None
    consent: Mapping[str, Any] = {}
    people: tuple[Person, ...] = ()  # who came into a team


class Envelope(msgspec.Struct, frozen=True):
    """What is checked before anything else is read."""

    kind: str
    channel: str
    service_url: str
    tenant: str | None

    @property
    def is_invoke(self) -> bool:
        return self.kind == "invoke"


def envelope(activity: object) -> Envelope:
    """Raises :class:`Malformed` when it is no activity, or names two tenants."""
    if not isinstance(activity, dict):
        raise Malformed("not an object")
    kind, channel = activity.get("type"), activity.get("channelId")
    service = activity.get("serviceUrl")
    if not (isinstance(kind, str) and isinstance(channel, str) and isinstance(service, str)):
        raise Malformed("no type, channel or service address")
    told = {_text(_at(activity, "channelData", "tenant", "id")), _text(_at(activity, "conversation", "tenantId"))} - {
        ""
    }
    if len(told) > 1:
        raise Malformed("two tenants")
    return Envelope(kind, channel, service, next(iter(told), None))


def read(activity: Json, workspace: str, key: bytes) -> Heard | None:
    """What happened, or None for what means nothing to us. ``key`` signs origins. Raises :class:`Malformed`."""
    about = _About(activity, workspace, key)
    kind = activity["type"]
    if kind == "message":
        return _message(about)
    if kind == "invoke":
        return _invoke(about)
    if kind in {"conversationUpdate", "installationUpdate"}:
        return _membership(about)
    return None


class _About:
    """Who, where and when of one activity, read once."""

    def __init__(self, activity: Json, workspace: str, key: bytes) -> None:
        self.activity = activity
        self.workspace = workspace
        self._key = key
        self.bot = _text(_at(activity, "recipient", "id"))
        self.person = _person(activity)
        self.spot = _spot(activity)
        id = _text(activity.get("id"))
        if not id:
            raise Malformed("no id")
        parts = json.dumps([activity["channelId"], self.spot.id, id])
        self.key = hashlib.sha256(parts.encode()).hexdigest()

    @property
    def value(self) -> Json:
        return _object(self.activity.get("value"))

    def pressed(self, data: Json, surface: Surface) -> Heard:
        """A press or a filled-in form, from the data of a card's action."""
        on = _text(self.activity.get("replyToId")) or None
        place = origin.place_of(data, self._key, self.person.account)
        return self.heard(_of_data(data, on), surface, place=place, on=on)

    def heard(
        self, event: Event, surface: Surface, *, spot: Spot | None = None, place: Place | None = None, **more: Any
    ) -> Heard:
        spot = spot or self.spot
        # Only the direct conversation may become the address that lessons are sent to.
        here = Place(spot.kind, spot.id, spot.thread)
        locale = _text(self.activity.get("locale"))
        incoming = Incoming(
            workspace=self.workspace,
            account=self.person.account,
            place=place or here,
            event=event,
            key=self.key,
            name=self.person.name,
            zone=self.person.zone,
            locale=locale if _LOCALE.fullmatch(locale) and len(locale) <= 35 else "en",
        )
        return Heard(incoming=incoming, surface=surface, spot=spot, person=self.person, **more)


# ---- messages


def _message(about: _About) -> Heard | None:
    value = about.activity.get("value")
    if isinstance(value, dict) and value:
        return about.pressed(value, "submit")
    words = about.activity.get("text", "")
    if words is not None and not isinstance(words, str):
        raise Malformed("text that is no text")
    return about.heard(Typed(_without_mentions(words or "", about)), "typed")


def _without_mentions(words: str, about: _About) -> str:
    """The words without our name; other people's names stay, without their markup."""
    for entity in _list(about.activity.get("entities")):
        if _at(entity, "type") == "mention" and about.bot and _at(entity, "mentioned", "id") == about.bot:
            name = _text(_at(entity, "text"))
            words = words.replace(name, " ", 1) if name else words
    words = _MENTION.sub(r"\1", words)
    return html.unescape(words).replace("\N{NO-BREAK SPACE}", " ").strip()


def _of_data(data: Json, on: str | None) -> Event:
    if data.get("action") == presses.FORM_SUBMIT:
        form, ref, values = presses.submitted(data)
        return FormSubmitted(form, values, ref)
    action, value = presses.pressed(data)
    return Pressed(action, value, on)


# ---- requests that wait for their answer


def _invoke(about: _About) -> Heard | None:
    name = about.activity.get("name")
    value = about.value
    match name:
        case "adaptiveCard/action":
            return about.pressed(_object(_at(value, "action", "data")), "card")
        case "task/fetch" | "task/submit":
            return about.pressed(_object(value.get("data")), "dialog")
        case "composeExtension/query":
            return about.heard(Query(GLOSSARY, _searched(value)), "query", spot=_elsewhere(about.spot))
        case "composeExtension/selectItem":
            picked = Pressed("glossary.show", _text(value.get("term")))
            return about.heard(picked, "pick", spot=_elsewhere(about.spot))
        case "application/search":
            source, words = _text(value.get("dataset")), _text(value.get("queryText"))
            return about.heard(Query(source, words), "search")
        case "fileConsent/invoke":
            on = _text(about.activity.get("replyToId")) or None
            return about.heard(Pressed("", ""), "consent", on=on, consent=value)
        case _:
            return None


def _searched(value: Json) -> str:
    """The words in the search box; opened without any, Teams sends ``initialRun`` instead."""
    found = {_text(_at(one, "name")): _text(_at(one, "value")) for one in _list(value.get("parameters"))}
    return found.get("term", "")


def _elsewhere(spot: Spot) -> Spot:
    """A message extension is used in conversations we are not in: nothing is ever sent there."""
    return msgspec.structs.replace(spot, kind="group", ours=False)


# ---- coming and going


def _membership(about: _About) -> Heard | None:
    """Only the app's own coming and going in a person's own chat; of a channel only its address is kept."""
    joined, left = _changes(about)
    if about.spot.kind != "direct":
        people = _newcomers(about)
        if people:
            return about.heard(MemberJoined(), "arrived", people=people)
        return about.heard(MemberJoined(), "joined") if joined else None  # the app: nobody in particular has come
    if not (joined or left):
        return None
    return about.heard(MemberJoined(), "joined") if joined else about.heard(Removed(), "left")


def _changes(about: _About) -> tuple[bool, bool]:
    action = _text(about.activity.get("action"))
    if about.activity["type"] == "installationUpdate":
        return action in {"add", "add-upgrade"}, action in {"remove", "remove-upgrade"}
    added, removed = (_ids(about.activity.get(name)) for name in ("membersAdded", "membersRemoved"))
    return about.bot in added, about.bot in removed


def _newcomers(about: _About) -> tuple[Person, ...]:
    """The people, not the app, who came into a team or group chat."""
    found = []
    for one in _list(about.activity.get("membersAdded"))[:NEWCOMERS]:
        user = _text(_at(one, "id"))
        account = _text(_at(one, "aadObjectId")) or user
        if user and user != about.bot and max(len(account), len(user)) <= ID_LIMIT:
            found.append(Person(account=account, user=user, name=one_line(_text(_at(one, "name")))[:NAME_LIMIT]))
    return tuple(found)


def _ids(people: object) -> set[str]:
    return {_text(_at(one, "id")) for one in _list(people)} - {""}


# ---- who and where


def _person(activity: Json) -> Person:
    user, directory = _text(_at(activity, "from", "id")), _text(_at(activity, "from", "aadObjectId"))
    account = directory or user
    if not account or not user or max(len(account), len(user)) > ID_LIMIT:
        raise Malformed("nobody sent it")
    name = one_line(_text(_at(activity, "from", "name")))[:NAME_LIMIT]
    return Person(account=account, user=user, name=name, zone=_zone(activity))


def _zone(activity: Json) -> str | None:
    told = [_text(_at(one, "timezone")) for one in _list(activity.get("entities")) if _at(one, "type") == "clientInfo"]
    return next((zone for zone in (*told, _text(activity.get("localTimezone"))) if zone and is_zone(zone)), None)


def _spot(activity: Json) -> Spot:
    whole = _text(_at(activity, "conversation", "id"))
    id, _, thread = whole.partition(";messageid=")
    if not id or len(whole) > ID_LIMIT:
        raise Malformed("no conversation")
    name = _text(_at(activity, "channelData", "channel", "name")) or _text(_at(activity, "channelData", "team", "name"))
    return Spot(
        id=id,
        kind=_kind(_text(_at(activity, "conversation", "conversationType")), id),
        service_url=_text(activity.get("serviceUrl")),
        thread=thread or None,
        name=one_line(name)[:NAME_LIMIT],
    )


def _kind(told: str, id: str) -> Literal["direct", "channel", "group"]:
    """``unq.gbl.spaces`` is a chat between two people, in which only a message extension of ours can be used."""
    if told == "channel":
        return "channel"
    return "direct" if told == "personal" and not id.endswith("@unq.gbl.spaces") else "group"


# ---- pieces of JSON that may be anything


def _at(made: object, *names: str) -> object:
    for name in names:
        if not isinstance(made, dict):
            return None
        made = made.get(name)
    return made


def _text(made: object) -> str:
    return made if isinstance(made, str) else ""


def _object(made: object) -> Json:
    return made if isinstance(made, dict) else {}


def _list(made: object) -> Sequence[object]:
    return made if isinstance(made, list) else ()
