"""What is read, changed and written back as a whole: of two who change different parts of it at once, both are kept."""

import time
from concurrent.futures import ThreadPoolExecutor

import msgspec
import pytest
from sqlalchemy import text

from bot.domain.settings import TenantSettings
from storage import lessons, people, settings
from storage.dialects import open_engine
from storage.parts import Parts
from tests.storage.conftest import learner

WAITS = text("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'")


def _save(parts, **changed):
    parts.lessons.save(msgspec.structs.replace(parts.lessons.learner("ann", held=True), **changed))


def _settings(parts):
    found = parts.people.settings()
    return found.retention, found.group_floor


def _facts(parts):
    return parts.people.flag("ann", "one"), parts.people.flag("ann", "two")


def _learner(parts):
    found = parts.lessons.learner("ann")
    return found.minute, found.paused


# By what is written back: one change, another one, what is then read, and where the guard is.
DOCUMENTS = {
    "settings": (
        lambda parts: parts.people.change_settings(retention=0.85),
        lambda parts: parts.people.change_settings(group_floor=9),
        (_settings, (0.85, 9)),
        (settings, "_HELD", lambda: settings._SETTINGS),
    ),
    "facts": (
        lambda parts: parts.people.set_flag("ann", "one", 1),
        lambda parts: parts.people.set_flag("ann", "two", 2),
        (_facts, (1, 2)),
        (people.People, "_flags", lambda: _unheld),
    ),
    "learner": (
        lambda parts: _save(parts, minute=600),
        lambda parts: _save(parts, paused=True),
        (_learner, (600, True)),
        (lessons, "_HELD", lambda: lessons._LEARNERS),
    ),
}
_flags = people.People._flags


def _unheld(self, member_id, *, held=False):
    return _flags(self, member_id)


@pytest.fixture
def engine(emptied):
    made = open_engine(emptied())
    with made.begin() as conn:
        Parts(conn, "acme").lessons.save(learner())
    yield made
    made.dispose()


def raced(engine, first, second):
    """One has written and not committed when the other one reads; it commits once that one waits for it."""

    def later():
        with engine.begin() as conn:
            second(Parts(conn, "acme"))

    with ThreadPoolExecutor(1) as pool:
        with engine.begin() as conn:
            first(Parts(conn, "acme"))
            other, deadline = pool.submit(later), time.monotonic() + 20
            with engine.connect() as watching:
                while not watching.execute(WAITS).scalar() and time.monotonic() < deadline:
                    watching.rollback()
                    time.sleep(0.005)
        other.result(20)


@pytest.mark.parametrize("document", DOCUMENTS)
@pytest.mark.parametrize("guarded", [True, False], ids=["guarded", "control"])
def test_two_changes_at_once_are_both_kept(engine, document, guarded, monkeypatch):
    first, second, (read, both), (where, name, off) = DOCUMENTS[document]
    if not guarded:
        monkeypatch.setattr(where, name, off())
    raced(engine, first, second)
    with engine.connect() as conn:
        assert (read(Parts(conn, "acme")) == both) is guarded


def test_a_setting_of_a_newer_version_outlasts_a_change(parts):
    newer = {**msgspec.to_builtins(TenantSettings()), "unheard_of": 3}
    parts.conn.execute(settings._CHANGE, {"of_tenant": "acme", "to": newer})
    parts.people.change_settings(group_floor=6)
    stored = parts.conn.execute(settings._SETTINGS, {"of_tenant": "acme"}).scalar_one()
    assert (stored["unheard_of"], stored["group_floor"]) == (3, 6)


def test_a_setting_that_cannot_be_is_not_kept(parts):
    with pytest.raises(ValueError, match="at least 4"):
        parts.people.change_settings(group_floor=3)
    assert parts.people.settings().group_floor == 5
