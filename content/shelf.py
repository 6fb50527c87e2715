"""The files of one pack, each taken down once; what cannot be read becomes a problem."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from content import front_matter, yaml_reader
from content.folder import Refused, files
from content.front_matter import Page
from content.problems import Problem
from content.yaml_reader import Document, Malformed

UNREADABLE, STRAY = "E101", "W290"

Parsed = TypeVar("Parsed", Document, Page)


class Shelf:
    """Reads text files within the limits of a whole pack; ``left`` is what nobody asked for."""

    def __init__(self, folder: Path) -> None:
        self.problems: list[Problem] = []
        self._nodes = yaml_reader.NODES_LIMIT
        try:
            self._files = {file.name: file for file in files(folder)}
        except Refused as refusal:
            self._files = {}
            self.refuse("pack.yaml", 1, str(refusal))

    @property
    def left(self) -> list[str]:
        return list(self._files)

    def document(self, name: str) -> Document | None:
        """A YAML file, or ``None`` when it is absent or cannot be read."""
        return self._parsed(name, yaml_reader.read)

    def page(self, name: str) -> Page | None:
        """A Markdown file with front matter, or ``None`` when it is absent or cannot be read."""
        return self._parsed(name, front_matter.split)

    def refuse(self, name: str, line: int, message: str) -> None:
        suggestion = "It is left out until this is put right."
        self.problems.append(Problem(UNREADABLE, name, line, name, message, suggestion))

    def strays(self) -> list[Problem]:
        """One warning for every file that is left."""
        suggestion = "Check the name of the file and of its folder."
        return [Problem(STRAY, name, 1, name, "nothing reads this file", suggestion) for name in self.left]

    def _parsed(self, name: str, parse: Callable[[str, int], Parsed]) -> Parsed | None:
        file = self._files.pop(name, None)
        if file is None:
            return None
        try:
            parsed = parse(file.text(), self._nodes)
        except Refused as refusal:
            self.refuse(name, 1, str(refusal))
        except Malformed as malformed:
            self.refuse(name, malformed.line, malformed.message)
        else:
            self._nodes -= len(parsed.lines)
            return parsed
        return None
