"""The Slack app's manifest, from the table of commands: what is declared once is what Slack is told.

https://docs.slack.dev/reference/app-manifest. One slash command takes everything; its hint names the first commands.
"""

from __future__ import annotations

from typing import Any

from adapters.slack.read import COMMAND_SHORTCUT
from bot.messages import clip
from bot.router import Table

COMMAND = "/mlops"
NAME, DESCRIPTION = "MLOps coach", "One short MLOps lesson a day, a glossary, a weekly quiz and office hours."
HINT_LIMIT = 100
# Each scope with what it is for; docs and doctor say the same.
SCOPES = {
    "app_mentions:read": "hear its name in a channel",
    "chat:write": "send lessons and answers",
    "commands": "take the slash command and the shortcuts",
    "im:history": "hear direct messages, and find a message whose sending was interrupted",
    "im:write": "open the direct conversation with somebody",
    "users:read": "greet by name, in the person's own time zone, and notice who has left",
}
OPTIONAL_SCOPES = {
    "channels:read": "notice that it was invited to a public channel",
    "files:write": "attach calendar entries and tables",
    "groups:read": "notice that it was invited to a private channel",
}
EVENTS = (
    "app_home_opened",
    "app_mention",
    "app_uninstalled",
    "member_joined_channel",
    "message.im",
    "team_join",
    "tokens_revoked",
    "user_change",
)
MESSAGE_SHORTCUTS = {"define": "Look up this term"}

Json = dict[str, Any]


def manifest(table: Table, public_url: str | None = None) -> Json:
    """The manifest: for Socket Mode without ``public_url``, else for HTTP at that address."""
    events = f"{public_url.rstrip('/')}/slack/events" if public_url else None
    address = {"request_url": events} if events else {}
    options = {"message_menu_options_url": events} if events else {}
    oauth: Json = {"scopes": {"bot": sorted({*SCOPES, *OPTIONAL_SCOPES})}}
    if public_url:
        oauth["redirect_urls"] = [f"{public_url.rstrip('/')}/slack/oauth"]
    return {
        "_metadata": {"major_version": 1},
        "display_information": {"name": NAME, "description": DESCRIPTION},
        "features": {
            "app_home": {"home_tab_enabled": True, "messages_tab_enabled": True, "messages_tab_read_only_enabled": False},
            "bot_user": {"display_name": NAME, "always_online": True},
            "shortcuts": _shortcuts(table),
            "slash_commands": [_slash_command(table, events)],
        },
        "oauth_config": oauth,
        "settings": {
            "event_subscriptions": {**address, "bot_events": list(EVENTS)},
            "interactivity": {"is_enabled": True, **address, **options},
            "org_deploy_enabled": False,
            "socket_mode_enabled": events is None,
            "token_rotation_enabled": False,
        },
    }  # fmt: skip


def _slash_command(table: Table, events: str | None) -> Json:
    hint = " | ".join(f"{one.name} {one.arguments}".strip() for one in table.listed)
    made = {"command": COMMAND, "description": "Ask the MLOps coach", "usage_hint": clip(hint, HINT_LIMIT), "should_escape": False}  # fmt: skip
    return {**made, "url": events} if events else made


def _shortcuts(table: Table) -> list[Json]:
    return [
        {"name": label, "type": "message", "callback_id": f"{COMMAND_SHORTCUT}{name}", "description": table.commands[name].summary}
        for name, label in MESSAGE_SHORTCUTS.items()
        if name in table.commands
    ]  # fmt: skip
