"""Wake-ups between processes on PostgreSQL: LISTEN and NOTIFY. They save waiting for the poll, and nothing depends on them."""

from __future__ import annotations

import logging
import secrets
import threading
from collections.abc import Callable
from typing import Any

from sqlalchemy import Connection, Engine, text

CHANNEL = "mlops_coach_due"
LISTEN_SECONDS = 0.5  # how often a listener looks whether it is to stop
AGAIN_SECONDS = 1.0  # until a connection that was lost is tried again
GATHER_SECONDS = 0.02  # a burst of commits is one notification
log = logging.getLogger(__name__)


class Wakeups:
    """Tells other processes that something is due, and calls ``on_wake`` when one of them says so.

    A notification is sent after the commit and on a connection of its own: inside a transaction it would let commits wait for one another.
    One that is lost with its process is made up for by the poll. SQLite has one process: there it does nothing.
    """

    def __init__(self, engine: Engine) -> None:
        self.on_wake: Callable[[], None] = lambda: None
        self._engine = engine
        self._name = secrets.token_hex(8)
        self._due, self._closed = threading.Event(), threading.Event()
        self._threads: list[threading.Thread] = []

    def start(self, *, listen: bool) -> None:
        """Begin to tell, and to listen if this process sends."""
        if self._engine.dialect.name == "sqlite":
            return
        work = [self._tell, self._listen] if listen else [self._tell]
        self._threads = [threading.Thread(target=one, name=f"store{one.__name__}", daemon=True) for one in work]
        for thread in self._threads:
            thread.start()

    def tell(self) -> None:
        """Something was committed that may be due; returns at once."""
        self._due.set()

    def close(self) -> None:
        self._closed.set()
        self._due.set()
        for thread in self._threads:
            thread.join()

    def _tell(self) -> None:
        while not self._closed.is_set():
            self._due.wait()
            self._closed.wait(GATHER_SECONDS)
            self._due.clear()
            try:
                with self._engine.begin() as conn:
                    conn.execute(text("SELECT pg_notify(:channel, :name)"), {"channel": CHANNEL, "name": self._name})
            except Exception as error:  # noqa: BLE001 - the poll of the others finds it
                log.warning("a wake-up could not be sent", extra={"reason": type(error).__name__})

    def _listen(self) -> None:
        while not self._closed.is_set():
            try:
                with self._engine.connect() as conn:
                    self._hear(conn)
            except Exception as error:  # noqa: BLE001 - whatever it was, listen again
                log.warning("the listener was lost and listens again", extra={"reason": type(error).__name__})
                self._closed.wait(AGAIN_SECONDS)

    def _hear(self, conn: Connection) -> None:
        driver: Any = conn.connection.driver_connection
        conn.detach()  # not one of the pool's any more: nobody else gets a connection that listens
        driver.autocommit = True
        driver.execute(f"LISTEN {CHANNEL}")
        self.on_wake()  # for whatever was said while nobody listened
        while not self._closed.is_set():
            for heard in driver.notifies(timeout=LISTEN_SECONDS, stop_after=1):
                if heard.payload != self._name:
                    self.on_wake()
