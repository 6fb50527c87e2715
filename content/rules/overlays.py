"""Rules about company packs that extend another one."""

from __future__ import annotations

from collections.abc import Iterator

from content.kinds import items
from content.rules.rule import Finding, Rule
from content.source import Source


def dead_notes(source: Source) -> Iterator[Finding]:
    terms = {term.id for term in source.pack.terms}
    for id in source.notes:
        if id not in terms:
            yield Finding("pack.yaml", f"notes: there is no term {id}", ("notes",))


def dead_values(source: Source) -> Iterator[Finding]:
    declared = {variable.name for variable in source.pack.variables}
    for name in source.values:
        if name not in declared:
            yield Finding("pack.yaml", f"values: no variable is called {name!r}", ("values", name))


def foreign_items(source: Source) -> Iterator[Finding]:
    below = {item.id for item in items(source.base)} if source.base else set()
    for item in items(source.pack):
        if not item.id.startswith(f"{source.pack.id}:") and item.id not in below:
            yield Finding(item.id, f"{item.id} belongs to another pack, which has no such item", ("id",))


def old_overrides(source: Source) -> Iterator[Finding]:
    below = {item.id: item for item in items(source.base)} if source.base else {}
    for item in items(source.pack):
        was = below.get(item.id)
        if was is not None and was != item and item.rev <= was.rev and item.id not in source.notes:
            yield Finding(item.id, f"rev {item.rev} stands over rev {was.rev}", ("rev",))


RULES = (
    Rule("E191", "A note is for a term that is not there", "Correct the slug under `notes:`.", dead_notes),
    Rule("E192", "A value is for a variable that is not declared", "Correct the name, or declare it.", dead_values),
    Rule(
        "E193", "An item has the id of another pack", "Use a slug of your own, or an id that is there.", foreign_items
    ),
    Rule(
        "W240",
        "An override is not newer than what it replaces",
        "Compare it with the text below, then set `rev:` above that one's.",
        old_overrides,
    ),
)
