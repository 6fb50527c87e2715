"""What the playground shows of its messages and people, as the JSON of its API: one person's view each time."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

import msgspec

from adapters.local import render
from adapters.local.people import BY_ACCOUNT, PLAYED
from bot.domain.wording import grid
from bot.messages import (
    Block,
    Buttons,
    Chart,
    Choice,
    Code,
    Divider,
    Fields,
    File,
    Form,
    Heading,
    Image,
    Invite,
    Message,
    Note,
    Progress,
    Table,
    Text,
    plain,
)
from storage.playground import Posted, Resident

BOT = "MLOps coach"


class PersonView(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody one can be. ``simulated`` people answer by themselves when the clock moves."""

    account: str
    member: str
    name: str
    title: str
    part: str
    zone: str
    team: str | None
    simulated: bool


class PlaceView(msgspec.Struct, frozen=True, kw_only=True):
    """A conversation. ``newest`` is the id of its newest message, 0 when there is none."""

    id: str
    kind: str
    name: str
    topic: str = ""
    newest: int = 0


class MessageView(msgspec.Struct, frozen=True, kw_only=True):
    """A message as one person sees it. ``id`` None: an answer that could not be kept. ``audience``: private to them."""

    id: int | None
    place: str
    thread: int | None
    author: str | None
    author_name: str
    audience: str | None
    at: datetime
    local: str
    summary: str
    text: str
    blocks: tuple[Block, ...]
    html: str
    revision: int
    edited: bool
    delivery: int | None
    replies: int


class FormView(msgspec.Struct, frozen=True, kw_only=True):
    """A form that opened: as values, and as HTML."""

    form: Form
    html: str


class Eyes:
    """One person looking: their zone, and everybody's names."""

    def __init__(self, viewer: Resident, residents: Mapping[str, Resident]) -> None:
        self.viewer = viewer
        self._residents = residents
        self._people = {one.account: one.name for one in residents.values()}

    def message(self, one: Posted, prefix: str = "m") -> MessageView:
        """``prefix`` begins the ids in the markup: a root stands in its place and in its thread."""
        return self._view(one, one.id, f"/api/message/{one.id}/files/", prefix)

    def unkept(self, message: Message, place: str, thread: int | None, at: datetime) -> MessageView:
        """An answer that is shown but was not written down."""
        one = Posted(id=0, workspace="", place=place, message=message, posted_at=at, thread=thread)
        return self._view(one, None, "", "u")

    def form(self, form: Form) -> FormView:
        return FormView(form=form, html=str(render.form(form, "dialog", self._people)))

    def _view(self, one: Posted, id: int | None, files: str, prefix: str) -> MessageView:
        author = self._residents.get(one.author or "")
        return MessageView(
            id=id,
            place=one.place,
            thread=one.thread,
            author=one.author,
            author_name=author.name if author else (one.author or BOT),
            audience=one.audience,
            at=one.posted_at,
            local=render.local(one.posted_at, self.viewer.zone),
            summary=one.message.summary,
            text=text(one.message),
            blocks=one.message.blocks,
            html=str(
                render.html(one.message, f"{prefix}{one.id}", files=files, zone=self.viewer.zone, members=self._people)
            ),
            revision=one.revision,
            edited=one.edited_at is not None,
            delivery=one.delivery,
            replies=one.replies,
        )


def person(one: Resident, *, simulating: bool) -> PersonView:
    known = BY_ACCOUNT.get(one.account)
    return PersonView(
        account=one.account,
        member=one.member,
        name=one.name,
        title=known.title if known else "Joined here",
        part=known.part if known else "learner",
        zone=one.zone,
        team=one.team,
        simulated=simulating and is_simulated(one.account),
    )


def is_simulated(account: str) -> bool:
    known = BY_ACCOUNT.get(account)
    return known is not None and known.part not in PLAYED


def text(message: Message) -> str:
    """Everything a message says, as plain lines."""
    lines = [words for words in map(_words, message.blocks) if words]
    return "\n".join(lines) or message.summary


def _words(block: Block) -> str:  # noqa: C901 - one case a block, and mypy proves it is all of them
    match block:
        case Heading(text=words) | Code(text=words):
            return words
        case Text(spans=spans) | Note(spans=spans):
            return plain(spans)
        case Fields(items=items):
            return "\n".join(f"{label}: {plain(value)}" for label, value in items)
        case Divider():
            return ""
        case Image(alt=alt):
            return alt
        case Table(columns=columns, rows=rows):
            return grid(columns, rows)
        case Chart(title=title, text=words):
            return f"{title}: {words}"
        case Progress(label=label, done=done, total=total):
            return f"{label}: {done} of {total}"
        case Buttons(buttons=buttons):
            return " ".join(f"[{one.label}]" for one in buttons)
        case Choice(label=label, options=options):
            return f"{label}: {', '.join(one.label for one in options)}"
        case File(name=name):
            return f"File: {name}"
        case Invite(title=title, start=start):
            return f"{title}, {start:%Y-%m-%d %H:%M} UTC"
        case Form(title=title, fields=fields):
            return f"{title}: {', '.join(one.label for one in fields)}"
