"""The JSON API of the playground: what the page, the tests and programs outside use."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from typing import Any, TypeVar

import msgspec
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from adapters import calendar
from adapters.local import read
from adapters.local.clock import NotMovable, target
from adapters.local.floor import Floor
from adapters.local.people import TENANT, WORKSPACE
from adapters.local.problems import Problem
from adapters.local.shown import MessageView, PersonView, PlaceView
from bot.features.lessons.learners import next_instant
from bot.messages import File, Invite, Message, Pick
from bot.ports.store import Parts
from bot.router import Command
from scheduler.ports import finished
from storage import playground
from storage.playground import Posted

T = TypeVar("T")
WAIT_SECONDS = 110.0
WORDS_LIMIT = 80  # characters of a search that are looked at
Renderer = Callable[[Message], Any]


class People(msgspec.Struct, frozen=True):
    """Everybody, people with a part to play first."""

    people: list[PersonView]


class Places(msgspec.Struct, frozen=True):
    """One person's conversations."""

    places: list[PlaceView]


class Messages(msgspec.Struct, frozen=True):
    """A conversation, oldest first."""

    messages: list[MessageView]


class HomeView(msgspec.Struct, frozen=True):
    """What a person sees on opening the app; nothing when no feature has a part in it."""

    home: MessageView | None


class CommandView(msgspec.Struct, frozen=True, kw_only=True):
    """A command as one types it."""

    name: str
    arguments: str
    summary: str
    examples: tuple[str, ...]
    words: tuple[str, ...]


class Commands(msgspec.Struct, frozen=True):
    """Every command that is offered to people."""

    commands: list[CommandView]


class Picks(msgspec.Struct, frozen=True):
    """What a search field offers."""

    picks: tuple[Pick, ...]


class Inspection(msgspec.Struct, frozen=True, kw_only=True):
    """A message in our own words, and as each platform would get it. ``bytes`` is its size there."""

    id: int
    neutral: Message
    platforms: Mapping[str, Any]
    bytes: Mapping[str, int]


