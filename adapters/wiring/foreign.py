"""A pack that somebody else wrote, compiled in a process with limits: it can waste that process and nothing more."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import msgspec

from bot.domain.pack import Pack
from content.compiling import Outcome
from content.loader import Compiled
from content.problems import Problem

SECONDS = 30
OUTPUT_LIMIT = 64 * 1024 * 1024  # bytes; the core pack has 2 MB
ROOT = Path(__file__).parents[2]

_ENVIRONMENT = ("PATH", "SYSTEMROOT", "LANG", "LC_ALL", "TZ")  # no token of ours reaches the child


_NOTHING = Pack(id="none", version="0", title="none")
_UNKNOWN = Problem("E101", "pack.yaml", 1, "pack", "it could not be compiled", "Run `mlops-coach content check`.")


class Refused(Exception):
    """The process did not come back with an answer; the text says why."""


def compile_apart(folder: Path, seconds: float = SECONDS) -> Compiled:
    """As :func:`content.loader.compile_pack`, elsewhere. Raises :class:`Refused` when it takes too much of anything."""
    environment = {name: os.environ[name] for name in _ENVIRONMENT if name in os.environ}
    environment |= {"PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1"}
    try:
        # The command is ours; the folder is one argument and no shell reads it.
        done = subprocess.run(  # noqa: S603
            [sys.executable, "-P", "-m", "content.compiling", str(folder.resolve())],
            capture_output=True,
            check=False,
            timeout=seconds,
            env=environment,
            stdin=subprocess.DEVNULL,
            cwd=ROOT,
        )
    except subprocess.TimeoutExpired as error:
        raise Refused(f"it took more than {seconds:g} seconds") from error
    if done.returncode != 0 or len(done.stdout) > OUTPUT_LIMIT:
        raise Refused(f"the process that compiled it ended with {done.returncode}")
    try:
        outcome = msgspec.json.decode(done.stdout, type=Outcome)
    except msgspec.DecodeError as error:
        raise Refused("the process that compiled it gave no answer") from error
    if outcome.pack is None:
        return Compiled(_NOTHING, outcome.problems or (_UNKNOWN,))
    return Compiled(outcome.pack, outcome.problems)
