"""Tenants' people: members, their accounts, roles and teams, and the places we speak in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any, Protocol

import msgspec

from bot.domain.conversation import Incoming
from bot.domain.people import Actor, Role
from bot.domain.settings import TenantSettings


class Member(msgspec.Struct, frozen=True, kw_only=True):
    """A person in a tenant. ``zone`` is their own choice, if they made one."""

    id: str
    name: str
    zone: str | None = None
    locale: str = "en"
    region: str | None = None
    team: str | None = None
    active: bool = True


class Team(msgspec.Struct, frozen=True, kw_only=True):
    id: str
    name: str
    manager: str | None = None


class Channel(msgspec.Struct, frozen=True, kw_only=True):
    """A place we speak in: ``id`` is ours, ``address`` the platform's."""

    id: str
    workspace: str
    address: str
    name: str
    zone: str


class People(Protocol):
    def settings(self) -> TenantSettings: ...

    def change_settings(self, **changed: Any) -> None:
        """Change these settings and no others, whatever else is changed at the same moment."""
        ...

    def actor(self, workspace: str, account: str) -> Actor | None:
        """The member behind a platform account, or nothing when we have not met or they have left."""
        ...

    def first_time(self, workspace: str, key: str, now: datetime) -> bool:
        """Record an inbound event; False when it was seen before."""
        ...

    def meet(self, incoming: Incoming, new_id: str, now: datetime) -> tuple[Actor, bool]:
        """The member behind an incoming thing, made if unknown; the flag says that they are new."""
        ...

    def member(self, member: str) -> Member | None: ...

    def members(self, ids: Sequence[str]) -> dict[str, Member]: ...

    def named(self, words: str, workspace: str) -> list[Member]:
        """At most two active members with this name, or this account at the platform, in lower case."""
        ...

    def zone_in_force(self, member: str) -> str:
        """Member, else workspace of their preferred account, else UTC."""
        ...

    def set_zone(self, member: str, zone: str) -> None: ...

    def set_region(self, member: str, region: str | None) -> None: ...

    def leave(self, member: str, now: datetime) -> None:
        """Mark a member as gone; their open deliveries are ended by the ledger's ``skip``."""
        ...

    def saw(self, last_active: Mapping[str, datetime]) -> None:
        """When members last did something; written in batches."""
        ...

    def grant(self, member: str, role: Role) -> None: ...

    def teams(self) -> list[Team]: ...

    def team_members(self, team: str) -> list[Member]: ...

    def channel(self, id: str) -> Channel | None: ...

    def channel_at(self, workspace: str, address: str) -> Channel | None: ...

    def add_channel(self, channel: Channel) -> None: ...

    def days_off(self, region: str | None, first: date, last: date) -> frozenset[date]:
        """Public holidays of the region and the company's own days off."""
        ...

    def add_day_off(self, day: date, region: str | None = None, name: str = "") -> None: ...

    def flag(self, member: str, name: str, *, held: bool = False) -> Any:
        """A small remembered fact about a member, such as that they were welcomed; None when not set.

        ``held``: nobody else changes a fact about them before the commit, for what is set is made of what was read.
        """
        ...

    def set_flag(self, member: str, name: str, value: Any) -> None: ...
