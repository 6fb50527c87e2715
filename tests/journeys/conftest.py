"""Journeys on every surface: the neutral one always, each platform's own with ``--long``."""

from __future__ import annotations

import pytest

from tests.journeys.surfaces import SURFACES, Surface


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """A test that asks for ``surface`` runs without one, and at full length on each; ``any_surface`` is each, always."""
    if "surface_name" in metafunc.fixturenames:
        every = metafunc.config.getoption("--long")
        metafunc.parametrize("surface_name", ["neutral", *(SURFACES if every else ())], indirect=True)
    if "any_surface_name" in metafunc.fixturenames:
        metafunc.parametrize("any_surface_name", list(SURFACES))


@pytest.fixture
def surface_name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def surface(surface_name: str) -> Surface | None:
    return SURFACES[surface_name]() if surface_name in SURFACES else None


@pytest.fixture
def any_surface(any_surface_name: str) -> Surface:
    return SURFACES[any_surface_name]()
