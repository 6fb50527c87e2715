"""``manifest``: what a platform wants to know of the app, written from the table of commands."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(help="What a platform is told about the app.", no_args_is_help=True, rich_markup_mode=None)


@app.command()
def slack(
    socket_mode: Annotated[bool, typer.Option("--socket-mode", help="Without a public address.")] = False,
) -> None:
    """Write the manifest of the Slack app as JSON: paste it under Create New App, From a manifest."""
    import json

    from adapters.cli.output import settings_or_exit
    from adapters.slack.manifest import manifest
    from bot.features import FEATURES
    from bot.router import table

    url = None if socket_mode else settings_or_exit().public_url
    typer.echo(json.dumps(manifest(table(FEATURES), url), indent=2))


@app.command()
def teams(
    to: Annotated[Path, typer.Argument(help="The file to write.")] = Path("mlops-coach-teams.zip"),
    website: Annotated[
        str | None, typer.Option(help="Page about the app (https); MLOPS_PUBLIC_URL if not given.")
    ] = None,
    privacy: Annotated[str | None, typer.Option(help="Privacy page (https); the website if not given.")] = None,
    terms: Annotated[str | None, typer.Option(help="Terms of use (https); the website if not given.")] = None,
) -> None:
    """Write the app package for Teams: upload it in the Teams admin center."""
    from importlib.metadata import PackageNotFoundError, version

    from adapters.cli.output import MISUSED, fail, settings_or_exit
    from adapters.teams.manifest import Publisher, package
    from bot.features import FEATURES
    from bot.router import table

    settings = settings_or_exit()
    site = website or settings.public_url
    if not settings.teams_app_id:
        fail("MLOPS_TEAMS_APP_ID is not set.", "It is the app id of the bot's registration.", MISUSED)
    if not site:
        fail("The package needs a page about the app.", "Give --website, or set MLOPS_PUBLIC_URL.", MISUSED)
    try:
        release = version("mlops-coach")
    except PackageNotFoundError:
        release = "0.1.0"
    try:
        made = package(
            table(FEATURES),
            settings.teams_app_id,
            release,
            Publisher(settings.company, site, privacy or site, terms or site),
        )
    except ValueError as error:
        fail(str(error), "", MISUSED)
    to.write_bytes(made)
    typer.echo(f"{to} is written. Upload it in the Teams admin center under Teams apps, Manage apps.")
