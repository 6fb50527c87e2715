"""First statistics of tables that have just filled.

PostgreSQL's planner takes a table for empty until its own first look, up to a minute after the first rows. A company that fills
its tables faster, by an import or on its first morning, would wait for plans that read everybody to find one.
"""

from __future__ import annotations

from sqlalchemy import Connection, text

from storage.dialects import is_sqlite, try_alone
from storage.schema import metadata

FEW = 50  # rows, from which PostgreSQL itself would look

_UNKNOWN = text(
    "SELECT relname FROM pg_stat_user_tables WHERE schemaname = current_schema() AND last_analyze IS NULL"
    " AND last_autoanalyze IS NULL AND n_live_tup >= :few ORDER BY relname"
)


def gather(conn: Connection) -> list[str]:
    """Take them where there are none yet; the names of those tables. Later ones are the database's own business."""
    if is_sqlite(conn) or not try_alone(conn, "statistics"):
        return []
    found = [name for name in conn.execute(_UNKNOWN, {"few": FEW}).scalars() if name in metadata.tables]
    for name in found:
        conn.execute(text(f"ANALYZE {name}"))
    return found
