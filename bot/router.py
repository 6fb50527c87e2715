"""What a feature declares, what its handlers get and return, and the one table made of all declarations."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from typing import Any, TypeVar

from bot.domain.conversation import Place, Query
from bot.domain.deliveries import Delivery, Outgoing
from bot.domain.people import Actor, Verb
from bot.messages import Form, Message, Pick, Spans
from bot.ports.catalog import Catalog, Catalogs
from bot.ports.store import Parts
from bot.ports.tally import Tally
from bot.ports.texts import Texts

T = TypeVar("T")


class Needs(Enum):
    """What a handler needs: nothing (inline, about a millisecond, no store), a read, or a transaction."""

    NOTHING = "nothing"
    READ = "read"
    WRITE = "write"


class Unread(Exception):
    """A handler that needs nothing finds nothing in memory: it is run once more, with a reader of the store."""


class OnUnknown(Enum):
    """What to do when the outcome of a call is unknown and the platform cannot be asked."""

    RESEND = "resend"  # never zero: lessons, reminders, confirmations
    HOLD = "hold"  # never double: nudges, digests, surveys


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """What every piece of work gets: one tenant, one reading of the clock, and the ports."""

    tenant: str
    now: datetime
    catalogs: Catalogs
    texts: Texts
    ids: Callable[[], str]
    tally: Tally
    table: Table
    parts: Parts | None = None

    @property
    def store(self) -> Parts:
        if self.parts is None:
            raise RuntimeError("this handler declared that it needs nothing from the store")
        return self.parts

    @property
    def catalog(self) -> Catalog:
        return self.catalogs.active()

    def say(self, key: str, /, **values: object) -> Spans:
        """Our own wording as spans; see ``content/texts/``."""
        return self.texts.render(key, **values)


@dataclass(frozen=True, slots=True, kw_only=True)
class Context(Work):
    """What a conversation handler gets besides: who speaks, and where."""

    actor: Actor
    place: Place


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What to show and what to deliver; handlers return this, they never send.

    ``inline`` goes to the actor alone. With ``replace`` it takes the place of the message that was pressed.
    ``errors`` keeps a form open. ``opens`` and ``home`` are immediate: after the commit, one try, never the only
    bearer of a fact. ``durable`` becomes ledger rows in the handler's transaction.
    """

    inline: Message | None = None
    replace: bool = False
    errors: Mapping[str, str] = field(default_factory=dict)
    opens: Form | None = None
    home: Message | None = None
    picks: tuple[Pick, ...] = ()
    durable: tuple[Outgoing, ...] = ()


