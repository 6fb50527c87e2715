"""Transactions on threads: one writer with group commit on SQLite, a pool on PostgreSQL, inline in unit tests."""

from __future__ import annotations

import contextlib
import itertools
import queue
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, Protocol, TypeVar

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import OperationalError, SQLAlchemyError

from bot.errors import NotSaved, OutcomeUnknown
from bot.ports.store import Parts as PartsPort
from storage.dialects import begin_to_read, limited
from storage.parts import Parts
from storage.wakeups import Wakeups

T = TypeVar("T")
Task = Callable[[Connection], Any]

READERS = 3
AT_ONCE, BACKGROUND_AT_ONCE = 4, 2  # transactions of one process on PostgreSQL
BATCH_SECONDS = 0.020  # the longest one transaction goes on taking work
LOCK_SECONDS = 0.2  # the longest what a person waits for waits for a lock on PostgreSQL
STATEMENT_SECONDS = 0.5  # the longest one statement of it runs
URGENT, BACKGROUND = 0, 1


class Executor(Protocol):
    """Runs tasks in transactions and completes their futures after the commit."""

    @property
    def engines(self) -> tuple[Engine, ...]:
        """Those beside the store's."""
        ...

    def write(self, task: Task, *, urgent: bool) -> Future[Any]: ...

    def read(self, task: Task) -> Future[Any]: ...

    def look(self, task: Task) -> Any:
        """Read on the caller's own thread."""
        ...

    def close(self) -> None: ...


class Store:
    """The store of the core, over one engine. ``on_wake`` is called after a commit that put rows into the ledger."""

    def __init__(self, engine: Engine, executor: Executor | None = None) -> None:
        self.engine = engine
        self.on_wake: Callable[[], None] = lambda: None
        self.wakeups = Wakeups(engine)
        self.on_terms: Callable[[str], None] = lambda _tenant: None  # after a commit that changed a company's entries
        self._executor = executor or executor_for(engine)

    def write(self, tenant: str, work: Callable[[PartsPort], T], *, urgent: bool = True) -> Future[T]:
        """Run ``work`` in a write transaction. Cancelling the future before it began drops it unrun."""
        woken, changed = [], []

        def task(conn: Connection) -> T:
            parts = Parts(conn, tenant)
            result = work(parts)
            if parts.woken:
                woken.append(True)
            if parts.glossary.has_changed:
                changed.append(True)
            return result

        future: Future[T] = self._executor.write(task, urgent=urgent)
        future.add_done_callback(lambda _: self._woken() if woken else None)
        future.add_done_callback(lambda _: self.on_terms(tenant) if changed else None)
        return future

    def _woken(self) -> None:
        self.wakeups.tell()
        self.on_wake()

    def read(self, tenant: str, work: Callable[[PartsPort], T]) -> Future[T]:
        return self._executor.read(lambda conn: work(Parts(conn, tenant)))

    def transact(self, task: Callable[[Connection], T], *, urgent: bool = True) -> Future[T]:
        """A write across tenants, for the ledger's and the playground's own transactions."""
        return self._executor.write(task, urgent=urgent)

    def look(self, task: Callable[[Connection], T]) -> Future[T]:
        """A read across tenants."""
        return self._executor.read(task)

    def look_here(self, task: Callable[[Connection], T]) -> T:
        """The same on the caller's own thread: a handler that waited for another of our threads could wait for ever."""
        found: T = self._executor.look(task)
        return found

    @property
    def engines(self) -> tuple[Engine, ...]:
        """Every engine that transactions run on."""
        return (self.engine, *self._executor.engines)

    @property
    def is_shared(self) -> bool:
        """Whether other processes may use this database; with SQLite a process is the only one."""
        return self.engine.dialect.name != "sqlite"

    def close(self) -> None:
        self._executor.close()
        self.wakeups.close()
        self.engine.dispose()


def executor_for(engine: Engine) -> Executor:
    return GroupCommit(engine) if engine.dialect.name == "sqlite" else Pool(engine)


class Inline:
    """Everything at once on the caller's thread, for unit tests on one connection."""

    engines: tuple[Engine, ...] = ()

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def write(self, task: Task, *, urgent: bool) -> Future[Any]:  # noqa: ARG002 - everything is at once here
        return _completed(self._engine, task)

    def read(self, task: Task) -> Future[Any]:
        return _completed(self._engine, task)

    def look(self, task: Task) -> Any:
        return self.read(task).result()

    def close(self) -> None:
        pass


