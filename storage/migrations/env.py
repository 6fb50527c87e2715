"""Alembic's entry: runs migrations on the connection it is given, and writes new ones without importing our types."""

import importlib
import pkgutil
from typing import Any, Literal

from alembic import context
from sqlalchemy.types import BigInteger, TypeDecorator

import storage
from storage.schema import Instant, RowId, metadata

for module in pkgutil.iter_modules(storage.__path__):  # every table, whoever else imports it
    importlib.import_module(f"storage.{module.name}")


def _render(kind: str, item: Any, _written: Any) -> str | Literal[False]:
    """A migration outlives the code of its day, so it names plain column types only."""
    if kind != "type":
        return False
    if item is RowId or (isinstance(item, BigInteger) and item._variant_mapping):
        return 'sa.BigInteger().with_variant(sa.Integer(), "sqlite")'
    if isinstance(item, TypeDecorator):
        return "sa.BigInteger()" if isinstance(item, Instant) else "sa.String(10)"
    return False


context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_item=_render,
    user_module_prefix="",
)
with context.begin_transaction():
    context.run_migrations()
