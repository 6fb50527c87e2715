"""What all content shares: an id, a revision, a status, and the roles and levels it speaks to."""

from __future__ import annotations

from typing import Literal

import msgspec

RoleId = Literal["ds", "mle", "swe", "ops", "pm", "des", "exec", "gov"]
Level = Literal[1, 2, 3]
Status = Literal["draft", "beta", "active", "deprecated", "retired"]
Change = Literal["typo", "clarify", "correct", "replace", "retire"]
QuestionType = Literal["single", "multi", "order", "number", "text", "boolean"]

ROLES: dict[RoleId, str] = {
    "ds": "Data scientist",
    "mle": "ML engineer",
    "swe": "Software engineer",
    "ops": "Operations / SRE",
    "pm": "Product manager",
    "des": "Designer or marketer",
    "exec": "Executive",
    "gov": "Governance or legal",
}


class Item(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The part every piece of content shares."""

    id: str
    rev: int
    status: Status = "active"
    sources: tuple[str, ...] = ()
