"""What the core asks of our own wording."""

from __future__ import annotations

from typing import Protocol

from bot.messages import Spans


class Texts(Protocol):
    """Wording by key, ``feature.name``; the source is ``content/texts/<feature>.md.j2``."""

    def render(self, key: str, /, **values: object) -> Spans:
        """Parse the wording with values as opaque tokens, so that no value can become markup.

        A value may be a string, a number, one span or a tuple of spans. Raises ``KeyError`` for an unknown key.
        """
        ...