Values = Mapping[str, str | list[str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """A command as people type it. ``name`` may hold several words; the longest declared prefix wins."""

    name: str
    run: Callable[[Context, str], Answer]
    summary: str
    needs: Needs
    words: tuple[str, ...] = ()  # other names
    arguments: str = ""
    examples: tuple[str, ...] = ()
    verb: Verb = Verb.LEARN
    listed: bool = True  # offered in help and in the platforms' command menus
    feature: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Action:
    """What a button or a choice starts."""

    name: str
    run: Callable[[Context, str], Answer]
    needs: Needs = Needs.WRITE
    verb: Verb = Verb.LEARN


@dataclass(frozen=True, slots=True, kw_only=True)
class FormHandler:
    """Who takes a submitted form: (context, values by field name, the form's ref)."""

    name: str
    run: Callable[[Context, Values, str], Answer]
    needs: Needs = Needs.WRITE
    verb: Verb = Verb.LEARN


@dataclass(frozen=True, slots=True, kw_only=True)
class Typeahead:
    """Who completes what is typed into a search field."""

    name: str
    run: Callable[[Context, Query], Answer]


@dataclass(frozen=True, slots=True)
class Composed:
    """A message, and what was chosen for it: stored at the intent, so that a resend is the same message."""

    message: Message
    chosen: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Skip:
    """The delivery is not wanted any more."""

    reason: str


@dataclass(frozen=True, slots=True)
class Window:
    """What is planned now: instants after ``start`` up to and including ``end``."""

    start: datetime
    end: datetime


Guard = Callable[[Work, Sequence[Delivery]], Mapping[int, str]]
Compose = Callable[[Work, Sequence[Delivery]], Mapping[int, Composed | Skip]]


def no_objection(_work: Work, _deliveries: Sequence[Delivery]) -> Mapping[int, str]:
    """The guard of a kind that is always wanted once planned."""
    return {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """Who chooses and composes a message.

    ``guard`` gives a reason to skip by delivery id; ``compose`` gives the message. Both take a list, read as sets and
    run inside the intent transaction. ``plan`` writes due rows; ``next_due`` is the next instant at which it would.
    ``settled`` runs in the transaction that records the sending. ``budget``: it opens the member's one sitting a day.
    """

    name: str
    compose: Compose
    guard: Guard = no_objection
    plan: Callable[[Work, Window], int] | None = None
    next_due: Callable[[Work, datetime], datetime | None] | None = None
    budget: bool = False
    on_unknown: OnUnknown = OnUnknown.RESEND
    settled: Callable[[Work, Sequence[Delivery]], None] | None = None
    asks_owner: bool = False  # when it is held: an administrator says whether it goes again
    urgent: bool = False  # somebody waits for it now: it goes before what may come some minutes later, such as lessons


@dataclass(frozen=True, slots=True)
class Next:
    """The job goes on from ``cursor``."""

    cursor: Mapping[str, Any]
    progress: str = ""


@dataclass(frozen=True, slots=True)
class Done:
    """The job has ended."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """Long work. A step is one transaction of at most 20 ms of writer time; its cursor is committed with it.

    ``plan`` starts due jobs (through ``store.jobs``); ``step`` gets the period the job is for and the last cursor.
    """

    name: str
    step: Callable[[Work, str, Mapping[str, Any]], Next | Done]
    plan: Callable[[Work, Window], None] | None = None
    next_due: Callable[[Work, datetime], datetime | None] | None = None


@dataclass(kw_only=True)
class Feature:
    """Everything one feature brings; the only thing ``FEATURES`` lists."""

    name: str
    commands: list[Command] = field(default_factory=list)
    actions: list[Action] = field(default_factory=list)
    forms: list[FormHandler] = field(default_factory=list)
    typeaheads: list[Typeahead] = field(default_factory=list)
    kinds: list[Kind] = field(default_factory=list)
    jobs: list[Job] = field(default_factory=list)
    home: Callable[[Context], Sequence[Any]] | None = None  # blocks of the home view
    facts: Callable[[Context], Sequence[tuple[str, str]]] | None = None  # what is stored about the actor
    joined: Callable[[Context], Sequence[Outgoing]] | None = None  # somebody new can be reached
    left: Callable[[Context], Sequence[Outgoing]] | None = None  # the actor is going: what others are told
    # Two members become one: what others are told, and what is planned anew for the one that stays.
    merging: Callable[[Context, str, str], Sequence[Outgoing]] | None = None  # (context, kept, absorbed)
    arrived: Callable[[Context], None] | None = None  # somebody, new or not, joined the place of the context


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """Every declaration by name."""

    features: tuple[Feature, ...]
    commands: Mapping[str, Command]  # by name and by every other word
    actions: Mapping[str, Action]
    forms: Mapping[str, FormHandler]
    typeaheads: Mapping[str, Typeahead]
    kinds: Mapping[str, Kind]
    jobs: Mapping[str, Job]
    longest: int  # words in the longest command name

    def find(self, text: str) -> tuple[Command, str] | None:
        """The command with the longest matching prefix of words, and the rest of the text."""
        words = text.split(None, self.longest)
        for count in range(min(self.longest, len(words)), 0, -1):
            command = self.commands.get(" ".join(words[:count]).casefold())
            if command is not None:
                return command, _rest(text, count)
        return None

    @property
    def urgent(self) -> tuple[str, ...]:
        """The kinds of message that do not wait behind the others of their lane."""
        return tuple(one.name for one in self.kinds.values() if one.urgent)

    @property
    def listed(self) -> tuple[Command, ...]:
        """The commands people are shown, in the order they were declared, each once."""
        return tuple(one for feature in self.features for one in feature.commands if one.listed)


def table(features: Iterable[Feature]) -> Table:
    """Make the table. Raises ``ValueError`` when two declarations have one name."""
    known = tuple(features)
    commands = _by_name(
        "command", ((word, one) for feature in known for one in feature.commands for word in (one.name, *one.words))
    )
    return Table(
        features=known,
        commands=commands,
        actions=_by_name("action", ((one.name, one) for feature in known for one in feature.actions)),
        forms=_by_name("form", ((one.name, one) for feature in known for one in feature.forms)),
        typeaheads=_by_name("typeahead", ((one.name, one) for feature in known for one in feature.typeaheads)),
        kinds=_by_name("kind", ((one.name, one) for feature in known for one in feature.kinds)),
        jobs=_by_name("job", ((one.name, one) for feature in known for one in feature.jobs)),
        longest=max((len(name.split()) for name in commands), default=1),
    )


def _by_name(what: str, pairs: Iterable[tuple[str, T]]) -> dict[str, T]:
    found: dict[str, T] = {}
    for name, one in pairs:
        if name in found:
            raise ValueError(f"two {what}s are called {name!r}")
        found[name] = one
    return found


def _rest(text: str, count: int) -> str:
    parts = text.split(None, count)
    return parts[count].strip() if len(parts) > count else ""
