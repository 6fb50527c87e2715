"""A company's own entries in memory: found like the pack's, and never older than the last commit that is known of."""

from collections.abc import Mapping
from typing import Any

from bot.ports.glossary import OwnTerm
from content.own_terms import OwnEntries, OwnTerms

ENTRIES = [
    OwnTerm(id="own:golden set", term="Golden set", short="Cases people agreed on.", rev=1),
    OwnTerm(id="own:flag", term="Flag", short="A *switch* for a release.", plain="On or off.", rev=2),
]


def found(own: OwnEntries, words: str) -> tuple[str, list[str]]:
    how, entries = own.define(words)
    return how, [one.term for one in entries]


def test_they_are_found_by_name_plural_slip_and_what_they_say() -> None:
    own = OwnEntries(3, ENTRIES)
    assert found(own, "what is a GOLDEN  set?") == ("exact", ["Golden set"])
    assert found(own, "flags") == ("exact", ["Flag"])
    assert found(own, "goldne set") == ("near", ["Golden set"])
    assert found(own, "release switch") == ("text", ["Flag"])
    assert found(own, "nothing of the kind") == ("none", [])
    assert [one.term for one in own.search("agreed cases", 4)] == ["Golden set"]
    assert found(OwnEntries(), "flag") == ("none", [])
    assert OwnEntries().search("flag", 4) == ()


def entries(known: OwnTerms, tenant: str) -> Mapping[str, Any]:
    """What is in memory of a company, which must be there."""
    found = known.of(tenant)
    assert found is not None
    return found.entries


def test_a_company_without_entries_needs_no_reading_and_a_changed_one_does() -> None:
    known = OwnTerms()
    assert known.of("acme") is not None
    known.changed("acme")
    assert known.of("acme") is None
    assert known.keep("acme", 3, ENTRIES).entries.keys() == {"own:golden set", "own:flag"}
    assert entries(known, "acme")["own:flag"].rev == 2
    assert not entries(known, "other")


def test_a_reader_that_began_before_the_change_does_not_bring_the_old_entries_back() -> None:
    known = OwnTerms()
    known.replace({"acme": (1, ENTRIES[:1])})
    known.changed("acme")
    assert len(known.keep("acme", 1, ENTRIES[:1]).entries) == 1  # an answer of its own
    assert known.of("acme") is None
    known.keep("acme", 3, ENTRIES)
    assert len(entries(known, "acme")) == 2
    # The control: without being told of the change, what the slow reader brings stays.
    untold = OwnTerms()
    untold.replace({"acme": (1, ENTRIES[:1])})
    untold.keep("acme", 1, ENTRIES[:1])
    assert len(entries(untold, "acme")) == 1


def test_what_another_process_changed_is_outdated_by_its_revision() -> None:
    known = OwnTerms()
    known.replace({"acme": (1, ENTRIES[:1]), "gone": (2, ENTRIES[1:])})
    assert known.outdated({"acme": 1, "gone": 2}) == []
    assert known.outdated({"acme": 3, "new": 1}) == ["acme", "gone", "new"]
    known.replace({"acme": (3, ENTRIES), "gone": (0, []), "new": (1, ENTRIES[:1])})
    assert known.outdated({"acme": 3, "new": 1}) == []
    known.changed("new")
    assert known.outdated({"acme": 3, "new": 1}) == ["new"]
