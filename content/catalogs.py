"""Every version of the pack that is still in use."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache

from bot.ports.glossary import OwnTerm
from content.catalog import CompiledCatalog
from content.loader import decode
from content.own_terms import OwnEntries, OwnTerms


class Catalogs:
    """Implements ``bot.ports.catalog.Catalogs``. ``load`` gives the bytes of a version that is not in memory.

    Raises what :func:`content.loader.decode` raises for ``body``, the bytes of the active version.
    """

    def __init__(self, version: str, body: bytes, load: Callable[[str], bytes]) -> None:
        self._active = _catalog(version, body)
        self._known = {version: self._active}
        self._load = load
        self.own_terms = OwnTerms()

    def active(self) -> CompiledCatalog:
        return self._active

    def own(self, tenant: str) -> OwnEntries | None:
        return self.own_terms.of(tenant)

    def keep_own(self, tenant: str, revision: int, entries: Sequence[OwnTerm]) -> OwnEntries:
        return self.own_terms.keep(tenant, revision, entries)

    def at(self, version: str) -> CompiledCatalog:
        """The pack as it was at ``version``. Raises what ``load`` raises for a version that never was."""
        if version not in self._known:
            self._known[version] = _catalog(version, self._load(version))
        return self._known[version]


@lru_cache(maxsize=4)
def _catalog(version: str, body: bytes) -> CompiledCatalog:
    """Nothing changes a catalogue, so whoever asks in this process for the same bytes shares it and its indexes."""
    return CompiledCatalog(decode(body), version)
