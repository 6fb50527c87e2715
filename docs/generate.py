"""Writes docs/reference from what the code declares: chat commands, words of the shell, settings, metrics.

Run as ``python -m docs.generate`` (``make docs``); with ``--check`` it writes nothing and fails when a page is not current.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from docs import pack_pages

PLACE = Path(__file__).parent / "reference"
FIGURES = Path(__file__).parent.parent / "tests" / "faults" / "figures.json"
PROMISES = {
    "P1": "each lesson reaches each learner effectively once",
    "P2": "an answer we confirmed is never lost and never counted twice",
    "P3": "no slot is oversold, no host double-booked, no booking vanishes",
    "P4": "a repeated or late event has no second effect",
    "P5": "no call begins after a confirmed stop",
    "P6": "no company sees another's data",
    "P7": "no view is narrower than a group",
    "P8": "one bad item never stops the queue",
    "P9": 'the truth under trouble: after "not saved" there is no row',
    "P10": "an answer in time, also when the database is locked",
    "P11": "a restored database sends nothing by itself",
    "P12": "exactly one lesson per due local day",
}
NOTE = "<!-- Written by `make docs` from the code; change it there. -->"
WHO = {
    "learn": "everybody",
    "own": "everybody, about themselves",
    "host": "hosts",
    "author": "authors",
    "read-team": "the manager of the team",
    "lead": "managers",
    "administer": "admins",
}


def commands_page() -> Iterator[str]:
    """Every chat command, feature by feature."""
    from bot.features import FEATURES
    from bot.router import table

    yield "# Commands in chat"
    yield (
        "Type them after `/mlops` in Slack, after a mention in either platform, or alone in a direct message. "
        "`help` lists those you may use; an unknown word gets the closest ones."
    )
    for feature in table(FEATURES).features:
        if feature.commands:
            yield f"## {_sentence(feature.name.replace('_', ' '))}"
        for command in feature.commands:
            yield f"### `{' '.join(filter(None, (command.name, command.arguments)))}`"
            yield _sentence(command.summary)
            yield _list(
                f"who: {WHO.get(command.verb.value, command.verb.value)}",
                f"also: {_coded(command.words)}" if command.words else "",
                f"for example: {_coded(command.examples)}" if command.examples else "",
            )


def settings_page() -> Iterator[str]:
    """Every environment variable."""
    from adapters.settings import Settings

    yield "# Settings"
    yield (
        "Environment variables, or lines of a `.env` file in the working directory. All mistakes are reported at once, "
        "and `mlops-coach doctor` says what is missing for what."
    )
    prefix = str(Settings.model_config.get("env_prefix") or "")
    rows = ["| variable | default | meaning |", "|---|---|---|"]
    for name, field in Settings.model_fields.items():
        variable = str(field.validation_alias or f"{prefix}{name}").upper()
        default = "required" if field.is_required() else _default(field.get_default(call_default_factory=True))
        rows.append(f"| `{variable}` | {default} | {_cell(field.description or '')} |")
    yield "\n".join(rows)


def shell_page() -> Iterator[str]:
    """Every word of ``mlops-coach``."""
    from typer.main import get_command

    from adapters.cli import app

    yield "# The shell"
    yield "In the tree say `.venv/bin/python -m adapters.cli`, after `pip install` say `mlops-coach`. Every word has `--help`."

    def walk(command: object, words: str) -> Iterator[str]:
        inside = getattr(command, "commands", {})
        for name, one in inside.items():
            if one.hidden:
                continue
            yield from walk(one, f"{words} {name}")
        if not inside:
            arguments = [one for one in command.params if one.param_type_name == "argument"]  # type: ignore[attr-defined]
            options = [one for one in command.params if one.param_type_name == "option" and one.name != "help"]  # type: ignore[attr-defined]
            shape = [one.name.upper() if one.required else f"[{one.name.upper()}]" for one in arguments]
            yield f"## `{' '.join([words, *shape])}`"
            yield (command.help or "").strip()  # type: ignore[attr-defined]
            yield _list(*(f"`{one.opts[0]}`: {_cell(one.help or '')}" for one in options))

    yield from walk(get_command(app), "mlops-coach")


def promises_page() -> Iterator[str]:
    """What the fault tests counted when they last ran at full length."""
    yield "# Promises and what was counted"
    yield (
        "Each row is a fault test: its long form's figures when it last ran (`make faults`, which keeps them in "
        "`tests/faults/figures.json`). Every test that claims a race or a crash cannot do harm has a negative control "
        "beside it: the same test without the guard, which must fail. "
        "What the promises mean, and what is not promised: [Delivery](../explain/delivery.md)."
    )
    found = json.loads(FIGURES.read_text(encoding="utf-8"))
    for promise, words in PROMISES.items():
        rows = [(name, one) for name, one in found.items() if promise in one["promises"]]
        if rows:
            yield f"## {promise}: {words}"
            yield "\n".join(["| test | what it does | counted |", "|---|---|---|", *(_counted(*row) for row in rows)])


def _counted(name: str, one: dict[str, Any]) -> str:
    numbers = ", ".join(f"{label.replace('_', ' ')} {_number(value)}" for label, value in one["figures"].items())
    return f"| `tests/{name}` | {_cell(one['says'])} | {_cell(numbers)} |"


def _number(value: object) -> str:
    return f"{value:,}" if isinstance(value, int) else str(value)


def metrics_page() -> Iterator[str]:
    """Every metric, and every field that a log line may have."""
    from adapters.logs import FIELDS
    from adapters.metrics import DECLARED

    yield "# Metrics and log lines"
    yield "What to make of them: [Watch it](../howto/monitoring.md). Beside these `process_...` tells memory, CPU time and open files."
    rows = ["| metric | kind | labels | says |", "|---|---|---|---|"]
    rows += [f"| `{one.name}` | {one.kind} | {_coded(one.labels)} | {_cell(one.says)} |" for one in DECLARED]
    yield "\n".join(rows)
    yield "## Log lines"
    yield (
        "`time`, `level`, `logger`, `event` and `at` (module and line) are in every line of ours. With an exception come `incident`, `error` (its type), `code` "
        "(of the database or the system), `trace` (places) and `causes`. A line of a library has no event but its place."
    )
    yield f"A line may have these fields, each of a fixed shape, and no other: {_coded(tuple(FIELDS))}."


def index_page() -> Iterator[str]:
    """The way to the other pages."""
    yield "# Reference"
    yield "Written by `make docs` from what the code declares, and checked by every run of the tests."
    yield _list(*(f"[{next(page()).removeprefix('# ')}]({name})" for name, page in _made() if _is_listed(name)))


# A page appears with the module it is made from.
PAGES: dict[str, tuple[str, Callable[[], Iterator[str]]]] = {
    "README.md": ("bot", index_page),
    "commands.md": ("bot.features", commands_page),
    "settings.md": ("adapters.settings", settings_page),
    "shell.md": ("adapters.cli", shell_page),
    "promises.md": ("bot", promises_page),
    "metrics.md": ("adapters.metrics", metrics_page),
}


def main(words: list[str]) -> int:
    """Write or check every page; the exit code is 1 when a page was not current."""
    old = []
    for name, page in _made():
        parts = [part for part in page() if part]
        text = "\n\n".join([parts[0], NOTE, *parts[1:]]) + "\n"
        path = PLACE / name
        if path.is_file() and path.read_text(encoding="utf-8") == text:
            continue
        old.append(name)
        if "--check" not in words:
            path.parent.mkdir(exist_ok=True)
            path.write_text(text, encoding="utf-8")
    if "--check" in words and old:
        print(f"not current: {', '.join(old)}; run: make docs")
        return 1
    return 0


def _made() -> Iterator[tuple[str, Callable[[], Iterator[str]]]]:
    for name, (module, page) in PAGES.items():
        spec = find_spec(module)
        if spec is not None and spec.origin is not None:
            yield name, page
    yield from pack_pages.pages().items()


def _is_listed(name: str) -> bool:
    """The index names the way into the pack and leaves the rest to it."""
    return name != "README.md" and (not name.startswith("pack/") or name == "pack/README.md")


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:]


def _coded(words: tuple[str, ...]) -> str:
    return ", ".join(f"`{word}`" for word in words)


def _list(*lines: str) -> str:
    return "\n".join(f"* {line}" for line in lines if line)


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


def _default(value: object) -> str:
    return "none" if value is None or value == "" else f"`{_cell(str(value))}`"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
