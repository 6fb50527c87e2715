"""Where Microsoft's clouds live: who signs, who gives tokens, which hosts may be sent to.

https://learn.microsoft.com/azure/bot-service/rest-api/bot-framework-rest-connector-authentication
"""

from __future__ import annotations

from ipaddress import ip_address
from urllib.parse import urlsplit

import msgspec

URL_LIMIT = 300


class Cloud(msgspec.Struct, frozen=True, kw_only=True):
    """One cloud. A host that begins with ``*.`` stands for every name below it; ``loopback`` is for emulators and tests."""

    issuer: str
    keys_url: str
    login_url: str  # with {tenant}
    scope: str
    hosts: tuple[str, ...]
    loopback: bool = False


PUBLIC = Cloud(
    issuer="https://api.botframework.com",
    keys_url="https://login.botframework.com/v1/.well-known/keys",
    login_url="https://login.microsoftonline.com/{tenant}/oauth2/v2.0/token",
    scope="https://api.botframework.com/.default",
    hosts=("smba.trafficmanager.net", "*.botframework.com"),
)
# The smaller United States government cloud shares everything with the public one but the hosts that are sent to.
GCC = msgspec.structs.replace(PUBLIC, hosts=("smba.infra.gcc.teams.microsoft.com",))
GOVERNMENT = Cloud(
    issuer="https://api.botframework.us",
    keys_url="https://login.botframework.azure.us/v1/.well-known/keys",
    login_url="https://login.microsoftonline.us/{tenant}/oauth2/v2.0/token",
    scope="https://api.botframework.us/.default",
    hosts=("smba.infra.gov.teams.microsoft.us", "smba.infra.dod.teams.microsoft.us", "*.botframework.us"),
)
CLOUDS = {"public": PUBLIC, "gcc": GCC, "government": GOVERNMENT}


def emulated(base: str) -> Cloud:
    """Everything at one loopback address, for emulators and tests. Raises ``ValueError`` for any other address."""
    if not is_loopback(urlsplit(base).hostname or ""):
        raise ValueError(f"not a loopback address: {base[:80]}")
    return Cloud(
        issuer="https://api.botframework.com",
        keys_url=f"{base}/keys",
        login_url=f"{base}/{{tenant}}/token",
        scope="https://api.botframework.com/.default",
        hosts=(),
        loopback=True,
    )


def service_url(url: object, cloud: Cloud) -> str | None:
    """The address without its last slash when our token may be sent there; otherwise None.

    Asked for every activity, and again for every stored address: what was allowed may have been taken off the list.
    """
    if not isinstance(url, str) or len(url) > URL_LIMIT or not url.isascii() or not url.isprintable():
        return None
    if any(sign in url for sign in " @\\?#%;"):
        return None
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return None
    if ".." in parts.path or "//" in parts.path:
        return None
    if cloud.loopback:
        return url.rstrip("/") if parts.scheme == "http" and is_loopback(host) else None
    plain = parts.scheme == "https" and port is None and parts.netloc == host
    return url.rstrip("/") if plain and _is_listed(host, cloud.hosts) else None


def _is_listed(host: str, allowed: tuple[str, ...]) -> bool:
    return any(host.endswith(one[1:]) if one.startswith("*.") else host == one for one in allowed)


def is_loopback(host: str) -> bool:
    """Whether this host is this machine."""
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False