class Pool:
    """PostgreSQL: one transaction a task, on a few threads. Urgent tasks never wait for locks longer than 200 ms."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._limited = limited(engine, lock=LOCK_SECONDS, statement=STATEMENT_SECONDS, pool_size=AT_ONCE)
        self.engines = (self._limited,)
        self._urgent = ThreadPoolExecutor(AT_ONCE, "store")
        self._background = ThreadPoolExecutor(BACKGROUND_AT_ONCE, "store-background")

    def write(self, task: Task, *, urgent: bool = True) -> Future[Any]:
        if urgent:
            return self._urgent.submit(_transact, self._limited, task)
        return self._background.submit(_transact, self._engine, task)

    def read(self, task: Task) -> Future[Any]:
        return self._urgent.submit(_read, self._limited, task)

    def look(self, task: Task) -> Any:
        return _read(self._engine, task)

    def close(self) -> None:
        self._urgent.shutdown()
        self._background.shutdown()
        self._limited.dispose()


def _read(engine: Engine, task: Task) -> Any:
    try:
        with engine.begin() as conn:
            return task(conn)
    except OperationalError as error:
        raise NotSaved(str(error)) from error


def _transact(engine: Engine, task: Task) -> Any:
    is_committing = False
    try:
        with engine.begin() as conn:
            result = task(conn)
            is_committing = True
    except OperationalError as error:
        # Before the commit it was a lock or a connection that was not to be had: the same call may go through.
        raise (OutcomeUnknown if is_committing else NotSaved)(str(error)) from error
    return result


class _Item:
    """A queued write."""

    __slots__ = ("error", "future", "result", "task")

    def __init__(self, task: Task) -> None:
        self.task = task
        self.future: Future[Any] = Future()
        self.result: Any = None
        self.error: BaseException | None = None

    def tell(self) -> None:
        if self.error is None:
            self.future.set_result(self.result)
        else:
            self.future.set_exception(self.error)


class GroupCommit:
    """SQLite: one writer thread, on the store's own engine. It takes what is already queued, runs each task in a savepoint and commits once."""

    engines: tuple[Engine, ...] = ()

    def __init__(self, engine: Engine, readers: int = READERS) -> None:
        self._engine = engine
        self._readers = ThreadPoolExecutor(readers, "store-reader")
        self._queue: queue.PriorityQueue[tuple[int, int, _Item | None]] = queue.PriorityQueue()
        self._order = itertools.count()
        self._closed = threading.Event()
        self._conn: Connection | None = None  # the writer's own: taking one from the pool costs as much as a statement
        self._thread = threading.Thread(target=self._serve, name="store-writer", daemon=True)
        self._thread.start()

    def write(self, task: Task, *, urgent: bool = True) -> Future[Any]:
        item = _Item(task)
        if self._closed.is_set():
            item.error = NotSaved("the store is closed")
            item.tell()
            return item.future
        self._queue.put((URGENT if urgent else BACKGROUND, next(self._order), item))
        return item.future

    def read(self, task: Task) -> Future[Any]:
        return self._readers.submit(self.look, task)

    def close(self) -> None:
        self._closed.set()
        self._queue.put((BACKGROUND + 1, next(self._order), None))
        self._thread.join()
        self._readers.shutdown()

    def look(self, task: Task) -> Any:
        with self._engine.connect() as conn:
            begin_to_read(conn)
            with conn.begin():
                return task(conn)

    def _serve(self) -> None:
        while True:
            _, _, item = self._queue.get()
            if item is None:
                self._let_go()
                return
            if not item.future.cancelled():
                self._commit(item)

    def _commit(self, first: _Item) -> None:
        """One transaction. A task has begun only when the database took our BEGIN: until then its waiter may drop it."""
        ran: list[_Item] = []
        try:
            conn = self._conn = self._conn or self._engine.connect()
            with conn.begin():
                for item in itertools.chain([first], self._waiting(time.monotonic() + BATCH_SECONDS)):
                    if item.future.set_running_or_notify_cancel():
                        ran.append(item)
                        _run_in_savepoint(conn, item)
        except Exception as error:  # noqa: BLE001  the whole batch is undone, and every waiter is told
            self._let_go()
            if not ran and first.future.set_running_or_notify_cancel():
                ran.append(first)
            for item in ran:
                item.error = NotSaved(str(error))
                item.error.__cause__ = error
        for item in ran:
            item.tell()

    def _let_go(self) -> None:
        """Give the connection back; after trouble the next transaction has another one, or the same made clean."""
        conn, self._conn = self._conn, None
        if conn is not None:
            with contextlib.suppress(Exception):
                conn.close()

    def _waiting(self, until: float) -> Any:
        """What is queued already, never waiting for more, until the time is used up."""
        while time.monotonic() < until:
            try:
                entry = self._queue.get_nowait()
            except queue.Empty:
                return
            item = entry[2]
            if item is None:  # closing: finish this batch first
                self._queue.put(entry)
                return
            yield item


def _run_in_savepoint(conn: Connection, item: _Item) -> None:
    """An exception in a task undoes its savepoint only; a transaction that has ended fails the batch."""
    driver: Any = (
        conn.connection.driver_connection
    )  # asked three times a task, and five times as fast as through the engine
    driver.execute("SAVEPOINT task")
    try:
        item.result = item.task(conn)
    except SQLAlchemyError as error:
        if not _is_open(conn):
            raise
        driver.execute("ROLLBACK TO task")
        item.error = error
    except Exception as error:  # noqa: BLE001  a handler's defect or refusal; its waiter is told
        driver.execute("ROLLBACK TO task")
        item.error = error
    driver.execute("RELEASE task")


def _is_open(conn: Connection) -> bool:
    driver = conn.connection.driver_connection
    return bool(driver is not None and driver.in_transaction)


def _completed(engine: Engine, task: Task) -> Future[Any]:
    future: Future[Any] = Future()
    try:
        with engine.begin() as conn:
            future.set_result(task(conn))
    except Exception as error:  # noqa: BLE001  the future carries it
        future.set_exception(error)
    return future
