"""``doctor``: what is set up, what is wrong, and what to do about it."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import typer

from adapters.cli.output import FOUND, print_table, settings_or_exit, show
from adapters.settings import Settings

Finding = dict[str, str]


def doctor(*, as_json: bool) -> None:
    """Run every check; leaves with 1 when one of them found something wrong."""
    settings = settings_or_exit()
    findings = [finding for check in CHECKS for finding in check(settings)]
    if as_json:
        show("", findings, as_json=True)
    else:
        rows = [[one["check"], one["state"], one["what"], one["todo"]] for one in findings]
        print_table("mlops-coach doctor", ("check", "state", "what", "to do"), rows)
    if any(one["state"] == "wrong" for one in findings):
        raise typer.Exit(FOUND)


def _finding(check: str, *, fine: bool, what: str, todo: str = "") -> Finding:
    return {"check": check, "state": "fine" if fine else "wrong", "what": what, "todo": "" if fine else todo}


def _database(settings: Settings) -> Iterator[Finding]:
    from adapters.wiring.database import state
    from adapters.wiring.system import Unusable

    try:
        name, revision, newest = state(settings.database_url)
    except Unusable as error:
        yield _finding(
            "database", fine=False, what=str(error), todo="Check MLOPS_DATABASE_URL and that the server runs."
        )
        return
    yield _finding("database", fine=True, what=f"{name} answers")
    yield _finding(
        "schema",
        fine=revision == newest,
        what=f"revision {revision or 'none'}, this release has {newest}",
        todo="Run `mlops-coach db upgrade`.",
    )
    if revision == newest:
        yield from _hold(settings)


def _hold(settings: Settings) -> Iterator[Finding]:
    from adapters.wiring.operations import held

    hold = held(settings.database_url)
    what = (
        "messages go out" if hold is None else f"nothing is sent since {hold.since:%Y-%m-%d %H:%M} UTC: {hold.reason}"
    )
    yield _finding("sending", fine=hold is None, what=what, todo="Run `mlops-coach db release`.")


def _pack(settings: Settings) -> Iterator[Finding]:
    from content.loader import CORE, compile_pack

    folder = settings.pack or CORE
    compiled = compile_pack(folder)
    counts = f"{len(compiled.pack.lessons)} lessons, {len(compiled.pack.terms)} terms, {len(compiled.problems)} errors"
    yield _finding("pack", fine=compiled.usable, what=counts, todo="Run `mlops-coach content check`.")


def _zones(settings: Settings) -> Iterator[Finding]:
    from importlib.metadata import version

    from bot.domain.calendar import is_zone

    yield _finding("time zones", fine=True, what=f"tzdata {version('tzdata')}")
    if not is_zone(settings.zone):
        yield _finding(
            "zone", fine=False, what=f"MLOPS_ZONE is {settings.zone}", todo="Use a name such as Europe/Berlin."
        )


def _platforms(settings: Settings) -> Iterator[Finding]:
    tokens = settings.platform_tokens
    yield _finding(
        "platforms",
        fine=bool(tokens),
        what=", ".join(tokens) or "none is set up",
        todo="Set the variables of docs/howto/slack.md or docs/howto/teams.md, or try `mlops-coach play`.",
    )


def _slack(settings: Settings) -> Iterator[Finding]:
    if not settings.slack_is_set:
        return
    from adapters.slack.doctor import examine

    for one in examine(settings):
        yield _finding(one.check, fine=one.fine, what=one.what, todo=one.todo)


def _teams(settings: Settings) -> Iterator[Finding]:
    if not settings.teams_is_set:
        return
    from adapters.teams.doctor import examine

    for one in examine(settings):
        yield _finding(one.check, fine=one.fine, what=one.what, todo=one.todo)


CHECKS: tuple[Callable[[Settings], Iterator[Finding]], ...] = (_database, _pack, _zones, _platforms, _slack, _teams)
