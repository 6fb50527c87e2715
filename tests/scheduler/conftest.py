"""A bench for the scheduler: made-up kinds and jobs over a real store, and a platform that does what a test says."""

import asyncio
import shutil
from datetime import UTC, datetime

import pytest
from sqlalchemy import select, update

from bot.app import App
from bot.domain.deliveries import Outgoing
from bot.messages import Message
from bot.ports.people import Channel, Member
from bot.router import Answer, Composed, Feature, Kind, table
from content.texts import JinjaTexts
from scheduler.drain import Drainer, Lane
from scheduler.tick import Ticker
from storage.dialects import machine_now, open_engine
from storage.ledger import deliveries, delivery, read
from storage.parts import Parts
from storage.schema import metadata
from storage.store import Store
from storage.tally import Tally
from storage.tenancy import Accounts, Workspace, add_tenant, add_workspace, workspaces

NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)


def composed(_work, rows):
    return {one.id: Composed(Message(f"{one.subject} {one.period}"), {"said": one.subject}) for one in rows}


async def acme():
    """The tenants there are."""
    return ["acme"]


class Platform:
    """Keeps what arrives. ``plan`` gives, by subject, what the next calls do: an error to raise, or ``lost``."""

    def __init__(self):
        self.arrived = []
        self.calls = []
        self.plan = {}
        self.looks_up = True
        self.look_up_fails = []
        self.on_send = None

    def room(self, _workspace):
        return 100

    async def send(self, parcel):
        self.calls.append(parcel)
        if self.on_send is not None:
            await self.on_send(parcel)
        subject = parcel.message.summary.split()[0]
        steps = self.plan.get(subject, [])
        step = steps.pop(0) if steps else None
        if step is None or step == "lost":
            self.arrived.append(parcel)
        if step is not None:
            raise ConnectionResetError if step == "lost" else step
        return f"m{len(self.arrived)}"

    async def look_up(self, row):
        if self.look_up_fails:
            raise self.look_up_fails.pop(0)
        return next((f"m{at}" for at, one in enumerate(self.arrived, 1) if one.delivery == row.id), None)

    def words(self):
        return [one.message.summary for one in self.arrived]


class Bench:
    """One company; ``kinds`` and ``jobs`` may be changed until something is drained or ticked."""

    def __init__(self, url, kinds=(), jobs=()):
        self.now = NOW
        self.store = Store(open_engine(url))
        self.platform = Platform()
        self.features = Feature(name="bench", kinds=[Kind(name="note", compose=composed), *kinds], jobs=list(jobs))
        self.app = self._app()
        self.drainer = self.worker("one")
        self.ticker = Ticker(self.app, self.store, acme)

    def _app(self):
        return App(
            table=table([self.features]),
            store=self.store,
            accounts=Accounts(lambda: self.store.look(workspaces).result()),
            catalogs=None,  # type: ignore[arg-type]
            texts=JinjaTexts(),
            tally=Tally(),
            ids=lambda: "id",
            fallback=lambda *_: Answer(),
        )

    def worker(self, name):
        lane = Lane("w", "acme", self.platform)

        async def lanes():
            return [lane]

        return Drainer(self.app, self.store, lanes, lambda: self.now, name, look_up_after=0.0)

    def write(self, work):
        return self.store.write("acme", work).result()

    def put(self, *subjects, kind="note", period="1", **values):
        to = {} if "place" in values else {"member": "ann"}
        rows = [Outgoing(kind=kind, subject=one, period=period, **{**to, **values}) for one in subjects]
        self.write(lambda parts: parts.ledger.put(rows, NOW))

    def rows(self):
        found = self.store.look(lambda conn: [read(row) for row in conn.execute(deliveries())]).result()
        return {one.subject: one for one in found}

    def states(self):
        return {subject: one.state for subject, one in self.rows().items()}

    def no_waiting(self):
        """Let every retry and hold be over, and every lease."""
        over = update(delivery).values(not_before=0.0)
        self.store.transact(lambda conn: conn.execute(over)).result()

    def waits(self, subject):
        """Seconds until a row may be tried again."""

        def look(conn):
            row = conn.execute(select(delivery.c.not_before).where(delivery.c.subject == subject))
            return row.scalar_one() - machine_now(conn)

        return self.store.look(look).result()

    def drain(self, worker=None):
        return asyncio.run((worker or self.drainer).drain())

    def close(self):
        self.store.close()


@pytest.fixture(scope="session")
def filled(tmp_path_factory):
    """A database with one company, to be copied."""
    path = tmp_path_factory.mktemp("bench") / "bench.db"
    engine = open_engine(f"sqlite:///{path}")
    metadata.create_all(engine)
    with engine.begin() as conn:
        add_tenant(conn, "acme", "Acme", "secret", NOW)
        add_workspace(conn, Workspace(id="w", tenant="acme", platform="test", team="t", name="Acme"))
        people = Parts(conn, "acme").people
        for name in ("ann", "bob", "cyd"):
            people.add_member(Member(id=name, name=name), NOW)
            people.add_account(f"a-{name}", "w", name, f"u-{name}", f"d-{name}")
        people.add_channel(Channel(id="ml", workspace="w", address="c-ml", name="ml", zone="UTC"))
    engine.dispose()  # the last connection of a file writes its log back
    return path


@pytest.fixture
def bench(filled, tmp_path):
    """``bench(kinds=..., jobs=...)``: a bench over a fresh copy."""
    made: list[Bench] = []

    def make(**brings):
        path = tmp_path / f"{len(made)}.db"
        shutil.copy(filled, path)
        made.append(Bench(f"sqlite:///{path}", **brings))
        return made[-1]

    yield make
    for one in made:
        one.close()
