"""Several processes on one PostgreSQL: one of two workers freezes past its lease; servers and workers are killed under load."""

import asyncio
import itertools
import os
import random
import signal
import socket
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import aiohttp
import pytest
from sqlalchemy import select

from bot.domain.deliveries import Outgoing
from storage.dialects import open_engine
from storage.ledger import delivery
from storage.parts import Parts
from storage.people import account
from tests.adapters.slack_desk import settings
from tests.content.samples import write
from tests.faults.company import nursery
from tests.faults.conftest import PEOPLE, populate
from tests.faults.living import FaultySlack, beside
from tests.faults.replicas import copies, doubts, owner, plays, states, works
from tests.faults.slack_platform import TEAM, encoded, signed
from tests.scheduler.conftest import NOW

# ---- one of two workers freezes


def queued(url, each):
    """So many messages to everybody."""
    engine = open_engine(url)
    rows = [Outgoing(kind="note", subject=who, period=str(at), member=who) for at in range(each) for who in PEOPLE]
    with engine.begin() as conn:
        Parts(conn, "acme").ledger.put(rows, NOW)
    engine.dispose()


def cleared(url):
    engine = open_engine(url)
    with engine.begin() as conn:
        conn.execute(delivery.delete())
    engine.dispose()


def until(holds, seconds=120.0):
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, "nothing moves any more"
        time.sleep(0.02)


def started(url, wall, name, lease, *, fenced, sees):
    child = nursery().Process(target=works, args=(url, wall, name, lease, fenced, sees))
    child.start()
    return child


def frozen(url, wall, *, each, lease, fenced=True, sees=False):
    """Freeze whoever has the lane while it sends, until the other one has sent everything. (copies, calls whose outcome was unknown)"""
    queued(url, each)
    before = sum(copies(wall).values())
    workers = {name: started(url, wall, name, lease, fenced=fenced, sees=sees) for name in ("one", "two")}
    try:
        until(lambda: sum(copies(wall).values()) >= before + len(PEOPLE) * 2)
        until(lambda: owner(url) is not None)
        sleeper = owner(url)
        assert sleeper is not None
        os.kill(workers[sleeper].pid, signal.SIGSTOP)
        until(lambda: set(states(url)) == {"sent"})
        os.kill(workers[sleeper].pid, signal.SIGCONT)
        time.sleep(0.5)  # what the sleeper still has in hand goes out now, if anything lets it
    finally:
        for child in workers.values():
            os.kill(child.pid, signal.SIGCONT)
            child.kill()
            child.join()
            child.close()
    return copies(wall), doubts(url)


@pytest.mark.parametrize("sees", [True, False], ids=["looks up", "blind"])
def test_a_frozen_worker_sends_nothing_when_it_wakes(postgres_database, tmp_path, sees, rounds, figures):
    """Of two workers on one PostgreSQL the one that is sending is stopped past its lease, and goes on when the other has sent everything."""
    freezes, pairs = rounds(int(sees), 63), rounds(1, 4)  # mostly it waits: several pairs, each with its company
    if not freezes:  # in the short form the control below stands for it
        return

    def freeze(pair):
        url, outcomes = populate(databases[pair]), []
        for at in range(freezes):
            cleared(url)
            outcomes.append(frozen(url, tmp_path / f"{pair}-{at}", each=5, lease=2.0, sees=sees))
        return outcomes

    databases = [postgres_database() for _ in range(pairs)]
    with ThreadPoolExecutor(pairs) as pool:
        outcomes = [one for some in pool.map(freeze, range(pairs)) for one in some]
    messages = sum(len(found) for found, _ in outcomes)
    lost = len(outcomes) * len(PEOPLE) * 5 - messages
    extra = sum(sum(found.values()) - len(found) for found, _ in outcomes)
    unknown = sum(doubtful for _, doubtful in outcomes)
    figures("P1", freezes=len(outcomes), messages=messages, lost=lost, extra=extra, unknown=unknown)
    assert lost == 0
    assert extra <= unknown


def test_control_without_the_fence_a_frozen_worker_doubles(postgres_database, tmp_path):
    """Not each time: on a busy machine it may be stopped with nothing in hand."""
    url = populate(postgres_database())

    def doubles(at):
        found, doubtful = frozen(url, tmp_path / str(at), each=8, lease=2.0, fenced=False)
        cleared(url)
        return sum(found.values()) - len(found) > doubtful

    assert any(doubles(at) for at in range(8))


# ---- servers and workers are killed


