"""Which pack the service teaches: the core, an overlay, or nothing while it is broken; and what is kept when that changes."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import create_engine

from adapters.wiring import foreign
from adapters.wiring.system import BrokenPack, open_catalogs
from content.loader import CORE, Compiled
from storage.schema import metadata
from storage.store import Store
from tests.content.samples import edited, write

NOW = datetime(2026, 11, 20, tzinfo=UTC)


@pytest.fixture
def store(tmp_path):
    engine = create_engine(f"sqlite:///{tmp_path / 'coach.db'}")
    metadata.create_all(engine)
    store = Store(engine)
    yield store
    store.close()
    engine.dispose()


def test_a_company_pack_is_taught_over_the_core(store):
    catalog = open_catalogs(store, CORE.parent / "example", NOW).active()
    assert catalog.pack.id == "example"
    assert "#ml-alerts" in catalog.lessons["example:lesson/where-our-alerts-go"].body
    assert "ten bins" in catalog.terms["core:term/population-stability-index"].note
    assert "core:lesson/models-fail-silently" in catalog.lessons


def test_a_pack_from_elsewhere_is_compiled_apart(store, tmp_path, monkeypatch):
    asked: list[Path] = []
    real = foreign.compile_apart

    def note(folder: Path) -> Compiled:
        asked.append(folder)
        return real(folder)

    monkeypatch.setattr(foreign, "compile_apart", note)
    folder = write(tmp_path / "pack", {})
    first = open_catalogs(store, folder, NOW).active().version
    assert open_catalogs(store, folder, NOW).active().version == first
    assert asked == [folder]  # the second time it came from the store


def test_the_old_version_stays_when_the_pack_changes_and_when_it_breaks(store, tmp_path):
    folder = write(tmp_path / "pack", {})
    old = open_catalogs(store, folder, NOW).active().version
    write(folder, edited("glossary/data.yaml", "One line about", "Another line about"))
    catalogs = open_catalogs(store, folder, NOW)
    assert catalogs.active().version != old
    assert catalogs.at(old).terms["core:term/skew"].short == "One line about skew."
    write(folder, edited("glossary/data.yaml", "[book]", "[bok]"))
    with pytest.raises(BrokenPack, match="1 errors in pack"):
        open_catalogs(store, folder, NOW)
    assert catalogs.at(old).version == old


def test_a_pack_that_does_not_come_back_is_not_taught(store, tmp_path, monkeypatch):
    def refuse(folder):
        raise foreign.Refused("it took more than 30 seconds")

    monkeypatch.setattr(foreign, "compile_apart", refuse)
    with pytest.raises(BrokenPack, match="it took more"):
        open_catalogs(store, write(tmp_path / "pack", {}), NOW)
