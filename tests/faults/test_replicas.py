"""Several processes on one PostgreSQL: servers and workers are killed under load."""

import asyncio
import heapq
import itertools
import os
import random
import socket
import time
from collections import Counter
from typing import Any

import aiohttp
from sqlalchemy import select

from storage.dialects import open_engine
from storage.glossary import term_suggestion
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
        self.turns, self.acked, self.waited, self.again, self.busy = 0, set(), [], 0, 0
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
                    number, attempt, self.turns = self.turns, 0, self.turns + 1
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
        body, kind = encoded(turn(number))
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
        if answer.status == 200 and ("define" in words or "with the editors" in words or (attempt and not words)):
            self.acked.add(number)
            return True
        self.busy += 1
        return False


TURNS_EACH = 5  # of a person: the first says hello, and gets a welcome; the others suggest terms


def who(number):
    return f"U{number // TURNS_EACH:06}"


def turn(number):
    shared = {"trigger_id": f"1.2.{number}", "api_app_id": "A0COACH"}
    if number % TURNS_EACH == 0:
        return {
            "command": "/mlops", "text": "help", "user_id": who(number), "user_name": "x", "team_id": TEAM, "channel_id": "C1",
            "channel_name": "general", "response_url": "http://127.0.0.1:9/none", **shared,
        }  # fmt: skip
    fields = {"term": f"Term {number}", "meaning": "What it means."}
    values = {name: {name: {"type": "plain_text_input", "value": one}} for name, one in fields.items()}
    view = {"id": "V1", "type": "modal", "callback_id": "glossary.suggest", "private_metadata": "", "blocks": []}
    user = {"id": who(number), "username": "x", "name": "x", "team_id": TEAM}
    return {
        "type": "view_submission",
        "team": {"id": TEAM},
        "user": user,
        "view": {**view, "state": {"values": values}},
        **shared,
    }


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
    """Two `serve --no-worker` and two `worker` on one PostgreSQL at 50 written answers a second, every fifth to somebody new who gets a welcome, any process killed at random."""
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
    people, terms, sent = saved(url)
    there = platform.copies()
    lost = sum(
        who(number) not in people or (number % TURNS_EACH and f"Term {number}" not in terms) for number in clients.acked
    )
    lost += sum(not there.get(id) for id in sent)
    extra = sum(n - 1 for n in there.values())
    twice = sum(n - 1 for n in terms.values())
    waits = sorted(clients.waited)
    figures(
        "P1", "P2", "P4", "P10",
        seconds=seconds, kills=replicas.kills, acks=len(clients.acked), repeated=clients.again + clients.busy, sent=len(sent),
        platform_faults=platform.faults, lost=lost, extra=extra, twice=twice,
        ack_p50_ms=round(1000 * waits[len(waits) // 2]), ack_p999_ms=round(1000 * waits[int(len(waits) * 0.999)]),
        ack_worst_ms=round(1000 * waits[-1]), cores_shared=os.cpu_count(),
    )  # fmt: skip
    assert len(clients.acked) == clients.turns
    assert (lost, twice) == (0, 0)
    assert extra == 0  # Slack is asked what arrived
    assert set(codes) == {0}


def open_rows(url):
    engine = open_engine(url)
    found = states(engine)
    engine.dispose()
    return sum(found[state] for state in ("ready", "claimed", "sending", "unknown"))


def saved(url):
    """Who has an account, the terms suggested, and the messages that were recorded as sent."""
    engine = open_engine(url)
    with engine.connect() as conn:
        people = set(conn.execute(select(account.c.external)).scalars())
        terms = Counter(conn.execute(select(term_suggestion.c.term)).scalars())
        sent = set(conn.execute(select(delivery.c.id).where(delivery.c.state == "sent")).scalars())
    engine.dispose()
    return people, terms, sent
