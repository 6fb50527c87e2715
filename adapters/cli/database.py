"""``db``: the database's schema, its backups, and the hold after a restore."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(help="The database.", no_args_is_help=True, rich_markup_mode=None)

Url = Annotated[str | None, typer.Option("--database", help="Address; MLOPS_DATABASE_URL if not given.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
ADVICE = "Check the address, and that the database server runs."


@app.command()
def upgrade(
    url: Url = None,
    no_backup: Annotated[bool, typer.Option("--no-backup", help="Make no backup first.")] = False,
    as_json: AsJson = False,
) -> None:
    """Bring the database to the schema of this release, after a backup."""
    from adapters.cli.output import fail, settings_or_exit, show
    from adapters.wiring import operations
    from adapters.wiring.system import Unusable

    settings = settings_or_exit()
    try:
        done = operations.upgrade(url or settings.database_url, None if no_backup else settings.backups)
    except Unusable as error:
        fail(str(error), ADVICE)
    before, now = done.before, done.now
    said = "is up to date" if before == now else f"upgraded from {before or 'nothing'}"
    beside = f" Backup: {done.backup}." if done.backup else ""
    beside += f" There is no backup: {done.without}" if done.without else ""
    data = {"before": before, "now": now, "backup": done.backup and str(done.backup), "without": done.without}
    show(f"The database {said}, revision {now}.{beside}", data, as_json=as_json)


@app.command()
def backup(
    to: Annotated[Path | None, typer.Argument(help="The file to write; a name with the hour in MLOPS_BACKUPS.")] = None,
    url: Url = None,
    as_json: AsJson = False,
) -> None:
    """Back up the database while it is in use, with a checksum beside it, and check the copy."""
    from adapters.cli.output import fail, settings_or_exit, show
    from adapters.wiring import operations
    from adapters.wiring.system import Unusable

    settings = settings_or_exit()
    try:
        made = operations.backup(url or settings.database_url, settings.backups, to)
    except Unusable as error:
        fail(str(error), "Nothing was written.")
    data = {"file": str(made.file), "sha256": made.sha256, "revision": made.revision, "bytes": made.size}
    show(f"Backup {made.file}: {made.size:,} bytes, revision {made.revision}, sound.", data, as_json=as_json)


@app.command()
def restore(
    file: Annotated[Path, typer.Argument(help="The backup; its .sha256 lies beside it.")],
    only_check: Annotated[bool, typer.Option("--check", help="Only say whether it could be restored.")] = False,
    replace: Annotated[
        bool, typer.Option("--replace", help="Put it in the place of what is there; that is kept.")
    ] = False,
    url: Url = None,
    as_json: AsJson = False,
) -> None:
    """Put a backup in place. Nothing is sent from it until `db release`."""
    from adapters.cli.output import fail, settings_or_exit, show
    from adapters.wiring import operations
    from adapters.wiring.system import Unusable

    try:
        known = operations.check(file)
        data: dict[str, object] = {"file": str(file), "sha256": known.sha256, "revision": known.revision}
        if only_check:
            show(f"{file} is sound: revision {known.revision}, {known.size:,} bytes.", data, as_json=as_json)
            return
        before = operations.restore(file, url or settings_or_exit().database_url, replace=replace)
    except Unusable as error:
        fail(str(error), "Nothing was changed.")
    kept = f" What was there is kept as {before}." if before else ""
    show(
        f"Restored from {file}.{kept}\nNothing is sent until you say what of it is still wanted: `mlops-coach db release`.",
        {**data, "before": before and str(before), "held": True},
        as_json=as_json,
    )


@app.command()
def release(
    send: Annotated[
        bool, typer.Option("--send/--skip", help="Send what waits, or end what was due by now without sending it.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    url: Url = None,
    as_json: AsJson = False,
) -> None:
    """Let messages be sent again after a restore; what was due meanwhile is ended unless --send is said."""
    from adapters.cli.output import fail, settings_or_exit, show
    from adapters.wiring import operations
    from adapters.wiring.system import Unusable

    settings = settings_or_exit()
    address = url or settings.database_url
    try:
        hold = operations.held(address)
        if hold is None:
            show("Nothing is held.", {"held": False, "ended": 0}, as_json=as_json)
            return
        if not yes:
            what = "What waits is sent, also what people may have got already" if send else "What was due is not sent"
            typer.confirm(
                f"{hold.reason}, held since {hold.since:%Y-%m-%d %H:%M} UTC. {what}. Go on?", abort=True, err=True
            )
        ended = operations.release(address, send=send, folder=settings.backups)
    except Unusable as error:
        fail(str(error), ADVICE)
    show(f"Messages are sent again; {ended} were ended unsent.", {"held": False, "ended": ended}, as_json=as_json)
