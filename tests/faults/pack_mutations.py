"""Mutated packs, one a seed, and the bombs that are known: ``python -m tests.faults.pack_mutations FIRST COUNT``.

A process takes one pack after the other: it writes the files, compiles them, runs every rule, builds the catalogue when the
pack is sound, and activates it in a database, where one time in four the transaction is broken half way. It says what it
begins and how it went, one JSON line each, so that whoever started it knows the seed that hung or crashed.
"""

import json
import random
import resource
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from pathlib import Path

from sqlalchemy import Connection, Engine, create_engine, event, select

import content.folder
import content.loader
import content.reader
from content.catalog import CompiledCatalog
from content.check import check, errors
from content.folder import BYTES_LIMIT
from content.loader import decode, encode, fingerprint, version
from content.reader import read_pack
from storage import packs
from tests.content.samples import FILES, write

# Half of what one file may hold: what costs its length takes half a second, what costs the square of it takes minutes.
BIG = 125 * 1024
TODAY, NOW = date(2026, 11, 20), datetime(2026, 11, 20, tzinfo=UTC)
BODY = FILES["lessons/data/skew.md"].rpartition("---\n")[0] + "---\n"
DRILL = FILES["scenarios/silent-feed.yaml"]

WORDS = (
    "&a ", "*a", "!!python/object/apply:os.system [ls]", "<<: *a", "{", "}", "[", "]", "- ", ": ", ", ", "\0", "%YAML 1.1\n", "---\n", "...\n",
    "? ", "|\n", ">-\n", '"', "'", "9" * 400, "-1", "1e999", ".inf", ".nan", "0x1F", "2026-11-15", "12:30", "true", "null", "~", "no", "[" * 60,
    "{a: " * 60, "\t", "\r\n", "\ufeff", "\u202e", "\u2028", "{{ registry }}", "{{ nobody }}", "{{", "}}", "```\n", "**", "[a](", "core:lesson/skew",
    "../../etc/passwd", "x" * 5_000, "# ", "id: skew\n", "rev: 2\n", "status: retired\n", "extends: core\n", "extends: ../core\n", "end: true\n",
    "goto: night", "if: harm >= 2", "if: a >= b or 1", "correct: true", "ask: vote", "timer: -1", "topic: data\n", "%s%n", "${HOME}", "<script>",
)  # fmt: skip


