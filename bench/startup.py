"""How long until the shell answers and the playground is ready."""

from __future__ import annotations

import re
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from bench.figures import heading, row


def run() -> None:
    heading("start-up (floor: an empty Python)")
    floor = row("python -c pass, CPU", [_cpu(["-c", "pass"]) for _ in range(5)])
    row("mlops-coach --help, CPU", [_cpu(["-m", "adapters.cli", "--help"]) for _ in range(5)], floor=floor)
    with tempfile.TemporaryDirectory() as folder:
        row("playground ready, first start", [_ready(folder)])
        row("playground ready, started again", [_ready(folder) for _ in range(5)])


def _cpu(arguments: list[str]) -> float:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([sys.executable, *arguments], check=True, stdout=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def _ready(folder: str) -> float:
    """Seconds from the start of the process to its printed address."""
    begin = time.perf_counter()
    database = f"sqlite:///{Path(folder) / 'playground.db'}"
    command = [sys.executable, "-m", "adapters.cli", "play", "--no-open", "--port", "0", "--database", database]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        for line in process.stdout or ():
            if re.search(r"http://\S+token=", line):
                break
        taken = time.perf_counter() - begin
        process.terminate()
    return taken
