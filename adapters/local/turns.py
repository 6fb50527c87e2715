"""Turns of a conversation in the playground: write what a person did, ask the core, write what it answered."""

from __future__ import annotations

import asyncio
import logging
import re
import secrets
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import msgspec

from adapters.local import read
from adapters.local.clock import Mover, PlayClock
from adapters.local.people import CHANNELS, WORKSPACE, direct
from adapters.local.problems import Problem
from adapters.local.send import Desk
from adapters.local.shown import Eyes, FormView, MessageView
from adapters.turn import take
from bot.app import App
from bot.domain.calendar import is_zone
from bot.domain.conversation import FormSubmitted, HomeOpened, Incoming, MemberJoined, Pressed, Query, Typed
from bot.domain.wording import clean, one_line
from bot.messages import SUMMARY_LIMIT, Message, Pick, Plain, Text, clip
from bot.router import Answer
from scheduler.ports import finished
from storage import playground
from storage.playground import Posted, Posting, Resident
from storage.store import Store

KEY_LIMIT = 200
SAID_LIMIT = 4_000  # characters kept of what a person typed; the core refuses more than its own limit
ACCOUNT = re.compile(r"[a-z][a-z0-9-]{1,30}")
NOT_HEARD = "In a channel the coach hears only messages that begin with /mlops or @coach."
log = logging.getLogger(__name__)


class Turn(msgspec.Struct, frozen=True, kw_only=True):
    """What came of one act. ``errors`` are by field name; ``opens`` is a form to fill in; ``note`` is for the person."""

    said: MessageView | None = None
    answer: MessageView | None = None
    replaced: bool = False
    opens: FormView | None = None
    errors: Mapping[str, str] = {}
    note: str = ""


class Scene(msgspec.Struct, frozen=True, kw_only=True):
    """Where an act happens: who looks, the message it is about with its thread, and the answer to an earlier try."""

    eyes: Eyes
    place: str
    thread: int | None
    on: Posted | None
    earlier: Posted | None

    @property
    def known(self) -> read.Known:
        return _known(self.eyes)


