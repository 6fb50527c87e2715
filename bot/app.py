"""From one incoming thing to one answer: find the handler, meet the actor, check the right, run it in a transaction."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import CancelledError, Future
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime

from bot.domain.conversation import (
    FormClosed,
    FormSubmitted,
    HomeOpened,
    Incoming,
    MemberJoined,
    Pressed,
    Query,
    Removed,
    Typed,
)
from bot.domain.deliveries import Outgoing
from bot.domain.people import Actor, Verb, authorize
from bot.domain.wording import clean
from bot.domain.words import TEXT_LIMIT, without_prefix
from bot.errors import NotSaved, OutcomeUnknown, Refusal
from bot.messages import SUMMARY_LIMIT, VALUE_LIMIT, Message, Text, clip, plain
from bot.ports.accounts import Accounts
from bot.ports.catalog import Catalogs
from bot.ports.store import Parts, Store
from bot.ports.tally import Tally
from bot.ports.texts import Texts
from bot.router import Answer, Context, Needs, Table, Unread, Work

Run = Callable[[Context], Answer]


@dataclass(frozen=True, slots=True)
class _Call:
    """A handler with its words bound."""

    run: Run
    needs: Needs
    verb: Verb = Verb.LEARN


class _Unmet(Exception):
    """Whoever speaks is not known any more: meeting them takes a write."""


class App:
    """The core behind every platform. ``handle`` never raises for what people send; its future may.

    Give an exception of that future to :meth:`explain` to get the sentence a person reads.
    """

    def __init__(
        self,
        *,
        table: Table,
        store: Store,
        accounts: Accounts,
        catalogs: Catalogs,
        texts: Texts,
        tally: Tally,
        ids: Callable[[], str],
        fallback: Callable[[Context, str], Answer],
    ) -> None:
        self.table = table
        self.store = store
        self.accounts = accounts
        self.catalogs = catalogs
        self.texts = texts
        self.tally = tally
        self.ids = ids
        self._fallback = fallback

    def handle(self, incoming: Incoming, now: datetime) -> Future[Answer]:
        """Start handling; the future is done when the answer may be shown (after the commit, if there is one)."""
        call = self._find(incoming)
        tenant = self.accounts.tenant(incoming.workspace)
        is_known = self.accounts.has_met(incoming.workspace, incoming.account, _direct(incoming))
        actor = self.accounts.recall(incoming.workspace, incoming.account) if is_known else None
        if call.needs is Needs.NOTHING and actor is not None:
            told = _done(lambda: self._run(call, self._context(actor, incoming, now, None)))
            if not isinstance(told.exception(), Unread):
                return told
        if call.needs is not Needs.WRITE and is_known:
            return self._read_or_meet(call, incoming, now, tenant)
        return self.store.write(tenant, lambda parts: self._write(call, incoming, now, parts))

    def _read_or_meet(self, call: _Call, incoming: Incoming, now: datetime, tenant: str) -> Future[Answer]:
        """A read; whoever is not found there any more is met in a write. Cancelled before that, nothing is written."""
        told: Future[Answer] = Future()

        def write(parts: Parts) -> Answer:
            if not told.set_running_or_notify_cancel():
                raise CancelledError
            return self._write(call, incoming, now, parts)

        def after(read: Future[Answer]) -> None:
            if isinstance(read.exception(), _Unmet):
                self.store.write(tenant, write).add_done_callback(lambda wrote: _tell(told, wrote))
            else:
                _tell(told, read)

        self.store.read(tenant, lambda parts: self._read(call, incoming, now, parts)).add_done_callback(after)
        return told

    def work(self, parts: Parts, now: datetime) -> Work:
        """The context of a piece of work nobody asked for: plans, kinds, jobs."""
        return Work(
            tenant=parts.tenant,
            now=now,
            parts=parts,
            catalogs=self.catalogs,
            texts=self.texts,
            ids=self.ids,
            tally=self.tally,
            table=self.table,
        )

    def explain(self, error: BaseException) -> Answer:
        """What a person reads when the future failed: nothing was saved, or we cannot say and admit it."""
        match error:
            case Refusal():
                return self._told(error.key, **error.values)
            case CancelledError() | TimeoutError() | NotSaved():
                return self._told("app.busy")
            case OutcomeUnknown():
                return self._told("app.unsure")
            case _:
                return self._told("app.broken")

    def _told(self, key: str, /, **values: object) -> Answer:
        spans = self.texts.render(key, **values)
        return Answer(inline=Message(clip(plain(spans), SUMMARY_LIMIT), (Text(spans),)))

    def _find(self, incoming: Incoming) -> _Call:
        match incoming.event:
            case Typed(text=text):
                return self._find_command(text)
            case Pressed(action=name, value=value):
                action = self.table.actions.get(name)
                if action is None or len(value) > VALUE_LIMIT:
                    return self._refusing("app.expired")
                return _Call(lambda ctx: action.run(ctx, clean(value)), action.needs, action.verb)
            case FormSubmitted(form=name, values=values, ref=ref):
                form = self.table.forms.get(name)
                if form is None:
                    return self._refusing("app.expired")
                return _Call(lambda ctx: form.run(ctx, _cleaned(values), clean(ref)), form.needs, form.verb)
            case Query(source=source) as query:
                typeahead = self.table.typeaheads.get(source)
                return _Call(lambda ctx: typeahead.run(ctx, query) if typeahead else Answer(), Needs.NOTHING)
            case HomeOpened():
                return _Call(self._home, Needs.READ)
            case Removed():
                return _Call(_leave, Needs.WRITE)
            case MemberJoined():
                return _Call(self._arrive, Needs.WRITE)
            case FormClosed():
                return _Call(lambda _ctx: Answer(), Needs.WRITE)

    def _find_command(self, text: str) -> _Call:
        if len(text) > TEXT_LIMIT:
            return self._refusing("app.too_long", limit=TEXT_LIMIT)
        words = without_prefix(clean(text).strip()) or "help"
        found = self.table.find(words)
        if found is None:
            return _Call(lambda ctx: self._fallback(ctx, words), Needs.NOTHING)
        command, rest = found
        return _Call(lambda ctx: command.run(ctx, rest), command.needs, command.verb)

    def _refusing(self, key: str, /, **values: object) -> _Call:
        return _Call(lambda _ctx: self._told(key, **values), Needs.NOTHING)

    def _arrive(self, ctx: Context) -> Answer:
        for feature in self.table.features:
            if feature.arrived:
                feature.arrived(ctx)
        return Answer()

    def _home(self, ctx: Context) -> Answer:
        blocks = [block for feature in self.table.features if feature.home for block in feature.home(ctx)]
        title = plain(self.texts.render("app.home"))
        return Answer(home=Message(title, tuple(blocks)))

    def _run(self, call: _Call, ctx: Context) -> Answer:
        if not authorize(ctx.actor, call.verb):
            raise Refusal("app.forbidden")
        self.tally.active(ctx.tenant, ctx.actor.member, ctx.now)
        return call.run(ctx)

    def _read(self, call: _Call, incoming: Incoming, now: datetime, parts: Parts) -> Answer:
        actor = parts.people.actor(incoming.workspace, incoming.account)
        if actor is None:
            raise _Unmet
        self.accounts.remember(incoming.workspace, incoming.account, actor)
        if call.needs is Needs.NOTHING:
            with suppress(Unread):
                return self._run(call, self._context(actor, incoming, now, None))
        return self._run(call, self._context(actor, incoming, now, parts))

    def _write(self, call: _Call, incoming: Incoming, now: datetime, parts: Parts) -> Answer:
        """The whole effect of one incoming thing. The inbox row makes a repeat of it a no-op."""
        if not parts.people.first_time(incoming.workspace, incoming.key, now):
            return Answer()
        if not _is_met(incoming, parts):
            return Answer()
        actor, is_new = parts.people.meet(incoming, self.ids(), now)
        ctx = self._context(actor, incoming, now, parts)
        if is_new:
            parts.privacy.speaks_again(incoming.workspace, incoming.account)
            parts.ledger.put(self._welcomes(ctx), now)
        self._settle(incoming, parts, now)
        answer = self._run(call, ctx)
        parts.ledger.put(answer.durable, now)
        # What the handler changed about the actor (zone, roles) must not be answered from memory.
        self.accounts.met(incoming.workspace, incoming.account, _direct(incoming))
        if call.needs is not Needs.WRITE:
            self.accounts.remember(incoming.workspace, incoming.account, actor)
        return answer

    def _settle(self, incoming: Incoming, parts: Parts, now: datetime) -> None:
        """A press proves that its message is there, whatever became of the answer to our call."""
        event = incoming.event
        if not isinstance(event, Pressed) or event.delivery is None or event.message is None:
            return
        found = parts.ledger.arrived(event.delivery, incoming.workspace, event.message, now)
        kind = self.table.kinds.get(found.kind) if found is not None else None
        if found is not None and kind is not None and kind.settled is not None:
            kind.settled(self.work(parts, now), [found])

    def _welcomes(self, ctx: Context) -> list[Outgoing]:
        return [one for feature in self.table.features if feature.joined for one in feature.joined(ctx)]

    def _context(self, actor: Actor, incoming: Incoming, now: datetime, parts: Parts | None) -> Context:
        return Context(
            tenant=actor.tenant,
            now=now,
            parts=parts,
            catalogs=self.catalogs,
            texts=self.texts,
            ids=self.ids,
            tally=self.tally,
            table=self.table,
            actor=actor,
            place=incoming.place,
        )


def _is_met(incoming: Incoming, parts: Parts) -> bool:
    """Nobody is met by going, nor by joining a channel, unless a rule waits there for who joins and they were not erased."""
    if isinstance(incoming.event, MemberJoined) and parts.privacy.is_erased(incoming.workspace, incoming.account):
        return False
    match incoming.event:
        case Removed():
            is_awaited = False
        case MemberJoined() if incoming.place.kind != "direct":
            channel = parts.people.channel_at(incoming.workspace, incoming.place.id)
            is_awaited = channel is not None and parts.cohorts.is_awaited(channel.id)
        case _:
            return True
    return is_awaited or parts.people.actor(incoming.workspace, incoming.account) is not None


def _leave(ctx: Context) -> Answer:
    if ctx.store.linking.leave(ctx.actor.account):
        return Answer()  # they are still there on another platform
    others = [one for feature in ctx.table.features if feature.left for one in feature.left(ctx)]
    ctx.store.people.leave(ctx.actor.member, ctx.now)
    ctx.store.ledger.skip("left", member=ctx.actor.member)
    return Answer(durable=tuple(others))


def _cleaned(values: dict[str, str | list[str]]) -> dict[str, str | list[str]]:
    return {
        name: clean(value).strip() if isinstance(value, str) else [*map(clean, value)] for name, value in values.items()
    }


def _direct(incoming: Incoming) -> str:
    return incoming.place.id if incoming.place.kind == "direct" else ""


def _tell(told: Future[Answer], done: Future[Answer]) -> None:
    """Hand an outcome on, unless nobody waits for it any more."""
    if not told.running() and not told.set_running_or_notify_cancel():
        return
    error = done.exception()
    if error is not None:
        told.set_exception(error)
    else:
        told.set_result(done.result())


def _done(run: Callable[[], Answer]) -> Future[Answer]:
    future: Future[Answer] = Future()
    try:
        future.set_result(run())
    except Exception as error:  # noqa: BLE001  the future carries it to explain()
        future.set_exception(error)
    return future
