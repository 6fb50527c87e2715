"""What is wrong with a pack, where exactly, and what to do about it."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

Path = tuple[str | int, ...]


class Problem(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One finding. Codes that begin with E stop a pack, codes that begin with W can be accepted with a reason."""

    code: str
    file: str
    line: int
    id: str
    message: str
    suggestion: str
    fact: str = ""  # the fact of facts.yaml that is touched, where one is

    @property
    def is_error(self) -> bool:
        return self.code.startswith("E")

    def as_line(self) -> str:
        """One line as compilers write it, so that editors can jump there."""
        return f"{self.file}:{self.line}: {self.code} {self.id}: {self.message}. {self.suggestion}"


class Place(msgspec.Struct, frozen=True):
    """Where a value stands: a file, and the line of every path inside it; ``base`` is the path of the value itself."""

    file: str
    lines: Mapping[Path, int] = {}
    base: Path = ()

    def at(self, *path: str | int) -> Place:
        return Place(self.file, self.lines, self.base + path)

    def line(self, *path: str | int) -> int:
        """The line of ``path``, or of the nearest thing around it that has one."""
        whole = self.base + path
        for length in range(len(whole), -1, -1):
            if (line := self.lines.get(whole[:length])) is not None:
                return line
        return 1

    def problem(
        self, code: str, subject: str, message: str, suggestion: str, path: Path = (), fact: str = ""
    ) -> Problem:
        return Problem(code, self.file, self.line(*path), subject, message, suggestion, fact)
