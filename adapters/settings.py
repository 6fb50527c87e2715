"""Settings from the environment (``MLOPS_...``) or a file named ``.env``; every fault is reported at once."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

PREFIX = "MLOPS_"


class Settings(BaseSettings):
    """What an operator can set. Each field is the variable ``MLOPS_<NAME>``."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, env_file=".env", extra="ignore")

    database_url: str = Field(
        "sqlite:///mlops-coach.db", description="Where everything is remembered: SQLite or PostgreSQL"
    )
    backups: Path = Field(
        Path("backups"), description="Folder for backups; on another disk than the database, if it can be"
    )
    pack: Path | None = Field(None, description="Folder of the pack to teach; the core pack if not set")
    company: str = Field("My company", description="Name of the company, shown in greetings and digests")
    host: str = Field("127.0.0.1", description="Address the server listens on")
    port: int = Field(8080, ge=1, le=65535, description="Port the server listens on")
    metrics_address: str | None = Field(
        None,
        pattern=r"^(off|[A-Za-z0-9.-]+:\d{1,5})$",
        description="Where /metrics is served, as ADDRESS:PORT, or off; if not set, to this machine only, on the server's port + 1000",
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        "info",
        description="From which level on serve and worker log; libraries are heard from warning on, at debug from debug on",
    )
    log_format: Literal["auto", "json", "text"] = Field(
        "auto", description="How they log: json, text, or auto: text at a terminal, JSON lines elsewhere"
    )
    zone: str = Field("UTC", description="Time zone of the workspace, for members who have not chosen one")
    slack_bot_token: SecretStr | None = Field(None, description="Bot token of the Slack app (xoxb-...)")
    slack_signing_secret: SecretStr | None = Field(None, description="Signing secret of the Slack app")
    slack_app_token: SecretStr | None = Field(None, description="App-level token for Socket Mode (xapp-...)")
    slack_client_id: str | None = Field(None, description="Client id of the Slack app, to install it by a link")
    slack_client_secret: SecretStr | None = Field(None, description="Client secret of the Slack app, to install it")
    slack_token_keys: SecretStr | None = Field(
        None, description="Keys that encrypt stored Slack tokens, separated by commas; the first one encrypts"
    )
    slack_api_url: str | None = Field(None, description="Address of a Slack emulator on this machine; only for dev")
    public_url: str | None = Field(None, description="Address of this server as others reach it (https://...)")
    teams_app_id: str | None = Field(None, description="App id of the Teams bot")
    teams_app_secret: SecretStr | None = Field(None, description="Client secret of the Teams bot")
    teams_tenant_id: str | None = Field(None, description="Tenant the Teams bot is registered in")
    teams_cloud: Literal["public", "gcc", "government"] = Field(
        "public", description="Microsoft cloud the Teams tenant is in: public, gcc, or government (GCC High and DoD)"
    )

    @property
    def slack_is_set(self) -> bool:
        """Whether Slack is to be served: one workspace by its token, or any number by installing."""
        return bool(self.slack_bot_token or self.slack_client_id)

    @property
    def teams_is_set(self) -> bool:
        """Whether Teams is to be served; half a set-up is a fault that is told, not a Teams left out."""
        return bool(self.teams_app_id or self.teams_app_secret or self.teams_tenant_id)

    @property
    def platform_tokens(self) -> list[str]:
        """The names of the platform settings that are set: with any of them the playground does not run."""
        fields = (
            "slack_bot_token",
            "slack_signing_secret",
            "slack_app_token",
            "slack_client_id",
            "slack_client_secret",
            "teams_app_id",
            "teams_app_secret",
            "teams_tenant_id",
        )
        return [f"{PREFIX}{name.upper()}" for name in fields if getattr(self, name)]
