"""Turns of a conversation in the playground: write what a person did, ask the core, write what it answered."""

from __future__ import annotations

import asyncio
import logging
import re
import secrets
from collections.abc import Mapping

import msgspec

from adapters.local import read
from adapters.local.clock import Mover, PlayClock
from adapters.local.people import WORKSPACE, direct
from adapters.local.problems import Problem
from adapters.local.send import Desk
from adapters.local.shown import Eyes, FormView, MessageView
from adapters.turn import take
from bot.app import App
from bot.domain.calendar import is_zone
from bot.domain.conversation import Incoming
from bot.domain.wording import clean, one_line
from bot.messages import SUMMARY_LIMIT, Message, Plain, Text, clip
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
        found = await finished(self._store.look(lambda conn: playground.residents(conn, WORKSPACE)))
        return {one.account: one for one in found}

    async def eyes(self, account: str) -> Eyes:
        """Raises :class:`Problem` for somebody who is not here."""
        residents = await self.residents()
        if account not in residents:
            raise Problem(404, f"Nobody here is called {account[:60]!r}.", "GET /api/people lists everybody.")
        return Eyes(residents[account], residents)

    async def say(self, said: read.Say) -> Turn:
        eyes = await self.eyes(said.who)
        await self._check_place(said.place, said.who)
        thread = await self._root(said.thread, said.who, said.place)
        key = _key(said.key)
        words = clean(said.text).strip()
        if not words:
            raise Problem(422, "There is nothing in this message.", "Type some words first.")
        ours = read.words_for_us(said)
        message = Message(clip(one_line(words) or "...", SUMMARY_LIMIT), (Text((Plain(words[:SAID_LIMIT]),)),))
        audience = said.who if ours is not None and read.is_slash(said) and said.place != direct(said.who) else None
        mine = Posting(
            workspace=WORKSPACE, place=said.place, thread=thread, author=said.who, audience=audience,
            message=message, key=key, at=self._clock.now,
        )  # fmt: skip
        view = await self._view(eyes, await self._desk.post(mine))
        if ours is None:
            return Turn(said=view, note=NOT_HEARD)
        incoming = read.typed(said, ours, key, _known(eyes.viewer), WORKSPACE)
        turn = await self._turn(eyes, incoming, said.place, thread, None, wait=said.wait)
        return msgspec.structs.replace(turn, said=view)

    async def press(self, press: read.Press) -> Turn:
        eyes = await self.eyes(press.who)
        await self._check_place(press.place, press.who)
        on = await self._message(press.message, press.who, press.place)
        thread = on.thread if on else None
        delivery = on.delivery if on else None
        incoming = read.pressed(press, thread, delivery, _key(press.key), _known(eyes.viewer), WORKSPACE)
        return await self._turn(eyes, incoming, press.place, thread, on, wait=press.wait)

    async def submit(self, form: read.Submit) -> Turn:
        eyes = await self.eyes(form.who)
        await self._check_place(form.place, form.who)
        on = await self._message(form.message, form.who, form.place)
        thread = on.thread if on else await self._root(form.thread, form.who, form.place)
        incoming = read.submitted(form, thread, _key(form.key), _known(eyes.viewer), WORKSPACE)
        return await self._turn(eyes, incoming, form.place, thread, on, wait=form.wait)

    async def join(self, new: read.Join) -> Turn:
        if not ACCOUNT.fullmatch(new.account):
            raise Problem(422, "That account name will not do.", "Use 2 to 31 small letters, digits and hyphens.")
        if not is_zone(new.zone):
            raise Problem(422, f"{new.zone[:60]!r} is no time zone.", "Use a name such as Europe/Berlin.")
        incoming = read.joined(new, new.key or f"joined:{new.account}", WORKSPACE)
        await take(self._app, incoming, self._clock.now)
        await self.settle(wait=True)
        return Turn()

    async def home(self, account: str) -> MessageView | None:
        """The home view of a person; nothing when no feature has a part in it."""
        eyes = await self.eyes(account)
        incoming = read.home_opened(account, _key(None), _known(eyes.viewer), WORKSPACE)
        shown = await take(self._app, incoming, self._clock.now)
        message = shown.home or shown.inline
        return eyes.unkept(message, f"home:{account}", None, self._clock.now) if message else None

    async def _turn(
        self, eyes: Eyes, incoming: Incoming, place: str, thread: int | None, on: Posted | None, *, wait: bool
    ) -> Turn:
        """One turn: an answer that was given to the same key before is shown again, without asking the core."""
        answered = f"{incoming.key}>"
        earlier = await finished(self._store.look(lambda conn: playground.keyed(conn, WORKSPACE, answered)))
        if earlier is not None:
            return Turn(answer=await self._view(eyes, earlier))
        answer = await take(self._app, incoming, self._clock.now)
        turn = await self._show(eyes, answer, place, thread, on, answered)
        await self.settle(wait=wait)
        return turn

    async def _show(
        self, eyes: Eyes, answer: Answer, place: str, thread: int | None, on: Posted | None, key: str
    ) -> Turn:
        opens = eyes.form(answer.opens) if answer.opens else None
        if answer.inline is None:
            return Turn(opens=opens, errors=answer.errors)
        account, now = eyes.viewer.account, self._clock.now
        own = direct(account)
        at_home = place == f"home:{account}"
        place = own if at_home else place
        try:
            # In a channel the pressed message belongs to everybody: the answer is a private one beside it.
            replaced = answer.replace and on is not None and (on.place == own or on.audience == account)
            if replaced and on is not None and await self._desk.replace(WORKSPACE, on.id, answer.inline, now):
                id = on.id
            else:
                replaced = False
                audience = None if place == own else account
                id = await self._desk.post(
                    Posting(
                        workspace=WORKSPACE,
                        place=place,
                        thread=thread,
                        audience=audience,
                        message=answer.inline,
                        key=key,
                        at=now,
                    )
                )
            shown = await self._view(eyes, id)
        except Exception:
            # A database that cannot be written: the person still reads what the core said.
            log.exception("an answer could not be kept")
            shown, replaced = eyes.unkept(answer.inline, place, thread, now), False
        return Turn(answer=shown, replaced=replaced, opens=opens, errors=answer.errors)

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

    async def _view(self, eyes: Eyes, id: int) -> MessageView:
        found = await finished(self._store.look(lambda conn: playground.find(conn, WORKSPACE, id)))
        if found is None:
            raise LookupError("a message that was written can be read")
        return eyes.message(found)

    async def _message(self, id: int | None, account: str, place: str) -> Posted | None:
        if id is None:
            return None
        found = await finished(self._store.look(lambda conn: playground.find(conn, WORKSPACE, id, account)))
        if found is None or found.place != place:
            raise Problem(404, f"There is no message {id} for you here.", "GET /api/messages lists what you may see.")
        return found

    async def _root(self, thread: int | None, account: str, place: str) -> int | None:
        found = await self._message(thread, account, place)
        return None if found is None else found.thread or found.id

    async def _check_place(self, place: str, account: str) -> None:
        if place in {direct(account), f"home:{account}"}:
            return
        rooms = await finished(self._store.look(lambda conn: playground.rooms(conn, WORKSPACE)))
        if all(one.address != place for one in rooms):
            raise Problem(404, f"There is no place {place[:60]!r} for you.", "GET /api/places?as= lists yours.")


def _known(resident: Resident) -> dict[str, str]:
    """What a platform tells about the person who acts."""
    return {"name": resident.name, "zone": resident.zone}


def _key(given: str | None) -> str:
    if given is None:
        return secrets.token_hex(12)
    if not 1 <= len(given) <= KEY_LIMIT or not given.isprintable():
        raise Problem(422, "That key will not do.", f"Use 1 to {KEY_LIMIT} printable characters.")
    return given
