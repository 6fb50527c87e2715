"""A Markdown file with YAML front matter, taken apart."""

from __future__ import annotations

from typing import NamedTuple

from content.problems import Path
from content.yaml_reader import NODES_LIMIT, Document, Malformed, read

_FENCE = "---"


class Page(NamedTuple):
    """The fields above the second fence and the Markdown below it."""

    fields: Document
    body: str
    body_line: int

    @property
    def lines(self) -> dict[Path, int]:
        """The line of every path, the body's among them."""
        return {**self.fields.lines, ("body",): self.body_line}


def split(text: str, nodes: int = NODES_LIMIT) -> Page:
    """Take a page apart. Raises :class:`Malformed` when a fence is missing or the YAML is not allowed."""
    lines = text.split("\n")
    if lines[0].rstrip() != _FENCE:
        raise Malformed(1, "the first line must be ---")
    end = next((at for at, line in enumerate(lines[1:], 1) if line.rstrip() == _FENCE), None)
    if end is None:
        raise Malformed(1, "the front matter has no closing --- line")
    fields = read("\n".join(lines[1:end]), nodes, first_line=2)
    return Page(fields, "\n".join(lines[end + 1 :]).strip(), end + 2)