class Turns:
    """Everything people do to the bot goes through here, simulated people included."""

    def __init__(self, *, app: App, store: Store, desk: Desk, mover: Mover, clock: PlayClock) -> None:
        self._app = app
        self._store = store
        self._desk = desk
        self._mover = mover
        self._clock = clock
        self._settling: set[asyncio.Task[None]] = set()

    async def residents(self) -> dict[str, Resident]:
        return await finished(self._store.look(_residents))

    async def eyes(self, account: str) -> Eyes:
        """Raises :class:`Problem` for somebody who is not here."""
        return await finished(self._store.look(lambda conn: _eyes(conn, account)))

    async def say(self, said: read.Say) -> Turn:
        key = _key(said.key)
        scene = await self._scene(said.who, said.place, said.thread, key)
        words = clean(said.text).strip()
        if not words:
            raise Problem(422, "There is nothing in this message.", "Type some words first.")
        ours = read.words_for_us(said)
        message = Message(clip(one_line(words) or "...", SUMMARY_LIMIT), (Text((Plain(words[:SAID_LIMIT]),)),))
        audience = said.who if ours is not None and read.is_slash(said) and said.place != direct(said.who) else None
        mine = Posting(
            workspace=WORKSPACE,
            place=said.place,
            thread=scene.thread,
            author=said.who,
            audience=audience,
            message=message,
            key=key,
            at=self._clock.now,
        )
        view = scene.eyes.message(await self._desk.post(mine))
        if ours is None:
            return Turn(said=view, note=NOT_HEARD)
        place = read.place_of(said.place, said.who, scene.thread)
        turn = await self._turn(scene, read.incoming(Typed(ours), key, place, scene.known), wait=said.wait)
        return msgspec.structs.replace(turn, said=view)

    async def press(self, press: read.Press) -> Turn:
        key = _key(press.key)
        scene = await self._scene(press.who, press.place, press.message, key)
        # The thread is where the pressed message is; a press on a root is not in a thread.
        scene = msgspec.structs.replace(scene, thread=scene.on.thread if scene.on else None)
        delivery = scene.on.delivery if scene.on else None
        on = None if scene.on is None else str(scene.on.id)
        place = read.place_of(press.place, press.who, scene.thread)
        event = Pressed(press.action, press.value, on, delivery)
        return await self._turn(scene, read.incoming(event, key, place, scene.known), wait=press.wait)

    async def submit(self, form: read.Submit) -> Turn:
        key = _key(form.key)
        scene = await self._scene(form.who, form.place, form.message or form.thread, key)
        if form.message is None:
            scene = msgspec.structs.replace(scene, on=None)
        else:
            scene = msgspec.structs.replace(scene, thread=scene.on.thread if scene.on else None)
        place = read.place_of(form.place, form.who, scene.thread)
        event = FormSubmitted(form.form, form.values, form.ref)
        return await self._turn(scene, read.incoming(event, key, place, scene.known), wait=form.wait)

    async def join(self, new: read.Join) -> Turn:
        if not ACCOUNT.fullmatch(new.account):
            raise Problem(422, "That account name will not do.", "Use 2 to 31 small letters, digits and hyphens.")
        if not is_zone(new.zone):
            raise Problem(422, f"{new.zone[:60]!r} is no time zone.", "Use a name such as Europe/Berlin.")
        known = read.Known(WORKSPACE, new.account, new.name, new.zone)
        key = _key(new.key or f"joined:{new.account}")
        # Whoever comes is in every channel, where a rule of the company may wait. These first: then the welcome tells of it.
        for where in (*(address for address, _ in CHANNELS), direct(new.account)):
            place = read.place_of(where, new.account, None)
            came = read.incoming(MemberJoined(), f"{key}:{where}", place, known)
            await take(self._app, came, self._clock.now)
        await self.settle(wait=True)
        return Turn()

    async def home(self, account: str) -> MessageView | None:
        """The home view of a person; nothing when no feature has a part in it."""
        eyes = await self.eyes(account)
        place = read.place_of(f"home:{account}", account, None)
        shown = await take(self._app, read.incoming(HomeOpened(), _key(None), place, _known(eyes)), self._clock.now)
        message = shown.home or shown.inline
        return eyes.unkept(message, place.id, None, self._clock.now) if message else None

    async def complete(self, account: str, source: str, words: str) -> tuple[Pick, ...]:
        """What a search field offers for the words typed so far."""
        eyes = await self.eyes(account)
        place = read.place_of(direct(account), account, None)
        asked = read.incoming(Query(source, words), _key(None), place, _known(eyes))
        return (await take(self._app, asked, self._clock.now)).picks

    async def _turn(self, scene: Scene, incoming: Incoming, *, wait: bool) -> Turn:
        """One turn: an answer that was given to the same key before is shown again, without asking the core."""
        if scene.earlier is not None:
            return Turn(answer=scene.eyes.message(scene.earlier))
        answer = await take(self._app, incoming, self._clock.now)
        turn = await self._show(scene, answer, _answer_key(incoming.key))
        await self.settle(wait=wait)
        return turn

    async def _show(self, scene: Scene, answer: Answer, key: str) -> Turn:
        opens = scene.eyes.form(answer.opens) if answer.opens else None
        if answer.inline is None:
            return Turn(opens=opens, errors=answer.errors)
        account, now = scene.eyes.viewer.account, self._clock.now
        # What is answered on the home view is said in the person's own conversation.
        place = direct(account) if scene.place == f"home:{account}" else scene.place
        try:
            written = await self._replaced(scene, answer, now)
            replaced = written is not None
            if written is None:
                written = await self._desk.post(
                    Posting(
                        workspace=WORKSPACE,
                        place=place,
                        thread=scene.thread,
                        audience=None if place == direct(account) else account,
                        message=answer.inline,
                        key=key,
                        at=now,
                    )
                )
            shown = scene.eyes.message(written)
        except Exception:
            # A database that cannot be written: the person still reads what the core said.
            log.exception("an answer could not be kept")
            shown, replaced = scene.eyes.unkept(answer.inline, place, scene.thread, now), False
        return Turn(answer=shown, replaced=replaced, opens=opens, errors=answer.errors)

    async def _replaced(self, scene: Scene, answer: Answer, now: datetime) -> Posted | None:
        """The pressed message with its new body. In a channel it belongs to everybody: the answer is another one."""
        account, on = scene.eyes.viewer.account, scene.on
        if answer.inline is None or on is None or not answer.replace:
            return None
        if on.place != direct(account) and on.audience != account:
            return None
        return await self._desk.replace(WORKSPACE, on.id, answer.inline, now)

    async def settle(self, *, wait: bool) -> None:
        """Send what the turn made due, now or behind the answer; a running clock does it by itself."""
        if self._mover.running:
            return
        task = asyncio.create_task(self._mover.settle())
        self._settling.add(task)
        task.add_done_callback(self._settled)
        if wait:
            await asyncio.wait({task})

    def _settled(self, task: asyncio.Task[None]) -> None:
        self._settling.discard(task)
        if not task.cancelled() and task.exception() is not None:
            log.error("what a turn made due was not all sent", exc_info=task.exception())

    async def close(self) -> None:
        if self._settling:
            await asyncio.wait(self._settling)

    async def _scene(self, account: str, place: str, message: int | None, key: str) -> Scene:
        """Everything one act needs to know, in one transaction. Raises :class:`Problem`."""

        def look(conn: Any) -> Scene:
            eyes = _eyes(conn, account)
            if place not in {
                direct(account),
                f"home:{account}",
                *(one.address for one in playground.rooms(conn, WORKSPACE)),
            }:
                raise Problem(404, f"There is no place {place[:60]!r} for you.", "GET /api/places?as= lists yours.")
            on = None if message is None else playground.find(conn, WORKSPACE, message, account)
            if message is not None and (on is None or on.place != place):
                what = "GET /api/messages lists what you may see."
                raise Problem(404, f"There is no message {message} for you here.", what)
            return Scene(
                eyes=eyes,
                place=place,
                thread=None if on is None else on.thread or on.id,
                on=on,
                earlier=playground.keyed(conn, WORKSPACE, _answer_key(key)),
            )

        return await finished(self._store.look(look))


def _residents(conn: Any) -> dict[str, Resident]:
    return {one.account: one for one in playground.residents(conn, WORKSPACE)}


def _eyes(conn: Any, account: str) -> Eyes:
    residents = _residents(conn)
    if account not in residents:
        raise Problem(404, f"Nobody here is called {account[:60]!r}.", "GET /api/people lists everybody.")
    return Eyes(residents[account], residents)


def _known(eyes: Eyes) -> read.Known:
    """What a platform tells about the person who acts."""
    return read.Known(WORKSPACE, eyes.viewer.account, eyes.viewer.name, eyes.viewer.zone)


def _answer_key(key: str) -> str:
    return f"{key}>"


def _key(given: str | None) -> str:
    if given is None:
        return secrets.token_hex(12)
    if not 1 <= len(given) <= KEY_LIMIT or not given.isprintable():
        raise Problem(422, "That key will not do.", f"Use 1 to {KEY_LIMIT} printable characters.")
    return given
