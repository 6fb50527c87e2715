"""Every version of the pack that is still in use."""

from __future__ import annotations

from collections.abc import Callable

from bot.domain.pack import Pack
from content.catalog import CompiledCatalog
from content.loader import decode


class Catalogs:
    """Implements ``bot.ports.catalog.Catalogs``. ``load`` gives the bytes of a version that is not in memory."""

    def __init__(self, pack: Pack, version: str, load: Callable[[str], bytes]) -> None:
        self._active = CompiledCatalog(pack, version)
        self._known = {version: self._active}
        self._load = load

    def active(self) -> CompiledCatalog:
        return self._active

    def at(self, version: str) -> CompiledCatalog:
        """The pack as it was at ``version``. Raises what ``load`` raises for a version that never was."""
        if version not in self._known:
            self._known[version] = CompiledCatalog(decode(self._load(version)), version)
        return self._known[version]
