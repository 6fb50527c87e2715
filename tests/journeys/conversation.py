"""A whole company in one hand: say, press and see over the real core, a real SQLite file, the tick and the drainer.

``Conversation(folder)`` makes Acme with the workspace ``w``; people and channels are added by name. A person's direct conversation is
``d-<name>``, a channel's address is its id. With a ``surface`` all that is shown and done goes through a platform's own
rendering and reading. The clock stands still until ``until`` or ``go`` moves it, stopping wherever something is due.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from adapters.turn import take
from adapters.wiring.system import assemble
from bot.domain.conversation import Event, FormSubmitted, Incoming, Place, Pressed, Typed
from bot.domain.deliveries import Delivery
from bot.domain.people import Role
from bot.messages import Block, Button, Buttons, Chart, Fields, Heading, Message, Note, Text, plain
from bot.ports.people import Channel, Member
from bot.router import Answer
from scheduler.ports import Parcel
from storage.dialects import open_engine
from storage.parts import Parts
from storage.tenancy import Workspace, add_tenant, add_workspace
from tests.content.samples import write
from tests.journeys import gallery
from tests.journeys.surfaces import Surface
from tests.prepared import database, unsynced

TENANT, WORKSPACE, PLATFORM = "acme", "w", "test"
OPENERS = {"settings.save": "settings.change"}  # what opens a form
T = TypeVar("T")


class Shown:
    """A message as it stands at the platform, with every form it had before."""

    def __init__(self, id: str, parcel: Parcel) -> None:
        self.id, self.address, self.thread = id, parcel.address, parcel.thread
        self.delivery, self.at = parcel.delivery, parcel.at
        self.versions = [parcel.message]

    @property
    def message(self) -> Message:
        return self.versions[-1]

    @property
    def words(self) -> str:
        return words(self.message)


class RecordingMessenger:
    """A platform that keeps what it is sent. ``fail`` may raise before a parcel is taken."""

    looks_up = True

    def __init__(self, surface: Surface | None = None) -> None:
        self.surface = surface
        self.pages: list[tuple[str, Any]] = []  # (address, as the surface shows it)
        self.shown: dict[str, Shown] = {}
        self.calls: list[Parcel] = []
        self.fail: Callable[[Parcel], None] = lambda _parcel: None

    def room(self, _workspace: str) -> int:
        return 100

    async def send(self, parcel: Parcel) -> str:
        self.calls.append(parcel)
        self.fail(parcel)
        gallery.see(parcel.message)
        if self.surface is not None:
            self.pages.append((parcel.address, self.surface.shows(parcel.message)))
        if parcel.update_of is not None:
            self.shown[parcel.update_of].versions.append(parcel.message)
            return parcel.update_of
        id = f"m{len(self.shown) + 1}"
        self.shown[id] = Shown(id, parcel)
        return id

    async def look_up(self, delivery: Delivery) -> str | None:
        return next((one.id for one in self.shown.values() if one.delivery == delivery.id), None)


class Conversation:
    """One company over one database file. ``restart`` is a new process over the same file."""

    teaches_files = True  # a subclass may bring a pack that has none

    def __init__(
        self,
        folder: Path,
        now: datetime,
        *,
        pack: dict[str, str | bytes | None] | None = None,
        surface: Surface | None = None,
    ) -> None:
        self._pack = write(folder / "pack", pack or {})
        self._url = database(folder / "acme.db", self._pack if self.teaches_files else None)
        self._keys = count()
        self.now = now
        self.surface = surface
        self.messenger = RecordingMessenger(surface)
        self._forms: dict[tuple[str, str], Any] = {}  # as the surface shows them, by who and form
        engine = open_engine(self._url)
        with engine.begin() as conn:
            add_tenant(conn, TENANT, "Acme", "secret", now)
            add_workspace(conn, Workspace(id=WORKSPACE, tenant=TENANT, platform=PLATFORM, team=WORKSPACE, name="Acme"))
        engine.dispose()
        self._open()

    def _open(self) -> None:
        self.system = assemble(
            unsynced(open_engine(self._url)),
            clock=lambda: self.now,
            messengers={PLATFORM: self.messenger},
            folder=self._pack,
            look_up_after=0.0,
        )

    def close(self) -> None:
        self.system.store.close()

    async def restart(self) -> None:
        """Stop, and start again over the same database, as a starting process does."""
        self.close()
        self._open()
        await self.system.drainer.take_over()

    def store(self, work: Callable[[Parts], T]) -> T:
        """Something done or read in a transaction of the store."""
        return self.system.store.write(TENANT, work).result()  # type: ignore[arg-type]

    def join(self, *names: str, zone: str = "Europe/Berlin", roles: tuple[Role, ...] = ()) -> None:
        def add(parts: Parts) -> None:
            for name in names:
                parts.people.add_member(Member(id=name, name=name.title(), zone=zone), self.now)
                parts.people.add_account(f"a-{name}", WORKSPACE, name, f"u-{name}", f"d-{name}")
                for role in roles:
                    parts.people.grant(name, role)

        self.store(add)

    def channel(self, id: str, zone: str = "Europe/Berlin") -> None:
        new = Channel(id=id, workspace=WORKSPACE, address=id, name=id, zone=zone)
        self.store(lambda parts: parts.people.add_channel(new))

    async def say(self, who: str, text: str, where: str | None = None) -> Answer:
        return await self.does(who, Typed(text), where)

    async def press(self, who: str, button: Button, where: str | None = None) -> Answer:
        """Press a button that was shown."""
        pressed, surface = Pressed(button.action, button.value), self.surface
        if surface is not None:
            assert any(surface.holds(page, pressed) for _address, page in self.messenger.pages), button
        answer = await self.does(who, pressed, where)
        assert button.opens or answer.opens is None, f"{button.label}: a dialog opens only by a button made for one"
        return answer

    async def submit(
        self, who: str, form: str, values: dict[str, str | list[str]], ref: str = "", where: str | None = None
    ) -> Answer:
        return await self.does(who, FormSubmitted(form, values, ref), where)

    async def does(self, who: str, event: Event, where: str | None = None, key: str | None = None) -> Answer:
        """One thing somebody does, in a channel or (without ``where``) in their direct conversation."""
        if self.surface is None:
            return gallery.see_all(await take(self.system.app, self.incoming(who, event, where, key), self.now))
        on = await self._acted_on(self.surface, who, event, where)
        heard = self.surface.hears(who, event, where, key or f"k{next(self._keys)}", on)
        answer = gallery.see_all(
            await take(self.system.app, msgspec.structs.replace(heard, name=who.title()), self.now)
        )
        self._see(self.surface, who, answer)
        return answer

    async def _acted_on(self, surface: Surface, who: str, event: Event, where: str | None) -> Any:
        """The newest message that holds the button which is pressed, or the form that is sent, opened if it is not."""
        if isinstance(event, Pressed):
            pages = (page for _address, page in reversed(self.messenger.pages) if surface.holds(page, event))
            return next(pages, None)
        if not isinstance(event, FormSubmitted):
            return None
        if (who, event.form) not in self._forms:
            await self.does(who, Pressed(OPENERS[event.form]), where)
        return self._forms.pop((who, event.form))

    def _see(self, surface: Surface, who: str, answer: Answer) -> None:
        for message in (answer.inline, answer.home):
            if message is not None:
                self.messenger.pages.append((who, surface.shows(message)))
        if answer.opens is not None:
            self._forms[who, answer.opens.id] = surface.opens(answer.opens)

    def incoming(self, who: str, event: Event, where: str | None = None, key: str | None = None) -> Incoming:
        place = Place("channel", where) if where else Place("direct", f"d-{who}")
        return Incoming(WORKSPACE, f"u-{who}", place, event, key or f"k{next(self._keys)}", who.title())

    async def settle(self) -> None:
        """Do what is due while the clock stands."""
        await self.system.ticker.tick(self.now)
        while await self.system.drainer.drain():
            pass

    async def until(self, at: datetime) -> list[datetime]:
        """Move the clock, stopping wherever something is due. Returns the stops."""
        stops = []
        await self.settle()
        while self.now < at:
            due = await self.system.ticker.next_due(self.now)
            self.now = min(due or at, at)
            stops.append(self.now)
            await self.settle()
        return stops

    async def go(self, by: timedelta) -> list[datetime]:
        return await self.until(self.now + by)

    def see(self, address: str) -> list[Shown]:
        """What stands in a conversation, oldest first."""
        return [one for one in self.messenger.shown.values() if one.address == address]


def said(answer: Answer) -> str:
    """The words of the private reply."""
    return words(answer.inline) if answer.inline else ""


def buttons(message: Message | None) -> list[Button]:
    blocks = message.blocks if message else ()
    return [button for block in blocks if isinstance(block, Buttons) for button in block.buttons]


def button(message: Message | None, label: str) -> Button:
    """The one button whose label begins with these words."""
    found = [one for one in buttons(message) if one.label.startswith(label)]
    assert len(found) == 1, [one.label for one in buttons(message)]
    return found[0]


def words(message: Message) -> str:
    """Everything a reader sees as words, one line a block."""
    return "\n".join(line for block in message.blocks if (line := _line(block)))


def _line(block: Block) -> str:
    match block:
        case Heading(text=text):
            return text
        case Text(spans=spans) | Note(spans=spans):
            return plain(spans)
        case Fields(items=items):
            return "\n".join(f"{label}: {plain(value)}" for label, value in items)
        case Chart(text=text):
            return text
        case _:
            return ""
