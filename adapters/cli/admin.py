"""``admin``: what an operator does to a running service."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from adapters.wiring.operations import Line

app = typer.Typer(help="Look after the service.", no_args_is_help=True, rich_markup_mode=None)


@app.callback()
def admin() -> None:
    """Look after the service."""


@app.command()
def deliveries(
    replay: Annotated[
        list[int] | None, typer.Option("--replay", help="Send this one again, by its number; may be given repeatedly.")
    ] = None,
    drop: Annotated[
        list[int] | None, typer.Option("--drop", help="Give this one up, by its number; may be given repeatedly.")
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    url: Annotated[str | None, typer.Option("--database", help="Address; MLOPS_DATABASE_URL if not given.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """List what waits for its turn, and the messages that are parked, in doubt or stuck; send them again, or give them up."""
    from adapters.cli.output import FOUND, MISUSED, fail, settings_or_exit
    from adapters.wiring import operations
    from adapters.wiring.system import Unusable

    again, away = replay or [], drop or []
    if set(again) & set(away):
        fail("One number cannot be both replayed and dropped.", code=MISUSED)
    address = url or settings_or_exit().database_url
    try:
        if not again and not away:
            _list(address, as_json=as_json)
            return
        found = {one.id: one for one in operations.troubles(address)}
        doubtful = [id for id in again if id in found and found[id].state == "in doubt"]
        textless = [id for id in again if id in found and found[id].is_textless]
        if textless:
            typer.echo(
                f"Cannot be sent again, for the text is deleted 14 days after it was due: {', '.join(map(str, textless))}. "
                "They can be dropped.",
                err=True,
            )
            again = [id for id in again if id not in textless]
        if not again and not away:
            raise typer.Exit(FOUND)
        if not yes:
            typer.echo(f"Send again: {len(again)}. Give up: {len(away)}.", err=True)
            if doubtful:
                typer.echo(f"May be there already, and would come twice: {', '.join(map(str, doubtful))}.", err=True)
            typer.confirm("Go on?", abort=True, err=True)
        replayed = operations.replay(address, again) if again else []
        dropped = operations.drop(address, away) if away else []
    except Unusable as error:
        fail(str(error), "Check the address, and that the database server runs.")
    _report(sorted({*again, *away} - {*replayed, *dropped}), replayed, dropped, as_json=as_json)


@app.command(name="slack-link")
def slack_link(
    workspace: Annotated[
        str | None,
        typer.Option("--workspace", help="One of the company, by id, team or platform; needed when there are several."),
    ] = None,
    url: Annotated[str | None, typer.Option("--database", help="Address; MLOPS_DATABASE_URL if not given.")] = None,
) -> None:
    """Make a link that installs Slack in one more workspace of the same company. It is good once, for a day."""
    from adapters.cli.output import fail, settings_or_exit
    from adapters.wiring import people
    from adapters.wiring.system import Unusable

    settings = settings_or_exit()
    if settings.slack_client_id is None or not settings.public_url:
        fail("Slack is not installed by links here.", "See docs/howto/slack-many.md.")
    try:
        typer.echo(people.slack_link(url or settings.database_url, workspace, settings.public_url))
    except Unusable as error:
        fail(str(error), "Check the address, and that the database server runs.")


def _list(address: str, *, as_json: bool) -> None:
    import msgspec

    from adapters.cli.output import print_table, show
    from adapters.wiring import operations

    found = operations.troubles(address)
    hold = operations.held(address)
    lines = operations.lines(address)
    if as_json:
        data = {
            "held": hold and hold.reason,
            "lanes": [msgspec.to_builtins(one) for one in lines],
            "deliveries": [msgspec.to_builtins(one) for one in found],
        }
        show("", data, as_json=True)
        return
    if hold is not None:
        typer.echo(
            f"Nothing is sent since {hold.since:%Y-%m-%d %H:%M} UTC: {hold.reason}. See `mlops-coach db release`."
        )
    now = datetime.now(UTC)
    for one in lines if hold is None else ():
        typer.echo(_waits(one, now))
    if not found:
        typer.echo("No message is parked, in doubt or stuck.")
        return
    rows = [
        [str(one.id), one.state, one.kind, one.to, one.workspace, str(one.attempts), _age(now, one.due_at), one.reason]
        for one in found
    ]
    print_table("Messages that need a look", ("id", "state", "kind", "to", "workspace", "tries", "due", "reason"), rows)


def _waits(one: Line, now: datetime) -> str:
    """What is known of a lane in which something is due: when its last message arrives, if it moves."""
    said = f"{one.name} ({one.platform}): {one.waiting:,} due"
    if not one.moves:
        return f"{said}, the oldest {_age(now, one.oldest_due)}; nothing was sent there in the last five minutes."
    rate = f"at most {one.per_minute:,} a minute, " if one.per_minute else ""
    return f"{said}; {rate}the last one goes about {one.ends_at:%H:%M} UTC."


def _report(untouched: list[int], replayed: list[int], dropped: list[int], *, as_json: bool) -> None:
    from adapters.cli.output import FOUND, show

    said = f"Sent again: {len(replayed)}. Given up: {len(dropped)}."
    if untouched:
        said += f" Not in trouble (any more), left as they are: {', '.join(map(str, untouched))}."
    show(said, {"replayed": replayed, "dropped": dropped, "untouched": untouched}, as_json=as_json)
    if untouched:
        raise typer.Exit(FOUND)


def _age(now: datetime, due: datetime) -> str:
    hours = (now - due).total_seconds() / 3600
    return (
        f"{hours * 60:.0f} min ago" if hours < 1 else f"{hours:.0f} h ago" if hours < 48 else f"{hours / 24:.0f} d ago"
    )
