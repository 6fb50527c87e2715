"""Settings from the environment (``MLOPS_...``) or a file named ``.env``; every fault is reported at once."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

PREFIX = "MLOPS_"


class Settings(BaseSettings):
    """What an operator can set. Each field is the variable ``MLOPS_<NAME>``."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, env_file=".env", extra="ignore")

    database_url: str = Field(
        "sqlite:///mlops-coach.db", description="Where everything is remembered: SQLite or PostgreSQL"
    )
    pack: Path | None = Field(None, description="Folder of the pack to teach; the core pack if not set")
    company: str = Field("My company", description="Name of the company, shown in greetings and digests")
    host: str = Field("127.0.0.1", description="Address the server listens on")
    port: int = Field(8080, ge=1, le=65535, description="Port the server listens on")
    zone: str = Field("UTC", description="Time zone of the workspace, for members who have not chosen one")
    slack_bot_token: SecretStr | None = Field(None, description="Bot token of the Slack app (xoxb-...)")
    slack_signing_secret: SecretStr | None = Field(None, description="Signing secret of the Slack app")
    slack_app_token: SecretStr | None = Field(None, description="App-level token for Socket Mode (xapp-...)")
    teams_app_id: str | None = Field(None, description="App id of the Teams bot")
    teams_app_secret: SecretStr | None = Field(None, description="Client secret of the Teams bot")
    teams_tenant_id: str | None = Field(None, description="Tenant the Teams bot is registered in")

    @property
    def platform_tokens(self) -> list[str]:
        """The names of the platform settings that are set: with any of them the playground does not run."""
        fields = (
            "slack_bot_token",
            "slack_signing_secret",
            "slack_app_token",
            "teams_app_id",
            "teams_app_secret",
            "teams_tenant_id",
        )
        return [f"{PREFIX}{name.upper()}" for name in fields if getattr(self, name)]
