"""No pack, however broken or hostile, hangs or crashes the reader, and none is ever activated by half."""

import json
import queue
import subprocess
import sys
import threading
from collections import Counter
from pathlib import Path
from typing import IO

from tests.faults.pack_mutations import Taught, bombs

ROOT = Path(__file__).parents[2]
HANG = 1.0  # seconds of processor time for one pack: compiled, every rule, the catalogue
SILENT = 60  # seconds without a word, on a machine that does other things as well


def fuzzed(first: int, count: int) -> tuple[Counter[str], list[str]]:
    """Figures over the packs ``first`` to ``first + count``, and what was found; a process that dies is started again."""
    figures: Counter[str] = Counter(packs=0, sound=0, refused=0, hang=0, crash=0, partial=0)
    found: list[str] = []
    at, end = first, first + count
    while at < end:
        at = _one_process(at, end - at, figures, found)
    return figures, found


def _one_process(first: int, count: int, figures: Counter[str], found: list[str]) -> int:
    """Follow one process; returns the seed to go on with."""
    command = [sys.executable, "-m", "tests.faults.pack_mutations", str(first), str(count)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        assert process.stdout
        lines: queue.Queue[str] = queue.Queue()
        reader = threading.Thread(target=_follow, args=(process.stdout, lines))
        reader.start()
        seed = first - 1
        try:
            while line := lines.get(timeout=SILENT):
                told = json.loads(line)
                if "begin" in told:
                    seed = told["begin"]
                else:
                    _count(told, figures, found)
        except queue.Empty:
            figures["hang"] += 1
            found.append(f"seed {seed}: silent for {SILENT} s")
            process.kill()
            reader.join()
            return seed + 1
        reader.join()
    if process.returncode != 0:
        figures["crash"] += 1
        found.append(f"seed {seed}: the process ended with {process.returncode}")
        return seed + 1
    return first + count


def _follow(out: IO[str], lines: queue.Queue[str]) -> None:
    for line in out:
        lines.put(line)
    lines.put("")


def _count(told: dict, figures: Counter[str], found: list[str]) -> None:
    figures["packs"] += 1
    outcome = told["outcome"] if told["outcome"] in {"sound", "refused"} else "crash"
    figures[outcome] += 1
    figures["partial"] += told["partial"]
    if told["seconds"] > HANG:
        figures["hang"] += 1
        found.append(f"seed {told['end']}: {told['seconds']:.1f} s")
    if outcome == "crash" or told["partial"]:
        found.append(f"seed {told['end']}: {told['outcome']}, partial {told['partial']}")


def test_the_known_bombs(figures):
    names = [*bombs()]
    counts, found = fuzzed(-len(names), len(names))
    figures(**counts)
    assert not found, [f"{names[-int(one.split()[1].rstrip(':')) - 1]}: {one}" for one in found]
    assert counts["packs"] == len(names)


def test_mutated_packs(rounds, figures):
    count = rounds(150, 20_000)
    totals: Counter[str] = Counter()
    found: list[str] = []
    halves = [(0, count // 2), (count // 2, count - count // 2)]  # two cores

    def half(first: int, many: int) -> None:
        counts, told = fuzzed(first, many)
        totals.update(counts)
        found.extend(told)

    threads = [threading.Thread(target=half, args=one) for one in halves]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    figures(**totals)
    assert not found, found[:20]
    assert totals["packs"] == count
    assert totals["sound"] > count // 50
    assert totals["refused"] > count // 5


def test_the_count_of_partial_activations_can_find_one():
    """Negative control: a pack that is there by half is counted."""
    taught = Taught()
    taught.activate_half(b'{"id": "core"}', "mark")
    assert taught.partial() == 1
