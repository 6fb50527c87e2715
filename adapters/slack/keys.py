"""Tokens at rest: encrypted with a ring of keys, of which the first encrypts and every one decrypts."""

from __future__ import annotations

from cryptography.fernet import Fernet, InvalidToken, MultiFernet


class BadKeys(Exception):
    """The setting does not hold keys; the text says how to make one."""


class Keys:
    """A ring of Fernet keys, as the setting ``MLOPS_SLACK_TOKEN_KEYS`` gives it."""

    def __init__(self, setting: str) -> None:
        try:
            ring = [Fernet(one.strip()) for one in setting.split(",") if one.strip()]
        except ValueError as error:
            raise BadKeys("A key of MLOPS_SLACK_TOKEN_KEYS is not 32 bytes in URL-safe base64.") from error
        if not ring:
            raise BadKeys("MLOPS_SLACK_TOKEN_KEYS holds no key.")
        self._ring = MultiFernet(ring)

    def lock(self, token: str) -> str:
        return self._ring.encrypt(token.encode()).decode()

    def unlock(self, locked: str) -> str | None:
        """The token; None when no key of the ring fits."""
        try:
            return self._ring.decrypt(locked.encode()).decode()
        except InvalidToken:
            return None


def new_key() -> str:
    """A fresh key for the setting."""
    return Fernet.generate_key().decode()
