"""The command line. Each word imports what it needs when it runs, so that help costs nothing."""

from __future__ import annotations

import gc
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated

import typer

from adapters.cli import admin, content, database, manifest, people

app = typer.Typer(
    name="mlops-coach",
    help="MLOps micro-learning and office hours in Slack and Microsoft Teams.",
    no_args_is_help=True,
    add_completion=False,
    # Rich is imported where something is printed; for help alone it would double the start-up time.
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)
app.add_typer(content.app, name="content")
app.add_typer(database.app, name="db")
app.add_typer(manifest.app, name="manifest")
app.add_typer(admin.app, name="admin")
app.add_typer(people.app, name="people")

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for programs instead of text for people.")]


@contextmanager
def _loading() -> Iterator[None]:
    """Nothing of what is imported is garbage: looking for it again and again takes a tenth of the start."""
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()


@app.command()
def play(
    port: Annotated[int, typer.Option(help="Port on 127.0.0.1; 0 picks a free one.", min=0, max=65535)] = 8765,
    open_page: Annotated[bool, typer.Option("--open/--no-open", help="Open the page in a browser.")] = True,
    database_url: Annotated[
        str, typer.Option("--database", help="Where the playground is kept.")
    ] = "sqlite:///var/playground.db",
    fresh: Annotated[bool, typer.Option("--fresh", help="Forget the playground and begin again.")] = False,
    start: Annotated[
        str | None,
        typer.Option(help="First reading of the playground's clock, such as 2026-03-23T08:00Z; now if not given."),
    ] = None,
    colleagues: Annotated[
        bool,
        typer.Option("--colleagues/--no-colleagues", help="Let simulated colleagues take part as the clock moves."),
    ] = True,
) -> None:
    """Try everything in the browser, alone, without any account."""
    with _loading():
        from adapters.cli import serving

    serving.play(port=port, open_page=open_page, url=database_url, fresh=fresh, start=start, colleagues=colleagues)


@app.command()
def serve(
    port: Annotated[int | None, typer.Option(help="Port to listen on; MLOPS_PORT if not given.")] = None,
    worker: Annotated[
        bool, typer.Option("--worker/--no-worker", help="Plan and send too, or leave that to `worker` processes.")
    ] = True,
) -> None:
    """Serve the platforms that are set up in the environment."""
    with _loading():
        from adapters.cli import serving

    serving.serve(port, worker=worker)


@app.command()
def worker(
    port: Annotated[int | None, typer.Option(help="Port for health; MLOPS_PORT if not given.")] = None,
) -> None:
    """Plan and send, beside `serve --no-worker`: any number of them on one PostgreSQL."""
    with _loading():
        from adapters.cli import serving

    serving.work(port)


@app.command()
def dev(
    slack_api_url: Annotated[
        str | None,
        typer.Option(help="Web API of a Slack emulator on this machine, such as http://127.0.0.1:4003/api/."),
    ] = None,
    teams_unauthenticated: Annotated[
        bool, typer.Option("--teams-unauthenticated", help="Take messages of a Teams emulator, which has no tokens.")
    ] = False,
    port: Annotated[int | None, typer.Option(help="Port on this machine; MLOPS_PORT if not given.")] = None,
) -> None:
    """Serve emulators of the platforms, on this machine only."""
    with _loading():
        from adapters.cli import serving

    serving.dev(slack_api_url, port, teams_unauthenticated=teams_unauthenticated)


@app.command()
def doctor(as_json: AsJson = False) -> None:
    """Check settings, database, pack and time zones, and say what to do."""
    from adapters.cli import checks

    checks.doctor(as_json=as_json)


def main() -> None:
    """The entry point of the installed command."""
    app(prog_name="mlops-coach", args=sys.argv[1:])
