"""``play`` and ``serve``: start a server and keep it running until it is stopped."""

from __future__ import annotations

import logging
import os
import secrets
import signal
import socket
import sys
from collections.abc import Callable
from contextlib import ExitStack
from datetime import UTC, datetime
from typing import Any

import typer
import uvicorn
from starlette.applications import Starlette
from starlette.types import ASGIApp

from adapters import logs, web
from adapters.cli.output import MISUSED, fail, settings_or_exit
from adapters.front import NotSetUp
from adapters.settings import Settings
from adapters.wiring import database
from adapters.wiring.system import Unusable

LOOPBACK = "127.0.0.1"
STOP_SECONDS = 10
METRICS_PORT = 1000  # above the server's, where nothing else is said
log = logging.getLogger(__name__)


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
    _run(app, [bound], lambda: _greet(f"{address}/?token={token}", open_page=open_page))


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
    with logs.written(settings.log_format, settings.log_level):
        try:
            _serve_written(settings, port, role, teams_unauthenticated=teams_unauthenticated)
        except typer.Exit:
            raise
        except Exception:  # Python would print it with its words, which may hold values
            log.critical("the server ended with an error", exc_info=True)
            raise typer.Exit(1) from None


def _serve_written(settings: Settings, port: int | None, role: str, *, teams_unauthenticated: bool) -> None:
    from adapters.wiring import serving

    with ExitStack() as held:
        try:
            # Before anything is read or brought to our schema: a SQLite file is one process's.
            held.enter_context(database.alone(settings.database_url))
            app = serving.serving(settings, serving.Role(role), teams_unauthenticated=teams_unauthenticated)
        except Unusable as error:
            fail(str(error), "`mlops-coach doctor` says what is missing.")
        wanted = settings.port if port is None else port
        bound = held.enter_context(_bind(wanted, settings.host))
        watched = _bind_metrics(settings.metrics_address, wanted)
        where = f"http://{settings.host}:{bound.getsockname()[1]}"
        says = f"Sending; health on {where}" if role == "sends" else f"Serving on {where}"
        if watched is not None:
            held.enter_context(watched)
            says += "; metrics on http://{}:{}/metrics".format(*watched.getsockname())
        _run_apart(app, bound, watched, says)


def _run_apart(app: Starlette, bound: socket.socket, watched: socket.socket | None, says: str) -> None:
    """Run with a second door for the metrics; a platform that cannot be served is a sentence."""
    doors = web.Doors(app, watched.getsockname()[1] if watched is not None else None)
    try:
        _run(doors, [bound] if watched is None else [bound, watched], lambda: _say(says), log_config=None)
    except SystemExit:  # the server's, when the start failed
        if doors.trouble is None:
            raise
        if isinstance(doors.trouble, NotSetUp):
            fail(str(doors.trouble), "`mlops-coach doctor` says what is missing.")
        log.critical("the start failed", exc_info=doors.trouble)
        raise typer.Exit(1) from None


def _bind_metrics(address: str | None, port: int) -> socket.socket | None:
    """A socket for the metrics: where it is said, nowhere, or on this machine at a port that follows from the server's."""
    if address == "off":
        return None
    if address is not None:
        host, _, own = address.rpartition(":")
        if int(own) == port != 0:
            fail("MLOPS_METRICS_ADDRESS needs a port of its own.", "For example 127.0.0.1:9464", MISUSED)
        return _bind(int(own), host, "Choose another with MLOPS_METRICS_ADDRESS, or say off.")
    beside = port + METRICS_PORT if port + METRICS_PORT <= 65535 else port - METRICS_PORT
    try:
        return _bound(beside if port else 0, LOOPBACK)
    except OSError:  # nobody asked for this port, so it is no reason not to serve
        log.warning("the metrics are not served, for their port is taken: set MLOPS_METRICS_ADDRESS")
        return None


def _say(words: str) -> None:
    typer.echo(words)
    sys.stdout.flush()


def _bind(port: int, host: str = LOOPBACK, todo: str = "Choose another with --port.") -> socket.socket:
    """Bind before anything else is started, so that a taken port is a sentence and not a trace."""
    try:
        return _bound(port, host)
    except (OSError, OverflowError) as error:
        why = error.strerror if isinstance(error, OSError) else "there is no such port"
        fail(f"Port {port} on {host} cannot be used: {why}.", todo, MISUSED)


def _bound(port: int, host: str) -> socket.socket:
    bound = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        bound.bind((host, port))
    except (OSError, OverflowError):
        bound.close()
        raise
    return bound


def _run(app: ASGIApp, bound: list[socket.socket], ready: Callable[[], None], **options: Any) -> None:
    config = uvicorn.Config(
        app,
        log_level="warning",
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=STOP_SECONDS,
        **options,
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
    server.run(bound)
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
