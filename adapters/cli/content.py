"""``content``: check what is taught, and look at it as people will see it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from bot.messages import Message

app = typer.Typer(help="What is taught.", no_args_is_help=True, rich_markup_mode=None)

Folder = Annotated[Path | None, typer.Option("--pack", help="Folder of the pack; the core pack if not given.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]


@app.command()
def check(
    pack: Folder = None,
    strict: Annotated[bool, typer.Option("--strict", help="Let warnings fail as well.")] = False,
    as_json: AsJson = False,
) -> None:
    """Lint a pack: errors and warnings with file, line and a suggestion."""
    from datetime import UTC, datetime

    import msgspec

    from adapters.cli.output import FOUND, fail
    from content import check as rules
    from content.loader import CORE
    from content.reader import read_pack

    folder = pack or CORE
    if not (folder / "pack.yaml").is_file():
        fail(f"There is no pack.yaml in {folder}.", "Give the folder of a pack with --pack.", 2)
    problems = rules.check(read_pack(folder), datetime.now(UTC).date())
    errors = sum(one.is_error for one in problems)
    if as_json:
        typer.echo(msgspec.json.encode({"errors": errors, "problems": problems}))
    else:
        for one in problems:
            typer.echo(one.as_line())
        typer.echo(f"{errors} errors, {len(problems) - errors} warnings")
    if errors or (strict and problems):
        raise typer.Exit(FOUND)


@app.command()
def preview(
    id: Annotated[str, typer.Argument(help="A lesson, term or question, such as lesson/models-fail-silently.")],
    role: Annotated[str | None, typer.Option(help="Show it in the words of a role, such as pm.")] = None,
    platform: Annotated[str, typer.Option(help="plain, slack, teams, or both for the JSON of each.")] = "plain",
    pack: Folder = None,
) -> None:
    """Print one item as the platforms show it."""
    import json

    from adapters.cli.output import fail
    from adapters.cli.preview import screen
    from adapters.slack import render as slack
    from adapters.teams import render as teams
    from content.loader import CORE

    if platform not in {"plain", "slack", "teams", "both"}:
        fail(f"There is no platform called {platform}.", "Use plain, slack, teams or both.", 2)
    message = screen(pack or CORE, id, role)
    if platform == "plain":
        typer.echo(_plain(message))
    if platform in {"slack", "both"}:
        typer.echo(json.dumps(slack.message(message), indent=2, ensure_ascii=False))
    if platform in {"teams", "both"}:
        typer.echo(json.dumps(teams.card(message), indent=2, ensure_ascii=False))


def _plain(message: Message) -> str:
    """The words of a message, block by block, as a screen reader would say them."""
    from bot.messages import Buttons, Heading, Note, Text, plain

    lines = [message.summary, ""]
    for block in message.blocks:
        match block:
            case Heading(text=text):
                lines.append(f"# {text}")
            case Text(spans=spans) | Note(spans=spans):
                lines.append(plain(spans))
            case Buttons(buttons=buttons):
                lines.append("  ".join(f"[{one.label}]" for one in buttons))
            case _:
                continue
        lines.append("")
    return "\n".join(lines)
