"""How the command line speaks: sentences and tables for people, JSON for programs, exit codes that mean something.

0 done, 1 something was found or went wrong, 2 the call or the settings are not right.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, NoReturn

import typer

if TYPE_CHECKING:
    from adapters.settings import Settings

FOUND, MISUSED = 1, 2


def show(sentence: str, data: object, *, as_json: bool) -> None:
    """Print the sentence, or the data as JSON."""
    typer.echo(json.dumps(data, indent=2, default=str) if as_json else sentence)


def fail(what: str, todo: str = "", code: int = FOUND) -> NoReturn:
    """Say on standard error what is wrong and what to do, and leave."""
    typer.echo(f"{what}\n{todo}".strip(), err=True)
    raise typer.Exit(code)


def print_table(title: str, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """A table that fits the terminal; plain text when the output is not one."""
    from rich.console import Console
    from rich.table import Table

    table = Table(title=title, title_justify="left", header_style="bold")
    for column in columns:
        table.add_column(column, overflow="fold")
    for row in rows:
        table.add_row(*row)
    Console(soft_wrap=not sys.stdout.isatty()).print(table)


def settings_or_exit() -> Settings:
    """The settings; leaves with every fault at once when they are not right."""
    from pydantic import ValidationError

    from adapters.settings import Settings

    try:
        return Settings()
    except ValidationError as error:
        faults = [f"MLOPS_{str(one['loc'][0]).upper()}: {one['msg']}" for one in error.errors() if one["loc"]]
        fail("The settings are not right:\n" + "\n".join(faults), "See docs/reference/settings.md.", MISUSED)
