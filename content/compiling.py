"""Compile one pack folder in a process of its own: ``python -m content.compiling FOLDER``.

Standard output gets JSON: the problems, and the compiled pack when there are none. Whoever starts this sets a time-out and
reads the output; the limits on memory, processor time and files are set here, before the first file is opened. Where
the system has no such limits (Windows), the time-out alone holds.
"""

from __future__ import annotations

import sys
from pathlib import Path

import msgspec

from bot.domain.pack import Pack
from content.problems import Problem

MEMORY = 1024 * 1024 * 1024  # bytes of address space
SECONDS = 20  # of processor time
OPEN_FILES = 64


class Outcome(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the process says: errors, or a pack without any."""

    problems: tuple[Problem, ...]
    pack: Pack | None


def limit() -> None:
    """Take from this process what a pack never needs: memory without end, time without end, writing files."""
    try:
        import resource
    except ImportError:  # Windows has none
        return
    for kind, most in (
        (resource.RLIMIT_AS, MEMORY),
        (resource.RLIMIT_CPU, SECONDS),
        (resource.RLIMIT_NOFILE, OPEN_FILES),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CORE, 0),
    ):
        _, hard = resource.getrlimit(kind)
        resource.setrlimit(kind, (most if hard == resource.RLIM_INFINITY else min(most, hard), hard))


def main(folder: str) -> None:
    """Compile and print."""
    from content.loader import compile_pack

    compiled = compile_pack(Path(folder))
    outcome = Outcome(compiled.problems, compiled.pack if compiled.usable else None)
    sys.stdout.buffer.write(msgspec.json.encode(outcome))
    sys.stdout.buffer.flush()


if __name__ == "__main__":
    limit()
    main(sys.argv[1])
