"""What is practised together: drills, checklists, templates, case stories, session kits, survey items, badges."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping
from typing import Literal

import msgspec

from bot.domain.pack.item import Item, Level, RoleId

Grade = Literal["best", "ok", "poor"]
Mode = Literal["solo", "team"]
Comparison = Literal["<", "<=", "==", "!=", ">=", ">"]
Measure = Literal["time_to_declare", "time_to_contain", "first_update", "best_choices"]
Evidence = Literal["none", "text", "link"]
FieldType = Literal["text", "long", "choice", "multi", "date", "number", "link", "member"]
Signer = Literal["mentor", "host", "manager"]

ALL, VOTE = "all", "vote"  # whom a node may ask besides one role: whoever is first, or everybody and the most votes win
SCENES = ("Customer", "Engineer", "Leader")

_COMPARE: dict[Comparison, Callable[[int, int], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    "==": operator.eq,
    "!=": operator.ne,
    ">=": operator.ge,
    ">": operator.gt,
}
_SCENE = re.compile(r"^##[ \t]+(\S[^\n]*)$", re.MULTILINE)


class Practice(Item, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The part these kinds share beside :class:`Item`: who looks after it, and when it was read last."""

    owner: str = ""
    reviewed: str = ""  # ISO date of the last review; empty where nothing in it ages
    review_every: int = 365  # days


class Seat(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A part to play in a drill. An empty seat is played by the bot once the timer has run out."""

    id: str
    name: str
    brief: str
    fits: tuple[RoleId, ...] = ()  # empty: anybody
    min: int = 1
    max: int = 1


class Move(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One thing to do at a node: how good it is, what it changes, and where it leads."""

    id: str
    text: str
    grade: Grade
    goto: str
    why: str
    effect: dict[str, int] = {}  # state -> what is added to it
    flags: tuple[str, ...] = ()


class Node(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A moment of a drill: what everybody hears, what single seats hear, and what is decided."""

    say: str
    private: dict[str, str] = {}  # seat -> what only it knows
    ask: str = ALL  # a seat, ``all`` or ``vote``
    options: tuple[Move, ...] = ()
    timer: int | None = None  # seconds
    on_timeout: str = ""  # the option taken when the timer has run out
    end: bool = False


class Condition(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One comparison of a state with a whole number; files write it as ``if: "backlog >= 2"``."""

    state: str
    sign: Comparison
    than: int

    def holds(self, state: Mapping[str, int]) -> bool:
        """Whether it is true now; a state nobody declared counts as 0."""
        return _COMPARE[self.sign](state.get(self.state, 0), self.than)


class Inject(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """News that arrives from outside, ``at`` minutes into the drill or ``after`` a node."""

    id: str
    say: str
    at: int | None = None
    after: str = ""
    to: tuple[str, ...] = ()  # seats; empty: everybody
    condition: Condition | None = None


class Debrief(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the group talks over, writes down and measures afterwards; never a person's score."""

    questions: tuple[str, ...]
    produce: tuple[str, ...] = ()  # ids of the templates that the log fills
    measures: tuple[Measure, ...] = ()


class Scenario(Practice, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A drill as a small state machine: a run is a list of choices, its state is a fold over them."""

    title: str
    topic: str
    level: Level
    minutes: int
    modes: tuple[Mode, ...] = ("solo", "team")
    objectives: tuple[str, ...]
    roles: tuple[Seat, ...]
    state: dict[str, int] = msgspec.field(default_factory=dict)
    start: str
    nodes: dict[str, Node]
    injects: tuple[Inject, ...] = ()
    debrief: Debrief


class CheckItem(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One line of a checklist and the evidence that closes it."""

    id: str
    text: str
    why: str
    evidence: Evidence = "none"
    required: bool = True


class Checklist(Practice, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What to look at before going on; ``when`` says at which moment it is taken out."""

    title: str
    topic: str
    when: str
    items: tuple[CheckItem, ...]


class TemplateField(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One question of a template's form; the body shows its answer at ``{{ id }}``."""

    id: str  # snake_case
    label: str
    type: FieldType = "text"
    help: str = ""
    required: bool = True
    choices: tuple[str, ...] = ()


class Template(Practice, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A document that a form fills: Markdown with a placeholder for every field."""

    title: str
    topic: str
    purpose: str
    fields: tuple[TemplateField, ...]
    body: str


class Case(Practice, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A story of 250 to 400 words, told by a customer, an engineer and a leader."""

    title: str
    topic: str
    body: str
    fictional: bool = True
    terms: tuple[str, ...] = ()
    lessons: tuple[str, ...] = ()

    @property
    def scenes(self) -> tuple[tuple[str, str], ...]:
        """The heading of every scene and its text; words before the first heading have an empty one."""
        before, *rest = _SCENE.split(self.body)
        told = [(heading.strip(), text.strip()) for heading, text in zip(rest[::2], rest[1::2], strict=True)]
        return (("", before.strip()), *told) if before.strip() else tuple(told)


class AgendaLine(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """So many minutes for this."""

    minutes: int
    what: str


class Kit(Practice, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Everything a facilitator needs for one session."""

    title: str
    minutes: int
    audience: str
    agenda: tuple[AgendaLine, ...]
    materials: tuple[str, ...] = ()
    topic: str = ""
    body: str


class SurveyItem(Practice, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One question of an anonymous survey."""

    text: str
    type: Literal["scale", "choice", "open"]
    scale: tuple[str, ...] = ()  # labels from low to high
    choices: tuple[str, ...] = ()
    topic: str = ""


class Badge(Practice, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A sign for something produced, given by a person who has looked at it; never for a score."""

    title: str
    criteria: str
    evidence: str
    signed_by: Signer
    template: str = ""
    topic: str = ""
