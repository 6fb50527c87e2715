"""Taking times and printing them beside their floor."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable


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
