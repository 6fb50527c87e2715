"""A company in a process of its own, over a wall of messages that outlives it; the process dies where it is told to.

``live`` is what such a process does: it goes through the stages of a script from the stage it died in. Children are forked from a
server that has imported everything, so that a start costs a hundredth of a second.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import pickle
import time
from collections.abc import Callable, Coroutine, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from itertools import count
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, event, update
from typing_extensions import override

from bot.domain.conversation import Event
from bot.domain.deliveries import Delivery
from bot.domain.pack import Pack
from bot.messages import Button
from scheduler.ports import Parcel
from storage.dialects import open_engine
from storage.ledger import delivery
from storage.locks import lock
from storage.schema import metadata
from storage.tenancy import Workspace, add_tenant, add_workspace
from tests.content.samples import write
from tests.journeys.conversation import PLATFORM, TENANT, WORKSPACE, RecordingMessenger, Shown, buttons
from tests.journeys.school import School, school_pack

DIED = 9
READING = ("SELECT", "PRAGMA", "BEGIN", "SET")
PATIENCE = 120.0  # seconds until a child that hangs is a failure


class Points:
    """Counts the moments at which a process may die, and dies at one of them."""

    def __init__(self, die_at: int = 0) -> None:
        self.names: list[str] = []
        self._die_at = die_at

    def reach(self, name: str) -> None:
        self.names.append(name)
        if len(self.names) == self._die_at:
            os._exit(DIED)


class Wall(RecordingMessenger):
    """A platform: what arrived is in a file, whoever lives."""

    def __init__(self, path: Path, points: Points, *, looks_up: bool) -> None:
        super().__init__()
        self._path, self._points = path, points
        self.looks_up = looks_up
        for parcel in arrived(path):
            self._show(parcel)

    def _show(self, parcel: Parcel) -> str:
        if parcel.update_of is not None:
            self.shown[parcel.update_of].versions.append(parcel.message)
            return parcel.update_of
        id = f"m{len(self.shown) + 1}"
        self.shown[id] = Shown(id, parcel)
        return id

    @override
    async def send(self, parcel: Parcel) -> str:
        self._points.reach("call begins")
        with self._path.open("ab") as file:
            pickle.dump(parcel, file)
        self._points.reach("call arrived")
        return self._show(parcel)

    @override
    async def look_up(self, delivery: Delivery) -> str | None:
        self._points.reach("look-up")
        return await super().look_up(delivery)


def arrived(path: Path) -> Iterator[Parcel]:
    """Everything the platform took, in order."""
    if path.exists():
        with path.open("rb") as file:
            while file.peek(1):
                yield pickle.load(file)


@dataclass
class Place:
    """Where a company lives: its folder, its database, and what its processes leave behind."""

    folder: Path
    url: str
    looks_up: bool = True
    doubt: str = ""  # the negative controls: the state in which a death leaves a call under way, instead of unknown

    def note(self, name: str, text: str) -> None:
        (self.folder / name).write_text(text)

    def noted(self, name: str) -> str:
        path = self.folder / name
        return path.read_text() if path.exists() else ""

    @property
    def wall(self) -> Path:
        return self.folder / "wall"


class Company(School):
    """The school of ``journeys``, over a place that is there already."""

    def __init__(self, place: Place, now: datetime, points: Points, taught: Pack | None = None) -> None:
        self.place, self.points, self.now, self.taught = place, points, now, taught
        self._url = place.url
        self._pack = place.folder / "pack"
        self.surface, self._forms = None, {}
        self._keys = count(time.time_ns())  # never those of an earlier life
        self.messenger = Wall(place.wall, points, looks_up=place.looks_up)
        self._open()
        self._mark_commits()

    def _mark_commits(self) -> None:
        """Each commit that wrote something: dying around one that only read leaves what the one before it left."""
        for engine in self.system.store.engines:
            self._mark(engine)

    def _mark(self, engine: Engine) -> None:
        real = engine.dialect.do_commit

        @event.listens_for(engine, "after_cursor_execute")
        def note(conn: Any, cursor: Any, statement: str, *_: object) -> None:
            if cursor.rowcount != 0 and not statement.startswith(READING):
                conn.connection.info["wrote"] = True

        def commit(connection: Any) -> None:
            wrote = connection.info.pop("wrote", False)
            if wrote:
                self.points.reach("before a commit")
            real(connection)
            if wrote:
                self.points.reach("after a commit")

        engine.dialect.do_commit = commit  # type: ignore[method-assign,assignment]

    async def once(self, key: str, who: str, event: Event, where: str | None = None) -> None:
        """What somebody does, until it is answered: the platform repeats what was not."""
        acks = self.place.noted("acks").split()
        if key not in acks:
            answer = await self.does(who, event, where, key)
            self.points.reach("answered")
            assert answer is not None
            self.place.note("acks", " ".join([*acks, key]))

    def latest(self, address: str, action: str, which: int = 0) -> Button:
        """A button of that action in a conversation, from the newest message that has one."""
        for one in reversed(self.see(address)):
            found = [button for button in buttons(one.message) if button.action == action]
            if found:
                return found[which]
        raise AssertionError(f"no {action} in {address}")


Step = Callable[[Company], Coroutine[Any, Any, None]]


@dataclass(frozen=True)
class Script:
    """What happens to a company: how it begins, and stages of an instant and what people do then."""

    begins: datetime
    founding: Step
    stages: Sequence[tuple[datetime, Step]]


def found(script: Script, place: Place) -> None:
    """Make the company of a script in an empty database."""
    place.folder.mkdir(parents=True, exist_ok=True)
    company = _Founding(place, script.begins)
    asyncio.run(script.founding(company))
    company.close()


class _Founding(Company):
    """The same while it is made: a database of its own, and nobody dies."""

    def __init__(self, place: Place, now: datetime) -> None:
        engine = open_engine(place.url)
        metadata.create_all(engine)
        with engine.begin() as conn:
            add_tenant(conn, TENANT, "Acme", "secret", now)
            add_workspace(conn, Workspace(id=WORKSPACE, tenant=TENANT, platform=PLATFORM, team=WORKSPACE, name="Acme"))
        engine.dispose()
        write(place.folder / "pack", {})
        super().__init__(place, now, Points(), taught=school_pack())


def live(name: str, place: Place, die_at: int) -> None:
    """One process: take over, go on at the stage where the one before stopped, and do all there is to do."""
    from tests.faults.scripts import SCRIPTS

    script = SCRIPTS[name]
    points = Points(die_at)
    at = int(place.noted("stage") or "0")
    company = Company(place, script.stages[at][0], points)
    if place.doubt and place.noted("stage"):
        _forget_doubt(company, place.doubt)
    asyncio.run(_go_on(company, script, at))
    company.close()
    place.note("points", "\n".join(points.names))


async def _go_on(company: Company, script: Script, at: int) -> None:
    if company.system.store.is_shared:
        company.system.store.transact(_lapse).result()
    else:
        await company.system.drainer.take_over()
    for number, (now, step) in enumerate(script.stages[at:], at):
        company.now = now
        company.place.note("stage", str(number))
        await company.settle()
        await step(company)
        await company.settle()


def _lapse(conn: Connection) -> None:
    """Half a minute has passed since the death: what the dead worker had leased is free again."""
    conn.execute(update(delivery).where(delivery.c.lease_until > 0).values(lease_until=0.0))
    conn.execute(update(lock).values(until=0.0))


def _forget_doubt(company: Company, state: str) -> None:
    """A claim that was under way is ready again, as if no call could have been made; or sent, as if every call arrived."""
    back = update(delivery).where(delivery.c.state.in_(["claimed", "sending"])).values(state=state)
    company.system.store.transact(lambda conn: conn.execute(back)).result()


@cache
def nursery() -> Any:
    """Where children are forked from: a process that has imported all of the service and started no thread."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["tests.faults.company", "tests.faults.scripts", "adapters.slack.app"])
    return context


def run(work: Callable[..., None], *arguments: object) -> int:
    """Run work in a child; its exit code."""
    child = nursery().Process(target=work, args=arguments)
    child.start()
    child.join(PATIENCE)
    if child.exitcode is None:
        child.kill()
        child.join()
        raise AssertionError("a child hung")
    code: int = child.exitcode
    child.close()
    return code
