"""What an operator types: backup, restore, release, and the messages that need a look."""

import json
import re
from datetime import UTC, datetime, timedelta

import pytest
from typer.testing import CliRunner

from adapters.cli import app
from adapters.wiring import operations
from adapters.wiring.database import alone
from bot.domain.deliveries import Outgoing
from bot.ports.people import Member
from storage import backups
from storage.dialects import open_engine
from storage.parts import Parts
from storage.tenancy import Workspace, add_tenant, add_workspace
from storage.upgrade import head
from tests.prepared import database

NOW = datetime.now(UTC).replace(microsecond=0)


@pytest.fixture
def shell(tmp_path, monkeypatch):
    """``shell("db backup", ...)``: run it in a folder of its own over a database with one parked message."""
    monkeypatch.chdir(tmp_path)
    url = database(tmp_path / "coach.db")
    engine = open_engine(url)
    with engine.begin() as conn:
        conn.exec_driver_sql("CREATE TABLE IF NOT EXISTS alembic_version (version_num VARCHAR(32) PRIMARY KEY)")
        conn.exec_driver_sql("DELETE FROM alembic_version")
        conn.exec_driver_sql(f"INSERT INTO alembic_version VALUES ('{head()}')")
        add_tenant(conn, "acme", "Acme", "s", NOW)
        add_workspace(conn, Workspace(id="w", tenant="acme", platform="test", team="t", name="w"))
        parts = Parts(conn, "acme")
        parts.people.add_member(Member(id="ann", name="Ann Secret"), NOW)
        parts.people.add_account("a", "w", "ann", "u", "d")
        hour = timedelta(hours=1)
        parts.ledger.put([Outgoing(kind="note", subject="s", period="1", member="ann", due_at=NOW - hour)], NOW)
        (row,) = parts.dispatch.claim("w", "me", NOW, 1)
        parts.dispatch.end(row, "dead", "no such channel")
    engine.dispose()
    monkeypatch.setenv("MLOPS_DATABASE_URL", url)

    def run(words, *more, code=0, given=None):
        done = CliRunner().invoke(app, [*words.split(), *map(str, more)], input=given)
        assert done.exit_code == code, done.output
        return done.output

    return run


def test_back_up_check_restore_release(shell, tmp_path):
    made = json.loads(shell("db backup --json"))
    assert made["file"].startswith("backups/coach-")
    assert (tmp_path / f"{made['file']}.sha256").read_text().startswith(made["sha256"])
    assert "is sound" in shell("db restore --check", made["file"])
    assert "--replace" in shell("db restore", made["file"], code=1)
    assert "kept as" in shell("db restore --replace", made["file"])
    assert "nothing is sent since" in " ".join(shell("doctor", code=1).split())
    assert "Nothing is sent since" in shell("admin deliveries")
    shell("db release", code=1, given="n\n")
    assert "Nothing is sent since" in shell("admin deliveries")
    assert "sent again" in shell("db release --yes")
    assert "Nothing is held" in shell("db release")
    (tmp_path / made["file"]).write_bytes(b"broken")
    assert "checksum differs" in shell("db restore --check", made["file"], code=1)


def test_restore_is_refused_while_the_bot_runs(shell, tmp_path):
    shell("db backup", tmp_path / "b.db")
    with alone(f"sqlite:///{tmp_path / 'coach.db'}"):
        assert "Another process serves" in shell("db restore --replace", tmp_path / "b.db", code=1)


def test_an_upgrade_makes_a_backup_first(shell, tmp_path, monkeypatch):
    assert "up to date" in shell("db upgrade")
    assert not (tmp_path / "backups").exists()
    for module in (operations, backups):
        monkeypatch.setattr(module, "head", lambda: "0099")
    monkeypatch.setattr(operations, "apply", lambda _engine: None)
    assert "Backup: backups/before-0099-" in shell("db upgrade")
    shell("db upgrade --no-backup")
    assert len([*(tmp_path / "backups").glob("*.db")]) == 1


def test_an_upgrade_without_tools_says_so_and_goes_on(monkeypatch, postgres_database, tmp_path):
    url = postgres_database()
    operations.upgrade(url, tmp_path)
    monkeypatch.setenv("PATH", "")
    monkeypatch.setattr(operations, "head", lambda: "0099")
    monkeypatch.setattr(operations, "apply", lambda _engine: None)
    assert "pg_dump is not there" in str(operations.upgrade(url, tmp_path).without)


