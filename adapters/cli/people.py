"""``people``: who is there, in which team, with which rights, as a list."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(help="People, teams and rights.", no_args_is_help=True, rich_markup_mode=None)

Url = Annotated[str | None, typer.Option("--database", help="Address; MLOPS_DATABASE_URL if not given.")]
Workspace = Annotated[
    str | None, typer.Option("--workspace", help="Which one, by id, team or platform; needed when there are several.")
]
BYTES_LIMIT = 8 * 1024 * 1024


@app.command("import")
def take(
    file: Annotated[Path, typer.Argument(help="A CSV file in UTF-8; see docs/howto/people.md.")],
    keep: Annotated[bool, typer.Option("--apply", help="Write it. Without this the list is only checked.")] = False,
    url: Url = None,
    workspace: Workspace = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Say what a list of people would change, and with --apply change it: all of it or nothing."""
    import msgspec

    from adapters.cli.output import FOUND, MISUSED, fail, settings_or_exit, show
    from adapters.wiring import people
    from adapters.wiring.system import Unusable
    from bot.domain import roster

    try:
        if file.stat().st_size > BYTES_LIMIT:
            fail(f"{file} is larger than {BYTES_LIMIT >> 20} MB: split it.", code=MISUSED)
        entries = roster.read(file.read_text(encoding="utf-8-sig"))
        changes = people.take(url or settings_or_exit().database_url, workspace, entries, keep=keep)
    except UnicodeDecodeError:
        fail(f"{file} is not in UTF-8.", "In a spreadsheet: save as CSV UTF-8.", MISUSED)
    except OSError as error:
        fail(f"{file} cannot be read: {error.strerror}.", code=MISUSED)
    except roster.Mistakes as mistakes:
        lines = "\n".join(f"{file.name}:{one.line}: {one.text}" for one in mistakes.found)
        fail(f"{lines}\n{len(mistakes.found)} mistakes.", "Nothing was changed.", FOUND)
    except Unusable as error:
        fail(str(error), "Nothing was changed.")
    said = "\n".join(f"{file.name}:{one.line}: {one.account}: {one.what}" for one in changes)
    end = "changed" if keep else "would change; say --apply to write it"
    data = {"people": len(entries), "applied": keep, "changes": [msgspec.to_builtins(one) for one in changes]}
    show(f"{said}\n{len(entries)} people read, {len(changes)} lines {end}.".strip(), data, as_json=as_json)


@app.command("export")
def give(
    to: Annotated[Path | None, typer.Argument(help="The file to write; standard output if not given.")] = None,
    url: Url = None,
    workspace: Workspace = None,
) -> None:
    """Write the active people of a workspace as a list that `people import` takes."""
    from adapters.cli.output import MISUSED, fail, settings_or_exit
    from adapters.wiring import people
    from adapters.wiring.system import Unusable

    try:
        text = people.give(url or settings_or_exit().database_url, workspace)
        if to is None:
            typer.echo(text, nl=False)
            return
        to.write_text(text, encoding="utf-8-sig", newline="")  # with the mark by which a spreadsheet knows UTF-8
    except OSError as error:
        fail(f"{to} cannot be written: {error.strerror}.", code=MISUSED)
    except Unusable as error:
        fail(str(error), "Check the address, and that the database server runs.")
    typer.echo(f"{text.count(chr(10)) - 1} people written to {to}.", err=True)
