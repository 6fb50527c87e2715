"""``db``: the database's schema."""

from __future__ import annotations

from typing import Annotated

import typer

app = typer.Typer(help="The database.", no_args_is_help=True, rich_markup_mode=None)


@app.command()
def upgrade(
    url: Annotated[str | None, typer.Option("--database", help="Address; MLOPS_DATABASE_URL if not given.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Bring the database to the schema of this release."""
    from adapters.cli.output import fail, settings_or_exit, show
    from adapters.wiring import database
    from adapters.wiring.system import Unusable

    try:
        before, now = database.upgrade(url or settings_or_exit().database_url)
    except Unusable as error:
        fail(str(error), "Check the address, and that the database server runs.")
    done = "is up to date" if before == now else f"upgraded from {before or 'nothing'}"
    show(f"The database {done}, revision {now}.", {"before": before, "now": now}, as_json=as_json)
