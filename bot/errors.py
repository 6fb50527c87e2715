"""The errors that mean something outside the place that raised them."""

from __future__ import annotations


class Refusal(Exception):
    """The only error a person sees: a wording key and its values. The transaction is rolled back."""

    def __init__(self, key: str, /, **values: object) -> None:
        super().__init__(key)
        self.key = key
        self.values = values


class NotSaved(Exception):
    """The transaction was not committed; nothing of it stands, and trying again may help."""


class OutcomeUnknown(Exception):
    """The answer to a commit was lost: the transaction may stand or not."""


class DeliveryFailed(Exception):
    """A platform call that did not succeed.

    ``permanent``: the same call can never succeed. ``ambiguous``: it may have arrived. Neither: refused for now,
    and ``retry_after`` (seconds) says for how long when the platform did. Not ``called``: our own pace held it back,
    which costs no attempt.
    """

    def __init__(
        self,
        reason: str,
        *,
        permanent: bool = False,
        ambiguous: bool = False,
        retry_after: float | None = None,
        called: bool = True,
    ) -> None:
        super().__init__(reason)
        self.reason = reason
        self.permanent = permanent
        self.ambiguous = ambiguous
        self.retry_after = retry_after
        self.called = called
