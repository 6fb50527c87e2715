"""``play`` and ``serve``: start a server and keep it running until it is stopped."""

from __future__ import annotations

import os
import secrets
import signal
import socket
import sys
from collections.abc import Callable
from contextlib import ExitStack
from datetime import UTC, datetime

import typer
import uvicorn
from starlette.applications import Starlette

from adapters.cli.output import MISUSED, fail, settings_or_exit
from adapters.settings import Settings
from adapters.wiring import database
from adapters.wiring.system import Unusable

LOOPBACK = "127.0.0.1"
STOP_SECONDS = 10


def play(*, port: int, open_page: bool, url: str, fresh: bool, start: str | None, colleagues: bool) -> None:
    """Run the playground on loopback. Refused beside platform tokens: it has no platform's checks."""
    settings_or_exit()
    _prepare_file(url, fresh=fresh)
    bound = _bind(port)
    address = f"http://{LOOPBACK}:{bound.getsockname()[1]}"
    token = secrets.token_urlsafe(24)
    from adapters.wiring import playground

    try:
        app, _, _ = playground.playground(
            url, token=token, port=bound.getsockname()[1], start=_instant(start), colleagues=colleagues
        )
    except Unusable as error:
        fail(str(error), code=MISUSED)
    _run(app, bound, lambda: _greet(f"{address}/?token={token}", open_page=open_page))


def serve(port: int | None, *, worker: bool) -> None:
    """Answer the platforms that are set up; plan and send too, unless workers do that."""
    _serve(_real_settings(), port, "both" if worker else "answers")


def work(port: int | None) -> None:
    """Plan and send for the platforms that are set up, and answer nobody."""
    _serve(_real_settings(), port, "sends")


def _real_settings() -> Settings:
    settings = settings_or_exit()
    if settings.slack_api_url is not None:
        fail("MLOPS_SLACK_API_URL is for an emulator.", "Unset it, or use `mlops-coach dev --slack-api-url`.", MISUSED)
    return settings


def dev(slack_api_url: str | None, port: int | None, *, teams_unauthenticated: bool) -> None:
    """Run the platforms against emulators. What the emulator's address may be, and ours, is checked by the platform."""
    settings = settings_or_exit()
    url = slack_api_url or settings.slack_api_url
    if url is None and not teams_unauthenticated:
        fail("There is no emulator to serve.", "Give --slack-api-url ADDRESS or --teams-unauthenticated.", MISUSED)
    _serve(settings.model_copy(update={"slack_api_url": url}), port, teams_unauthenticated=teams_unauthenticated)


def _serve(settings: Settings, port: int | None, role: str = "both", *, teams_unauthenticated: bool = False) -> None:
    from adapters.wiring import serving

    with ExitStack() as held:
        try:
            # Before anything is read or brought to our schema: a SQLite file is one process's.
            held.enter_context(database.alone(settings.database_url))
            app = serving.serving(settings, serving.Role(role), teams_unauthenticated=teams_unauthenticated)
        except Unusable as error:
            fail(str(error), "`mlops-coach doctor` says what is missing.")
        bound = _bind(settings.port if port is None else port, settings.host)
        where = f"http://{settings.host}:{bound.getsockname()[1]}"
        says = f"Sending; health on {where}" if role == "sends" else f"Serving on {where}"
        _run(app, bound, lambda: _say(says))


def _say(words: str) -> None:
    typer.echo(words)
    sys.stdout.flush()


def _bind(port: int, host: str = LOOPBACK) -> socket.socket:
    """Bind before anything else is started, so that a taken port is a sentence and not a trace."""
    bound = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        bound.bind((host, port))
    except OSError as error:
        fail(f"Port {port} on {host} cannot be used: {error.strerror}.", "Choose another with --port.", MISUSED)
    return bound


def _run(app: Starlette, bound: socket.socket, ready: Callable[[], None]) -> None:
    config = uvicorn.Config(
        app, log_level="warning", access_log=False, server_header=False, timeout_graceful_shutdown=STOP_SECONDS
    )
    server = uvicorn.Server(config)
    started = server.startup

    async def startup(sockets: list[socket.socket] | None = None) -> None:
        await started(sockets)
        if server.started:
            ready()

    server.startup = startup  # type: ignore[method-assign]
    # The server stops by itself and then hands the signal on, which would end us as if we had been killed.
    signal.signal(signal.SIGTERM, lambda *_: setattr(server, "should_exit", True))
    server.run([bound])
    if not server.started:
        raise typer.Exit(1)


def _greet(address: str, *, open_page: bool) -> None:
    typer.echo(f"The playground is ready:\n\n  {address}\n\nStop it with Ctrl+C.")
    sys.stdout.flush()
    if open_page and _has_screen():
        import webbrowser

        webbrowser.open(address)


def _has_screen() -> bool:
    return sys.platform in {"darwin", "win32"} or bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


def _prepare_file(url: str, *, fresh: bool) -> None:
    """Make the folder of a SQLite file, and delete the file when the playground begins again."""
    try:
        path = database.file_of(url)
    except Unusable:
        fail(f"{url} is not a database address.", "For example sqlite:///var/playground.db", MISUSED)
    if path is None:
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    if fresh:
        for suffix in ("", "-wal", "-shm"):
            path.with_name(path.name + suffix).unlink(missing_ok=True)


def _instant(words: str | None) -> datetime | None:
    if words is None:
        return None
    try:
        found = datetime.fromisoformat(words)
    except ValueError:
        fail(f"{words} is not an instant.", "For example 2026-03-23T08:00Z", MISUSED)
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