class Api:
    """Endpoints over the floor of the playground."""

    def __init__(self, floor: Floor, renderers: Mapping[str, Renderer]) -> None:
        self._floor = floor
        self._renderers = renderers

    def routes(self) -> list[Route]:
        return [
            Route("/api/people", self.people),
            Route("/api/people", self._acting(read.Join, self._floor.turns.join), methods=["POST"]),
            Route("/api/places", self.places),
            Route("/api/commands", self.commands),
            Route("/api/picks", self.picks),
            Route("/api/messages", self.messages),
            Route("/api/message/{id:int}/inspect", self.inspect),
            Route("/api/message/{id:int}/files/{at:int}", self.file),
            Route("/api/home", self.home),
            Route("/api/say", self._acting(read.Say, self._floor.turns.say), methods=["POST"]),
            Route("/api/press", self._acting(read.Press, self._floor.turns.press), methods=["POST"]),
            Route("/api/submit", self._acting(read.Submit, self._floor.turns.submit), methods=["POST"]),
            Route("/api/clock", self.clock),
            Route("/api/clock", self.move, methods=["POST"]),
            Route("/api/clock/stop", self.stop, methods=["POST"]),
            Route("/api/events", self.events),
        ]

    async def people(self, _request: Request) -> Response:
        return answer(People(await self._floor.people()))

    async def places(self, request: Request) -> Response:
        return answer(Places(await self._floor.places(_who(request))))

    async def commands(self, _request: Request) -> Response:
        return answer(Commands([_command(one) for one in self._floor.app.table.listed]))

    async def picks(self, request: Request) -> Response:
        source, words = (request.query_params.get(name, "") for name in ("source", "words"))
        return answer(Picks(await self._floor.turns.complete(_who(request), source, words[:WORDS_LIMIT])))

    async def messages(self, request: Request) -> Response:
        found = await self._floor.messages(
            _who(request), request.query_params.get("place"), _number(request, "thread"), _number(request, "after") or 0
        )
        return answer(Messages(found))

    async def inspect(self, request: Request) -> Response:
        found = await self._message(request)
        made = {name: _tried(render, found.message) for name, render in self._renderers.items()}
        sizes = {name: len(msgspec.json.encode(one)) for name, one in made.items()}
        return answer(Inspection(id=found.id, neutral=found.message, platforms=made, bytes=sizes))

    async def file(self, request: Request) -> Response:
        found = await self._message(request)
        at = request.path_params["at"]
        block = found.message.blocks[at] if at < len(found.message.blocks) else None
        if isinstance(block, File):
            return _download(block.data, block.name, "application/octet-stream")
        if isinstance(block, Invite):
            return _download(calendar.ics(block), calendar.FILE_NAME, calendar.mime(block))
        raise Problem(404, "There is no file there.", "Files are where a message has a file or an invite block.")

    async def home(self, request: Request) -> Response:
        return answer(HomeView(await self._floor.turns.home(_who(request))))

    async def clock(self, _request: Request) -> Response:
        return answer(self._floor.mover.state)

    async def move(self, request: Request) -> Response:
        wanted = await _read(request, read.Move)
        try:
            until = await self._until(wanted)
            self._floor.mover.start(until)
        except NotMovable as error:
            raise Problem(409, str(error), "GET /api/clock says where the clock stands.") from error
        if wanted.wait:
            await self._floor.mover.wait(WAIT_SECONDS)
        return answer(self._floor.mover.state)

    async def stop(self, _request: Request) -> Response:
        await self._floor.mover.stop()
        return answer(self._floor.mover.state)

    async def events(self, request: Request) -> Response:
        eyes = await self._floor.turns.eyes(_who(request))
        stream = self._floor.events.stream(eyes.viewer.account)
        return StreamingResponse(stream, media_type="text/event-stream", headers={"cache-control": "no-store"})

    async def _until(self, wanted: read.Move) -> datetime:
        if wanted.to.strip() != "next":
            return target(wanted.to, self._floor.clock.now)
        own = await self._next_lesson(wanted.who) if wanted.who else None
        due = own or await self._floor.mover.next_due()
        if due is None:
            raise NotMovable("Nothing is due: nobody takes lessons and nothing is planned.")
        return due

    async def _next_lesson(self, account: str) -> datetime | None:
        """When the next lesson of this person comes; nothing when they take none."""
        eyes = await self._floor.turns.eyes(account)
        member, now = eyes.viewer.member, self._floor.clock.now

        def look(parts: Parts) -> datetime | None:
            learner = parts.lessons.learner(member)
            return next_instant(self._floor.app.work(parts, now), learner) if learner else None

        return await finished(self._floor.store.read(TENANT, look))

    async def _message(self, request: Request) -> Posted:
        id, viewer = request.path_params["id"], request.query_params.get("as")
        found = await finished(self._floor.store.look(lambda conn: playground.find(conn, WORKSPACE, id, viewer)))
        if found is None:
            raise Problem(404, f"There is no message {id} for you.", "GET /api/messages lists what you may see.")
        return found

    def _acting(self, kind: type[T], act: Callable[[T], Awaitable[Any]]) -> Callable[[Request], Awaitable[Response]]:
        async def endpoint(request: Request) -> Response:
            return answer(await act(await _read(request, kind)))

        return endpoint


def answer(value: Any, status: int = 200) -> Response:
    """A value as JSON."""
    return Response(
        msgspec.json.encode(value), status, media_type="application/json", headers={"cache-control": "no-store"}
    )


async def _read(request: Request, kind: type[T]) -> T:
    body = await request.body()
    try:
        return msgspec.json.decode(body, type=kind)
    except msgspec.DecodeError as error:
        raise Problem(
            422, f"That body will not do: {error}.", "/openapi.json and /docs/api say what is expected."
        ) from error


def _who(request: Request) -> str:
    account = request.query_params.get("as")
    if not account:
        raise Problem(422, "Say who is looking.", "Add ?as= and an account of GET /api/people.")
    return account


def _number(request: Request, name: str) -> int | None:
    words = request.query_params.get(name, "")
    if words and not (words.isdecimal() and words.isascii() and len(words) < 16):
        raise Problem(422, f"{name} is a message's id.", "Leave it out, or give a whole number.")
    return int(words) if words else None


def _command(one: Command) -> CommandView:
    return CommandView(
        name=one.name, arguments=one.arguments, summary=one.summary, examples=one.examples, words=one.words
    )


def _tried(render: Renderer, message: Message) -> Any:
    """A renderer refuses what its platform would refuse; the inspector shows the reason instead."""
    try:
        return render(message)
    except Exception as error:  # noqa: BLE001  a screen that does not fit is what an author looks for here
        return {"refused": str(error)}


def _download(data: bytes, name: str, mime: str) -> Response:
    plain = "".join(one if one.isascii() and (one.isalnum() or one in "._- ") else "_" for one in name) or "file"
    return Response(data, media_type=mime, headers={"content-disposition": f'attachment; filename="{plain}"'})