def test_parked_messages_are_listed_replayed_and_dropped(shell):
    listed = shell("admin deliveries")
    assert "no such channel" in listed
    assert "Secret" not in listed
    (one,) = json.loads(shell("admin deliveries --json"))["deliveries"]
    assert (one["state"], one["to"], one["kind"]) == ("parked", "ann", "note")
    shell("admin deliveries --replay", one["id"], code=1, given="n\n")
    assert "Sent again: 1" in shell("admin deliveries --yes --replay", one["id"])
    assert "Given up: 1" in shell("admin deliveries --yes --drop", one["id"])  # stuck: due an hour ago, and not sent
    assert "left as they are" in shell("admin deliveries --yes --drop", one["id"], code=1)
    assert "No message is parked" in shell("admin deliveries")
    assert "both" in shell("admin deliveries --drop 1 --replay 1", code=2)


def test_the_text_of_a_parked_message_is_deleted_after_two_weeks(shell, tmp_path):
    (parked,) = json.loads(shell("admin deliveries --json"))["deliveries"]
    engine = open_engine(f"sqlite:///{tmp_path / 'coach.db'}")
    with engine.begin() as conn:
        assert Parts(conn, "acme").dispatch.forget_texts(NOW - timedelta(hours=1)) == 0  # the message was due just then
        assert Parts(conn, "acme").dispatch.forget_texts(NOW) == 1
        assert Parts(conn, "acme").dispatch.forget_texts(NOW) == 0
    engine.dispose()
    assert "text deleted, no such channel" in json.loads(shell("admin deliveries --json"))["deliveries"][0]["reason"]
    told = shell(f"admin deliveries --yes --replay {parked['id']}", code=1)
    assert f"the text is deleted 14 days after it was due: {parked['id']}" in told
    assert "Given up: 1" in shell(f"admin deliveries --yes --drop {parked['id']}")


def test_what_waits_is_told_with_its_time_of_arrival(shell, tmp_path):
    """A wave of six hundred on Slack, at three hundred a minute, once the lane moves."""
    engine = open_engine(f"sqlite:///{tmp_path / 'coach.db'}")
    rows = [Outgoing(kind="note", subject=f"n{at}", period="1", member="ann", due_at=NOW) for at in range(601)]
    with engine.begin() as conn:
        Parts(conn, "acme").ledger.put(rows, NOW)
        conn.exec_driver_sql("UPDATE workspace SET platform = 'slack'")
    assert re.search(r"601 due, the oldest \d min ago; nothing was sent", shell("admin deliveries"))
    with engine.begin() as conn:
        parts = Parts(conn, "acme")
        (row,) = parts.dispatch.claim("w", "me", NOW, 1)
        parts.dispatch.sent(row, "m1", NOW)
    engine.dispose()
    assert "w (slack): 600 due; at most 300 a minute, the last one goes about" in shell("admin deliveries")
    (lane,) = json.loads(shell("admin deliveries --json"))["lanes"]
    ends = datetime.fromisoformat(lane["ends_at"]) - datetime.now(UTC)
    assert timedelta(minutes=1) < ends <= timedelta(minutes=3)


def test_whom_a_backup_brings_back_is_erased_again(shell, tmp_path):
    shell("db backup", tmp_path / "backups" / "b.db")
    engine = open_engine(f"sqlite:///{tmp_path / 'coach.db'}")
    with engine.begin() as conn:
        Parts(conn, "acme").privacy.erase("ann", "x-1", NOW + timedelta(hours=1))
        assert operations.note_erasures(conn, tmp_path / "backups") == 1
        assert operations.note_erasures(conn, tmp_path / "backups") == 0
    engine.dispose()
    shell("db restore --replace", tmp_path / "backups" / "b.db")
    with open_engine(f"sqlite:///{tmp_path / 'coach.db'}").connect() as conn:
        assert Parts(conn, "acme").people.member("ann") is None
        assert Parts(conn, "acme").privacy.is_erased("w", "u")


def test_people_come_and_go_as_a_list(shell, tmp_path):
    file = tmp_path / "people.csv"
    file.write_text("\ufeffaccount,name,team,manager\nu,Ann,Blue,v\nv,=Vic,Blue,\n", encoding="utf-8")
    assert "would change" in shell("people import", file)
    assert ",Blue," not in shell("people export")  # it was a rehearsal
    assert "Blue is led by v" in shell("people import --apply", file)
    assert "0 lines changed" in shell("people import --apply", file)
    shell("people export", tmp_path / "out.csv")
    assert (tmp_path / "out.csv").read_bytes().startswith(b"\xef\xbb\xbfaccount,")
    assert "v,'=Vic,Blue,v" in shell("people export")
    assert "0 lines changed" in shell("people import --apply", tmp_path / "out.csv")
    file.write_text("account,zone\nu,Moon\nw,UTC\n")
    assert "people.csv:2: Moon is no time zone" in shell("people import --apply", file, code=1)
    assert "w," not in shell("people export")
    file.write_bytes(b"account\n\xff\n")
    assert "not in UTF-8" in shell("people import", file, code=2)
    assert "cannot be read" in shell("people import", tmp_path / "none.csv", code=2)
    assert "--workspace" in shell("people export --workspace elsewhere", code=1)
