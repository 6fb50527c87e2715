"""Teams for an emulator on this machine: no tokens either way, and therefore nowhere but on loopback."""

from __future__ import annotations

import secrets

from pydantic import SecretStr

from adapters.settings import Settings
from adapters.teams.cloud import is_loopback
from adapters.teams.required import Incomplete

NAME = "emulator"
BASE = "http://127.0.0.1"
SECONDS = 86_400.0


class NoSecret:
    """What an emulator takes for a token: it looks at none. Implements ``adapters.teams.tokens.Credentials``."""

    async def fetch(self) -> tuple[str, float]:
        return NAME, SECONDS


def unauthenticated(settings: Settings) -> Settings:
    """Settings of an emulator's bot. Raises ``Incomplete`` beside a real bot's, or where others could reach us."""
    real = ("teams_app_id", "teams_app_secret", "teams_tenant_id")
    named = [f"MLOPS_{name.upper()}" for name in real if getattr(settings, name)]
    if named:
        raise Incomplete(f"Without authentication only an emulator is served: unset {', '.join(named)}.")
    if not is_loopback(settings.host):
        raise Incomplete("Without authentication the server listens on this machine only: unset MLOPS_HOST.")
    return settings.model_copy(
        update={
            "teams_app_id": NAME,
            "teams_tenant_id": NAME,
            "teams_app_secret": SecretStr(secrets.token_hex(32)),  # signs where an answer came from
        }
    )
