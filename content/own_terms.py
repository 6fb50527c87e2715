"""A company's own glossary entries in memory, found like those of the pack: names, plurals, typing slips, full text."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from functools import cached_property

from bot.domain.pack import Term
from bot.ports.glossary import OwnTerm
from content.search import FullText, Glossary, term_texts

Snapshot = tuple[int, Sequence[OwnTerm]]  # the revision of all of a company's entries together, and the entries


class OwnEntries:
    """Implements ``bot.ports.catalog.OwnEntries``: one company's entries as they were at ``revision``. Immutable."""

    def __init__(self, revision: int = 0, entries: Sequence[OwnTerm] = ()) -> None:
        self.revision = revision
        self.entries: Mapping[str, OwnTerm] = {one.id: one for one in entries}

    def define(self, words: str) -> tuple[str, Sequence[OwnTerm]]:
        if not self.entries:
            return "none", ()
        how, ids = self._glossary.find(words)
        return how, [self.entries[id] for id in ids]

    def search(self, words: str, limit: int) -> Sequence[OwnTerm]:
        return [self.entries[id] for id in self._text.best(words, limit)] if self.entries else ()

    @cached_property
    def _terms(self) -> dict[str, Term]:
        return {one.id: _term(one) for one in self.entries.values()}

    @cached_property
    def _text(self) -> FullText:
        return FullText((id, term_texts(term)) for id, term in self._terms.items())

    @cached_property
    def _glossary(self) -> Glossary:
        return Glossary(self._terms, self._text)


_NOTHING = OwnEntries()


class OwnTerms:
    """Every company's entries. A company that is not here has none; one that has just changed its entries is read again.

    What this process changes is out of memory from the commit on. What another process changes is noticed by
    :meth:`outdated`, so an old entry is shown for as long as the caller leaves between two of its looks.
    """

    def __init__(self) -> None:
        self._known: dict[str, OwnEntries] = {}
        self._changed: dict[str, int] = {}  # companies to read again, and the revision that is not to come back
        self._lock = threading.Lock()

    def of(self, tenant: str) -> OwnEntries | None:
        """None when it must be read from the store."""
        return None if tenant in self._changed else self._known.get(tenant, _NOTHING)

    def keep(self, tenant: str, revision: int, entries: Sequence[OwnTerm]) -> OwnEntries:
        """What a reader found. A reader that began before the change is not believed for longer than its own answer."""
        read = OwnEntries(revision, entries)
        with self._lock:
            if revision > self._changed.get(tenant, -1):
                self._known[tenant] = read
                self._changed.pop(tenant, None)
        return read

    def changed(self, tenant: str) -> None:
        """A transaction that changed this company's entries was committed."""
        with self._lock:
            self._changed[tenant] = self._known.get(tenant, _NOTHING).revision

    def outdated(self, revisions: Mapping[str, int]) -> list[str]:
        """The companies whose entries are not at these revisions: read them and :meth:`replace` them."""
        tenants = {*revisions, *self._known, *self._changed}
        return sorted(
            one
            for one in tenants
            if one in self._changed or self._known.get(one, _NOTHING).revision != revisions.get(one, 0)
        )

    def replace(self, read: Mapping[str, Snapshot]) -> None:
        """Take in what was read of the store, whatever was here."""
        with self._lock:
            for tenant, (revision, entries) in read.items():
                self._known[tenant] = OwnEntries(revision, entries)
                self._changed.pop(tenant, None)


def _term(one: OwnTerm) -> Term:
    return Term(
        id=one.id, rev=one.rev, term=one.term, short=one.short, plain=one.plain, precise="", owner="", reviewed=""
    )