def bombs() -> dict[str, dict[str, str | bytes | None]]:
    """What is known to hang or crash readers of YAML, Markdown and patterns."""
    layers = "".join(f"l{at + 1}: &l{at + 1} [{', '.join([f'*l{at}'] * 10)}]\n" for at in range(9))
    text = BODY + "{}"
    return {
        "laughs": {"map.yaml": "l0: &l0 [x]\n" + layers},
        "merges": {"map.yaml": "a: &a {x: 1}\n" + "".join(f"m{at}: &m{at}\n  <<: [*a, *a]\n" for at in range(4_000))},
        "deep flow": {"map.yaml": "[" * BIG},
        "deep maps": {"map.yaml": "{a: " * (BIG // 4)},
        "deep lines": {"map.yaml": "".join(" " * at + "a:\n" for at in range(600))},
        "many keys": {"map.yaml": "".join(f"k{at}:\n" for at in range(15_000))},
        "unknown keys": {"quizzes/first-week.yaml": "".join(f"them{at}:\n" for at in range(10_000))},
        "many items": {"surveys.yaml": "surveys:\n" + "- a\n" * (BIG // 4)},
        "equal items": {"surveys.yaml": "surveys:\n" + "- {id: a}\n" * (BIG // 10)},
        "tags": {"map.yaml": "!!python/object/apply:os.system ['true']\n"},
        "long word": {"lessons/data/skew.md": text.format("a" * BIG)},
        "long sentence": {"lessons/data/skew.md": text.format("a. " * (BIG // 3))},
        "spaces": {"lessons/data/skew.md": text.format("x." + " " * BIG + "y")},
        "open braces": {"lessons/data/skew.md": text.format("{{" + " " * BIG)},
        "many braces": {"lessons/data/skew.md": text.format("{{ a" * (BIG // 4))},
        "open links": {"lessons/data/skew.md": text.format("[" * BIG)},
        "half links": {"lessons/data/skew.md": text.format("[a](" * (BIG // 4))},
        "open fences": {"lessons/data/skew.md": text.format("```\nx\n" * (BIG // 6))},
        "open stars": {"lessons/data/skew.md": text.format("*a " * (BIG // 3))},
        "open underscores": {"lessons/data/skew.md": text.format("_a " * (BIG // 3))},
        "open ticks": {"lessons/data/skew.md": text.format("`a\n" * (BIG // 3))},
        "open quotes": {"lessons/data/skew.md": text.format("\u201c" * (BIG // 3))},
        "tokens": {"lessons/data/skew.md": text.format("-eyJaaaaaaaaaa" * (BIG // 14))},
        "passwords": {"lessons/data/skew.md": text.format("token:" * (BIG // 6))},
        "addresses": {"lessons/data/skew.md": text.format("a@" * (BIG // 2))},
        "headings": {"cases/boots-in-june.md": FILES["cases/boots-in-june.md"] + "## " + " " * BIG},
        "long track": {"map.yaml": FILES["map.yaml"].replace("[skew, drift]", f"[{'skew, ' * (BIG // 8)}drift]")},
        "long circle": {"scenarios/silent-feed.yaml": DRILL.replace("  over:\n", "".join(
            f"  n{at}: {{say: x, options: [{{id: a, text: b, grade: best, goto: n{at + 1}, why: c}}]}}\n" for at in range(1_500)) + "  over:\n")},
        "many seats": {"scenarios/silent-feed.yaml": DRILL.replace("  - {id: model,", "".join(
            f"  - {{id: s{at}, name: x, brief: y}}\n" for at in range(3_000)) + "  - {id: model,")},
        "too large": {"map.yaml": "a" * (BYTES_LIMIT + 1)},
        "not text": {"map.yaml": bytes(range(256)) * 100},
        "too many": {f"lessons/data/l{at}.md": "x" for at in range(2_001)},
    }  # fmt: skip


def mutated(rng: random.Random) -> dict[str, str | bytes | None]:
    """One to four small changes to the files of a sound pack."""
    files: dict[str, str | bytes | None] = {}
    for _ in range(rng.randint(1, 4)):
        name = rng.choice([*FILES])
        text = files.get(name, FILES[name])
        files[name] = rng.choice(CHANGES)(rng, text) if isinstance(text, str) else text
    return files


def _insert(rng: random.Random, text: str) -> str:
    at = rng.randint(0, len(text))
    return text[:at] + rng.choice(WORDS) + text[at:]


def _cut(rng: random.Random, text: str) -> str:
    at = rng.randint(0, len(text))
    return text[:at] + text[at + rng.randint(1, 60) :]


def _repeat(rng: random.Random, text: str) -> str:
    at = rng.randint(0, len(text))
    return text[:at] + text[at : at + rng.randint(1, 200)] * rng.randint(2, 5) + text[at:]


def _value(rng: random.Random, text: str) -> str:
    """Another value behind one of the colons."""
    lines = text.split("\n")
    at = rng.randrange(len(lines))
    name, colon, _ = lines[at].partition(": ")
    lines[at] = f"{name}{colon}{rng.choice(WORDS)}"
    return "\n".join(lines)


def _swap(rng: random.Random, text: str) -> str:
    lines = text.split("\n")
    one, other = rng.randrange(len(lines)), rng.randrange(len(lines))
    lines[one], lines[other] = lines[other], lines[one]
    return "\n".join(lines)


def _indent(rng: random.Random, text: str) -> str:
    lines = text.split("\n")
    at = rng.randrange(len(lines))
    lines[at] = " " * rng.randint(1, 9) + lines[at].lstrip()
    return "\n".join(lines)


def _bytes(rng: random.Random, text: str) -> bytes:
    data = bytearray(text.encode())
    for _ in range(rng.randint(1, 5)):
        data[rng.randrange(len(data)) : 0] = bytes([rng.randrange(256)])
    return bytes(data)


def _other(rng: random.Random, text: str) -> str:
    return FILES[rng.choice([*FILES])]


def _gone(rng: random.Random, text: str) -> None:
    return None


CHANGES: tuple[Callable[[random.Random, str], str | bytes | None], ...] = (
    _insert, _insert, _insert, _cut, _repeat, _value, _value, _value, _swap, _indent, _bytes, _other, _gone,
)  # fmt: skip


class Broken(Exception):
    """The plug that is pulled in the middle of an activation."""


class Taught:
    """A database that a pack is activated in, and what must be true of it at any time."""

    def __init__(self) -> None:
        self._engine = create_engine("sqlite://")
        _begin_for_certain(self._engine)
        packs.pack.create(self._engine)
        self.whole = 0

    def activate(self, body: bytes, mark: str, *, broken: bool) -> None:
        try:
            with self._engine.begin() as conn:
                packs.activate(conn, version(body), mark, body, NOW)
                if broken:
                    raise Broken
        except Broken:
            return
        self.whole += 1

    def activate_half(self, body: bytes, mark: str) -> None:
        """What must never be there: the name of a whole pack over the first half of its bytes."""
        with self._engine.begin() as conn:
            packs.activate(conn, version(body), mark, body[: len(body) // 2], NOW)

    def partial(self) -> int:
        """Rows that are not a whole pack under its own name; a broken activation must leave none."""
        with self._engine.connect() as conn:
            return sum(not _is_whole(conn, one) for one in conn.execute(select(packs.pack.c.version)).scalars())

    def holds(self, body: bytes) -> bool:
        with self._engine.connect() as conn:
            return version(body) in conn.execute(select(packs.pack.c.version)).scalars().all()

    def forget(self) -> None:
        with self._engine.begin() as conn:
            conn.execute(packs.pack.delete())


def _begin_for_certain(engine: Engine) -> None:
    @event.listens_for(engine, "connect")
    def _(connection, record):
        connection.isolation_level = None

    @event.listens_for(engine, "begin")
    def _(conn):
        conn.exec_driver_sql("BEGIN")


def _is_whole(conn: Connection, name: str) -> bool:
    body = packs.load(conn, name)
    return version(body) == name and encode(decode(body)) == body  # the name alone finds half a body


def tried(folder: Path, taught: Taught, *, broken: bool) -> tuple[str, int]:
    """(``sound`` or ``refused``, partial activations). Raises for what no pack may cause."""
    source = read_pack(folder)
    check(source, TODAY)
    if errors(source):
        return "refused", 0
    body = encode(source.pack)
    catalog = CompiledCatalog(decode(body), version(body), {"registry": "{{ registry }}"})
    catalog.warm()
    catalog.define("skew")
    taught.forget()
    taught.activate(body, fingerprint(folder), broken=broken)
    return "sound", taught.partial() + (taught.holds(body) == broken)


def run(first: int, count: int) -> Iterator[dict[str, object]]:
    """One line before each pack and one after; negative seeds are the bombs."""
    taught, known = Taught(), [*bombs().items()]
    room = Path(tempfile.mkdtemp())
    folder = write(room / "pack", {})
    # A mutation may say `extends: core`: then a small pack lies below, for the real one alone takes a second to lint.
    write(room / "packs" / "core", {})
    for module in (content.folder, content.reader, content.loader):
        vars(module)["PACKS"] = room / "packs"
    try:
        for seed in range(first, first + count):
            rng = random.Random(seed)
            yield {"begin": seed}
            files = known[-seed - 1][1] if seed < 0 else mutated(rng)
            for name, text in files.items():
                if text is None:
                    (folder / name).unlink()
                else:
                    (folder / name).write_bytes(text.encode() if isinstance(text, str) else text)
            start = time.process_time()
            try:
                outcome, partial = tried(folder, taught, broken=rng.random() < 0.25)
            except Exception as error:  # noqa: BLE001 - any exception is the finding
                outcome, partial = f"crash: {type(error).__name__}: {error}"[:300], 0
            yield {"end": seed, "outcome": outcome, "partial": partial, "seconds": time.process_time() - start}
            for name in files:
                (folder / name).unlink(missing_ok=True)
                if name in FILES:
                    (folder / name).write_text(FILES[name])
    finally:
        shutil.rmtree(room, ignore_errors=True)


if __name__ == "__main__":
    resource.setrlimit(resource.RLIMIT_AS, (2 * 1024**3, 2 * 1024**3))
    for line in run(int(sys.argv[1]), int(sys.argv[2])):
        print(json.dumps(line), flush=True)
