"""Several processes on one PostgreSQL: servers and workers are killed under load."""

import asyncio
import heapq
import itertools
import os
import random
import socket
import time
from typing import Any

import aiohttp
from sqlalchemy import select

from storage.dialects import open_engine
from storage.ledger import delivery
from storage.people import account
from tests.adapters.slack_desk import settings
from tests.content.samples import write
from tests.faults.company import nursery
from tests.faults.living import FaultySlack, beside
from tests.faults.replicas import plays, states
from tests.faults.slack_platform import TEAM, encoded, signed


def until(holds, seconds=120.0):
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, "nothing moves any more"
        time.sleep(0.02)


class Clients:
    """So many requests a second: people who were not answered say it again, to the other server, with the same words; then new ones come."""

    def __init__(self, ports, rate, seconds):
        self.ports, self.rate, self.seconds = ports, rate, seconds
        self.people, self.acked, self.waited, self.again, self.busy = 0, set(), [], 0, 0
        self._unanswered, self._under_way = [], 0

    async def run(self):
        began = time.monotonic()
        async with (
            aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=5)) as session,
            asyncio.TaskGroup() as group,
        ):
            for at in itertools.count():
                await asyncio.sleep(max(0.0, began + at / self.rate - time.monotonic()))
                if self._unanswered and self._unanswered[0][0] <= time.monotonic():
                    _, number, attempt = heapq.heappop(self._unanswered)
                elif at < self.rate * self.seconds:
                    number, attempt, self.people = self.people, 0, self.people + 1
                elif self._unanswered or self._under_way:
                    continue
                else:
                    break
                self._under_way += 1
                group.create_task(self._speak(session, number, attempt))

    async def _speak(self, session, number, attempt):
        assert attempt < 60, "nobody answers any more"
        if not await self._is_answered(session, number, attempt):
            again = time.monotonic() + min(0.2 * 2**attempt, 5.0)
            heapq.heappush(self._unanswered, (again, number, attempt + 1))
        self._under_way -= 1

    async def _is_answered(self, session, number, attempt):
        user = f"U{number:06}"
        body, kind = encoded(
            {
                "command": "/mlops", "text": "help", "user_id": user, "user_name": user.lower(), "team_id": TEAM, "channel_id": "C1",
                "channel_name": "general", "api_app_id": "A0COACH", "trigger_id": f"1.2.{number}",
                "response_url": "http://127.0.0.1:9/none",
            }
        )  # fmt: skip
        port = self.ports[(number + attempt) % len(self.ports)]
        sent = time.monotonic()
        try:
            headers = {"content-type": kind, **signed(body)}
            async with session.post(f"http://127.0.0.1:{port}/slack/events", data=body, headers=headers) as answer:
                words = await answer.text()
        except (aiohttp.ClientError, OSError, TimeoutError):
            self.again += 1
            return False
        self.waited.append(time.monotonic() - sent)
        # Nothing is said to a repeat of what was saved before.
        if answer.status == 200 and ("define" in words or (attempt and not words)):
            self.acked.add(user)
            return True
        self.busy += 1
        return False


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
    assert len(clients.acked) == clients.people
    assert lost == 0
    assert extra == 0  # Slack is asked what arrived
    assert set(codes) == {0}


def open_rows(url):
    engine = open_engine(url)
    found = states(engine)
    engine.dispose()
    return sum(found[state] for state in ("ready", "claimed", "sending", "unknown"))


def welcomed(url):
    """Who has an account, and the messages that were recorded as sent."""
    engine = open_engine(url)
    with engine.connect() as conn:
        people = set(conn.execute(select(account.c.external)).scalars())
        sent = set(conn.execute(select(delivery.c.id).where(delivery.c.state == "sent")).scalars())
    engine.dispose()
    return people, sent
