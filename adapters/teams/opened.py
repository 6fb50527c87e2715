"""Forms we have shown lately, so that one with mistakes can be shown again as it was filled in."""

from __future__ import annotations

from collections import OrderedDict

from bot.messages import Form, Message

KEPT = 2_000


class OpenedForms:
    """In memory only: after a restart a mistake is told in words, and the form stays as it is on the screen."""

    def __init__(self) -> None:
        self._forms: OrderedDict[tuple[str, str, str], Form] = OrderedDict()

    def note(self, account: str, message: Message) -> Message:
        """Remember the forms of a message that is about to be shown; returns the message."""
        for block in message.blocks:
            if isinstance(block, Form):
                self._forms[account, block.id, block.ref] = block
                self._forms.move_to_end((account, block.id, block.ref))
        while len(self._forms) > KEPT:
            self._forms.popitem(last=False)
        return message

    def find(self, account: str, form: str, ref: str) -> Form | None:
        return self._forms.get((account, form, ref))