class Clients:
    """New people who say ``help``, so many a second; what is not answered they say again, to the other server, with the same words."""

    def __init__(self, ports, rate, seconds):
        self.ports, self.rate, self.seconds = ports, rate, seconds
        self.acked, self.waited, self.again, self.busy = set(), [], 0, 0

    async def run(self):
        began = time.monotonic()
        async with (
            aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=5)) as session,
            asyncio.TaskGroup() as group,
        ):
            for number in itertools.count():
                at = began + number / self.rate
                if at - began >= self.seconds:
                    break
                await asyncio.sleep(max(0.0, at - time.monotonic()))
                group.create_task(self._speak(session, number))

    async def _speak(self, session, number):
        user = f"U{number:06}"
        body, kind = encoded(
            {
                "command": "/mlops", "text": "help", "user_id": user, "user_name": user.lower(), "team_id": TEAM, "channel_id": "C1",
                "channel_name": "general", "api_app_id": "A0COACH", "trigger_id": f"1.2.{number}",
                "response_url": "http://127.0.0.1:9/none",
            }
        )  # fmt: skip
        for attempt in itertools.count():
            assert attempt < 60, "nobody answers any more"
            port = self.ports[(number + attempt) % len(self.ports)]
            sent = time.monotonic()
            try:
                headers = {"content-type": kind, **signed(body)}
                async with session.post(f"http://127.0.0.1:{port}/slack/events", data=body, headers=headers) as answer:
                    words = await answer.text()
                    self.waited.append(time.monotonic() - sent)
                    # Nothing is said to a repeat of what was saved before.
                    if answer.status == 200 and ("define" in words or (attempt and not words)):
                        self.acked.add(user)
                        return
                    self.busy += 1
            except (aiohttp.ClientError, OSError, TimeoutError):
                self.again += 1
            await asyncio.sleep(min(0.2 * 2**attempt, 5.0))


class Replicas:
    """So many that answer and so many that send; any of them is killed, and started again."""

    def __init__(self, own, lease, each):
        self._own, self._lease = own, lease
        self._roles = ("answers",) * each + ("sends",) * each
        self.ports = [free_port() for _ in self._roles]
        self._living: list[Any] = [None for _ in self._roles]
        self.kills = 0
        for at in range(len(self._roles)):
            self.start(at)

    def start(self, at):
        child = nursery().Process(target=plays, args=(self._own, self._roles[at], self.ports[at], self._lease))
        child.start()
        self._living[at] = child

    def kill(self, at):
        assert self._living[at].exitcode is None
        self._living[at].kill()
        self._living[at].join()
        self._living[at].close()
        self.kills += 1
        self.start(at)

    def stop(self):
        """Ask all to stop; their exit codes."""
        codes = []
        for child in self._living:
            child.terminate()
        for child in self._living:
            child.join(30)
            codes.append(child.exitcode)
            child.kill()
            child.join()
            child.close()
        return codes


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


async def killing(replicas, clients, every, chance):
    """Kill one after the other while people speak."""
    speaking = asyncio.create_task(clients.run())
    while not speaking.done():
        await asyncio.wait({speaking}, timeout=chance.uniform(0.5, 1.5) * every)
        if not speaking.done():
            await asyncio.to_thread(replicas.kill, chance.randrange(len(replicas.ports)))
    await speaking


def alive(port):
    try:
        with socket.create_connection(("127.0.0.1", port), 1):
            return True
    except OSError:
        return False


def test_any_process_is_killed_under_load(postgres_database, tmp_path, rounds, figures):
    """Two `serve --no-worker` and two `worker` on one PostgreSQL at 50 new people a second, any of them killed at random; people repeat what was not answered."""
    if not rounds(False, True):  # at full length only: four processes take longer to start than the gate has
        return
    url, chance = postgres_database(), random.Random(50)
    platform = FaultySlack(0.01, seed=50)
    seconds, rate, each = int(os.environ.get("SOAK_SECONDS", "600")), 50, 2
    with beside(platform):
        own = settings(platform, database_url=url, pack=write(tmp_path / "pack", {}), backups=tmp_path)
        replicas = Replicas(own, 30, each)
        clients = Clients(replicas.ports[:each], rate, seconds)
        try:
            until(lambda: all(alive(port) for port in replicas.ports))
            asyncio.run(killing(replicas, clients, 6, chance))
            until(lambda: not open_rows(url), max(180, seconds))
        finally:
            codes = replicas.stop()
    people, sent = welcomed(url)
    there = platform.copies()
    lost = len(clients.acked - people) + sum(not there.get(id) for id in sent)
    extra = sum(n - 1 for n in there.values())
    waits = sorted(clients.waited)
    figures(
        "P1", "P2", "P4", "P10",
        seconds=seconds, kills=replicas.kills, acks=len(clients.acked), repeated=clients.again + clients.busy, sent=len(sent),
        platform_faults=platform.faults, lost=lost, extra=extra,
        ack_p50_ms=round(1000 * waits[len(waits) // 2]), ack_p999_ms=round(1000 * waits[int(len(waits) * 0.999)]),
        ack_worst_ms=round(1000 * waits[-1]), cores_shared=os.cpu_count(),
    )  # fmt: skip
    assert len(clients.acked) == seconds * rate
    assert lost == 0
    assert extra == 0  # Slack is asked what arrived
    assert set(codes) == {0}


def open_rows(url):
    found = states(url)
    return sum(found[state] for state in ("ready", "claimed", "sending", "unknown"))


def welcomed(url):
    """Who has an account, and the messages that were recorded as sent."""
    engine = open_engine(url)
    with engine.connect() as conn:
        people = set(conn.execute(select(account.c.external)).scalars())
        sent = set(conn.execute(select(delivery.c.id).where(delivery.c.state == "sent")).scalars())
    engine.dispose()
    return people, sent
