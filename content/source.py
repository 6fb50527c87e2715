"""A pack as it was read: its values, the place of each in the files, and what it is measured against."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

import msgspec

from bot.domain.pack import Pack, Variable
from content.problems import Place, Problem


class Head(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """``pack.yaml``."""

    id: str
    version: str
    title: str
    language: str = "en"
    license: str = ""
    variables: tuple[Variable, ...] = ()
    extends: str = ""  # the pack below, for the pack of a company
    values: dict[str, str] = {}  # variable -> the company's word for it
    notes: dict[str, str] = {}  # term -> what the company says about it


class Map(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """``map.yaml``, its entries still raw: each is read on its own, so that one slip does not hide the next."""

    topics: dict[str, dict[str, Any]] = {}
    tracks: tuple[dict[str, Any], ...] = ()
    confusable: tuple[tuple[str, str], ...] = ()


class Acceptance(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A warning somebody has looked at and decided to live with; ``fact`` narrows it to one fact of facts.yaml."""

    code: str
    id: str
    reason: str
    fact: str = ""


class Fact(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A claim that is often taught wrongly; a passage with one of its watch words needs a source."""

    id: str
    topic: str
    often_taught: str
    right: str
    source: str
    evidence: str
    watch_words: tuple[str, ...] = ()


class Requirement(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Something the programme must cover, and the kinds of content (or the feature) that teach it."""

    id: str
    kind: str
    what: str
    topic: str
    taught_by: tuple[str, ...] = ()


class Accepted(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """``accepted.yaml``."""

    accepted: tuple[Acceptance, ...] = ()


class Facts(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """``facts.yaml``."""

    facts: tuple[Fact, ...]
    note: str = ""


class Requirements(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """``requirements.yaml``."""

    requirements: tuple[Requirement, ...]
    note: str = ""


class Covers(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """``covers.yaml``: which items teach a requirement."""

    covers: dict[str, tuple[str, ...]] = {}
    note: str = ""


class Source(msgspec.Struct, frozen=True, kw_only=True):
    """What the reader hands on. An item that could not be read is missing from ``pack`` but has its place."""

    pack: Pack
    problems: tuple[Problem, ...] = ()
    places: Mapping[str, Place] = {}
    accepted: tuple[Acceptance, ...] = ()
    facts: tuple[Fact, ...] = ()
    requirements: tuple[Requirement, ...] = ()
    covers: Mapping[str, tuple[str, ...]] = {}  # requirement id -> full ids of the items that teach it
    values: Mapping[str, str] = {}
    notes: Mapping[str, str] = {}
    base: Pack | None = None  # the pack below, when this one extends another
    inherited: tuple[Acceptance, ...] = ()  # what was accepted there
    today: date = date.min  # the day the check is made for; the first of all days finds nothing stale

    def place(self, subject: str) -> Place:
        """Where ``subject`` stands; the pack itself for what has no place of its own."""
        return self.places.get(subject) or Place("pack.yaml")
