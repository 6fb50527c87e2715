"""A playground in a process of its own, to be killed and started again, and a look at what it left behind."""

from __future__ import annotations

import os
import re
import signal
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import httpx

ROOT = Path(__file__).parents[2]
START = "2026-11-16T05:00Z"  # a Monday, before anybody's lesson
PLAY = ["play", "--no-open", "--port", "0", "--start", START]

# Code run in the server's process before it starts: faults that are placed, not left to chance.
DIE_AFTER_POST = """
import os, pathlib
from adapters.local.send import LocalMessenger
real = LocalMessenger.send
async def send(self, parcel):
    found = await real(self, parcel)
    mark = pathlib.Path(os.environ["DIED"])
    count = int(mark.read_text()) if mark.exists() else 0
    mark.write_text(str(count + 1))
    if count == 5:
        os._exit(9)
    return found
LocalMessenger.send = send
"""
BLIND = """
from adapters.local.send import LocalMessenger
async def look_up(self, delivery):
    return None
LocalMessenger.look_up = look_up
"""


# A kind that must not come twice, with a death just before its call: it waits for its owner's word, or for its time to pass.
HELD = "(state = 'unknown' AND coalesce(reason, '') = 'held')"


class Playground:
    """Starts, drives and kills one playground over one database file."""

    def __init__(self, folder: Path, before: str = "") -> None:
        self.database = folder / "playground.db"
        self._before = before
        self._died = folder / "died"
        self._process: subprocess.Popen[str] | None = None
        self.client = httpx.Client()

    def start(self) -> None:
        self.close()
        arguments = [*PLAY, "--database", f"sqlite:///{self.database}"]
        code = f"{self._before}\nfrom adapters.cli import main, sys\nsys.argv = {['mlops-coach', *arguments]!r}\nmain()"
        self._process = subprocess.Popen(
            [sys.executable, "-c", code],
            cwd=ROOT,
            env={**os.environ, "DIED": str(self._died), "PYTHONPATH": str(ROOT)},
            stdout=subprocess.PIPE,
            text=True,
        )
        self.client = self._connect()

    def _connect(self) -> httpx.Client:
        assert self._process is not None
        assert self._process.stdout is not None
        for line in self._process.stdout:
            found = re.search(r"(http://127\.0\.0\.1:\d+)/\?token=(\S+)", line)
            if found:
                return httpx.Client(base_url=found[1], headers={"Authorization": f"Bearer {found[2]}"}, timeout=30)
        raise AssertionError("the playground printed no address")

    def kill(self) -> None:
        assert self._process is not None
        self._process.send_signal(signal.SIGKILL)
        self.close()

    def close(self) -> None:
        """Wait for the process to be gone and let go of what belongs to it."""
        if self._process is not None:
            self._process.wait(30)
            if self._process.stdout is not None:
                self._process.stdout.close()
        self.client.close()

    def died(self) -> bool:
        return self._process is not None and self._process.poll() is not None

    def move(self, to: str) -> None:
        self.client.post("/api/clock", json={"to": to}).raise_for_status()

    def state(self) -> dict[str, object]:
        found: dict[str, object] = self.client.get("/api/clock").raise_for_status().json()
        return found

    def wait(self, seconds: float = 120) -> bool:
        """Until the clock stands; False when the process died before."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            if self.died():
                return False
            try:
                if not self.state()["running"]:
                    return True
            except httpx.TransportError:
                continue
            time.sleep(0.05)
        raise AssertionError("the clock did not come to rest")

    def settle(self, seconds: float = 60) -> None:
        """Stop it in peace when nothing is under way: the last call of a process that was killed is looked for a while after."""
        assert self._process is not None
        until = time.monotonic() + seconds
        while self._under_way() and time.monotonic() < until:
            time.sleep(0.05)
        self._process.terminate()
        self.close()

    def _under_way(self) -> int:
        conn = sqlite3.connect(self.database)
        wanted = f"SELECT count(*) FROM delivery WHERE state IN ('claimed', 'sending', 'unknown') AND NOT {HELD}"
        count: int = conn.execute(wanted).fetchone()[0]
        conn.close()
        return count

    def losses(self) -> Counter[str]:
        """What is wrong in the database: the ledger against what the people can see."""
        conn = sqlite3.connect(self.database)
        wrong: Counter[str] = Counter()
        if conn.execute("PRAGMA integrity_check").fetchone() != ("ok",):
            wrong["broken database"] += 1
        shown = Counter(
            dict(
                conn.execute(
                    "SELECT delivery, count(*) FROM playground_message WHERE delivery IS NOT NULL GROUP BY delivery"
                )
            )
        )
        rows = f"SELECT id, state, is_update FROM delivery WHERE state <> 'ready' AND NOT {HELD}"
        for id, state, is_update in conn.execute(rows):
            if is_update:
                continue
            if state == "sent" and shown[id] != 1:
                wrong["lost" if shown[id] == 0 else "doubled"] += 1
            elif state in {"claimed", "sending", "unknown"}:
                wrong["unsettled"] += 1
            elif state != "sent" and shown[id]:
                wrong["shown though not sent"] += 1
        wrong["missing lessons"] += self._missing(conn)
        conn.close()
        return +wrong

    def _missing(self, conn: sqlite3.Connection) -> int:
        """Due lessons without a row, by the domain's rule: of every learner on every working day.

        Of those who rest, because they answered nothing for long, between their first row and their last.
        """
        from datetime import UTC, datetime

        from bot.domain.calendar import Rhythm, occurrences

        began = datetime.fromisoformat(START)
        now = datetime.fromtimestamp(conn.execute("SELECT now FROM playground_clock").fetchone()[0], UTC)
        written: dict[str, set[str]] = {}
        for member, day in conn.execute("SELECT subject, period FROM delivery WHERE kind = 'daily'"):
            written.setdefault(member, set()).add(day)
        missing = 0
        rows = conn.execute("SELECT member, zone, minute, days, paused_until IS NOT NULL FROM learner").fetchall()
        assert len(written) >= 7
        for member, zone, minute, days, rests in rows:
            known = written.get(member, set())
            due = [day.isoformat() for day, _ in occurrences(Rhythm(zone, minute, days), began, now)]
            missing += sum(
                day not in known and (not rests or min(known) < day < max(known)) for day in due if known or not rests
            )
        return missing

    def held(self) -> int:
        conn = sqlite3.connect(self.database)
        count: int = conn.execute(f"SELECT count(*) FROM delivery WHERE {HELD}").fetchone()[0]
        shown = f"SELECT count(*) FROM playground_message WHERE delivery IN (SELECT id FROM delivery WHERE {HELD})"
        assert conn.execute(shown).fetchone()[0] == 0  # what is held is not there
        conn.close()
        return count

    def lessons(self) -> int:
        conn = sqlite3.connect(self.database)
        count: int = conn.execute("SELECT count(*) FROM delivery WHERE kind = 'daily' AND state = 'sent'").fetchone()[0]
        conn.close()
        return count
