"""What a rule is: a code, its words, and a function from a pack to findings."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import NamedTuple

from content.problems import Path, Problem
from content.source import Source


class Finding(NamedTuple):
    """One place that breaks a rule: the item, what is wrong there, and the path of the field inside the item."""

    id: str
    message: str
    path: Path = ()
    fact: str = ""


class Rule(NamedTuple):
    """E codes stop a pack, W codes can be accepted with a reason. ``text`` is what the documentation says."""

    code: str
    text: str
    suggestion: str
    find: Callable[[Source], Iterable[Finding]]

    def problems(self, source: Source) -> list[Problem]:
        return [
            source.place(found.id).problem(self.code, found.id, found.message, self.suggestion, found.path, found.fact)
            for found in self.find(source)
        ]
