"""The settings Teams cannot do without."""

from __future__ import annotations

from adapters.settings import Settings


class Incomplete(Exception):
    """Teams is not set up far enough to start; the text says what is missing."""


def required(settings: Settings) -> tuple[str, str, str]:
    """App id, directory and secret. Without an app id nothing could be authenticated, so nothing starts."""
    secret = settings.teams_app_secret.get_secret_value() if settings.teams_app_secret else ""
    given = {
        "MLOPS_TEAMS_APP_ID": (settings.teams_app_id or "").strip(),
        "MLOPS_TEAMS_TENANT_ID": (settings.teams_tenant_id or "").strip(),
        "MLOPS_TEAMS_APP_SECRET": secret.strip(),
    }
    missing = [name for name, value in given.items() if not value]
    if missing:
        raise Incomplete(f"Teams needs {', '.join(missing)}.")
    app_id, directory, _ = given.values()
    return app_id, directory, secret.strip()
