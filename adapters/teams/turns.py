"""From one activity to its answer: ask the core, and give what it says the way Teams takes it."""

from __future__ import annotations

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

import msgspec

from adapters.teams import origin, replies
from adapters.teams.addresses import Addresses
from adapters.teams.connector import Connector
from adapters.teams.files import Files, attached
from adapters.teams.links import Links
from adapters.teams.opened import OpenedForms
from adapters.teams.read import Heard, Person
from adapters.teams.turnstile import Turnstile
from adapters.teams.voice import Voice
from adapters.turn import attempt
from adapters.watch import NOBODY, Watch
from bot.app import App
from bot.domain.conversation import FormSubmitted
from bot.errors import DeliveryFailed
from bot.messages import Message, Plain, Text
from bot.router import Answer

Json = Mapping[str, Any]

SLOW_SECONDS = 1.0  # after this the person sees that we are typing
NAME_SECONDS = 3.0
KEPT = 1_000  # replies kept for requests that Teams sends again, after 15 seconds or so
DONE = "Done."
BELOW = "The answer is below."
PRIVATELY = "I have answered you in our own chat."
UNREACHED = "I could not write to you in private. Open a chat with me and ask me there."
NOTHING_FOUND = "Nothing in the glossary matches. Try other words, or ask me to suggest a term."
log = logging.getLogger(__name__)


class Turns:
    """The conversation of one workspace."""

    def __init__(
        self,
        *,
        app: App,
        addresses: Addresses,
        connector: Connector,
        voice: Voice,
        turnstile: Turnstile,
        clock: Callable[[], datetime],
        key: bytes,
        files: Files,
        links: Links | None,
        watch: Watch = NOBODY,
    ) -> None:
        self._app = app
        self._watch = watch
        self._addresses = addresses
        self._connector = connector
        self._voice = voice
        self._clock = clock
        self._key = key
        self._files = files
        self._links = links
        self._turnstile = turnstile
        self._forms = OpenedForms()
        self._taken: OrderedDict[str, asyncio.Task[Json | None]] = OrderedDict()

    async def take(self, heard: Heard) -> Json | None:
        """The body of the reply, for a request that waits for one. A repeat gets the reply of the first."""
        key = heard.incoming.key
        task = self._taken.get(key)
        if task is None:
            task = self._taken[key] = asyncio.create_task(self._turn(heard))
            while len(self._taken) > KEPT and next(iter(self._taken.values())).done():
                self._taken.popitem(last=False)
        return await asyncio.shield(task)

    async def _turn(self, heard: Heard) -> Json | None:
        await self._addresses.keep(heard.spot, heard.person)
        await self._turnstile.enter()
        if heard.surface == "consent":
            self._voice.later(self._consent(heard), "a file")
            return {}
        if heard.surface == "arrived":
            await asyncio.gather(*(self._arrive(heard, one) for one in heard.people))
            return None
        if heard.surface in {"joined", "left"}:
            await self._come_or_go(heard)
            return None
        typing = asyncio.get_running_loop().call_later(SLOW_SECONDS, self._type, heard)
        try:
            answer, done = await attempt(self._app, heard.incoming, self._clock(), self._watch)
        finally:
            typing.cancel()
        return await self._give(heard, answer, done=done)

    async def _consent(self, heard: Heard) -> None:
        if heard.spot.kind == "direct":
            at = await self._addresses.spot(heard.spot.id)
            await self._files.answer(at, heard.on, heard.consent)

    async def _come_or_go(self, heard: Heard) -> None:
        """Only a person's own chat matters; the welcome is a delivery, so nothing is answered here."""
        if heard.spot.kind != "direct":
            return
        incoming = heard.incoming
        if heard.surface == "joined" and not incoming.name:
            incoming = msgspec.structs.replace(incoming, name=await self._name(heard))
        await attempt(self._app, incoming, self._clock(), self._watch)

    async def _arrive(self, heard: Heard, person: Person) -> None:
        """Somebody came into a team; the core knows whether anybody waits for them there."""
        await self._addresses.keep(heard.spot, person)
        name = person.name or await self._name(msgspec.structs.replace(heard, person=person))
        told = msgspec.structs.replace(
            heard.incoming, account=person.account, key=f"{heard.incoming.key}:{person.account}", name=name, zone=None
        )
        await attempt(self._app, told, self._clock(), self._watch)

    async def _name(self, heard: Heard) -> str:
        """An installation does not say what the person is called."""
        asked = self._connector.member(heard.spot.service_url, heard.spot.id, heard.person.user)
        try:
            found = await asyncio.wait_for(asked, NAME_SECONDS)
        except (DeliveryFailed, TimeoutError):
            return "there"
        name = found.get("name")
        return name[:100] if isinstance(name, str) and name.strip() else "there"

    def _type(self, heard: Heard) -> None:
        """It takes long: let the person see that we are at it."""
        if heard.surface == "typed" and heard.spot.kind == "direct":
            self._voice.later(self._typing(heard), "typing")

    async def _typing(self, heard: Heard) -> None:
        await self._voice.typing(await self._addresses.spot(heard.spot.id))

    # ---- giving the answer

    async def _give(self, heard: Heard, answer: Answer, *, done: bool) -> Json | None:
        match heard.surface:
            case "typed" | "submit":
                self._say(heard, answer, done=done)
                return None
            case "card":
                return await self._card(heard, answer, done=done)
            case "dialog":
                return await self._dialog(heard, answer)
            case "query":
                return replies.results(answer.picks) if answer.picks else replies.extension_said(NOTHING_FOUND)
            case "pick":
                shown = answer.inline
                return replies.inserted(shown) if shown and done else replies.extension_said(NOTHING_FOUND)
            case "search":
                return replies.completions(answer.picks)
            case "joined" | "arrived" | "left" | "consent":
                return None

    def _messages(self, heard: Heard, answer: Answer) -> list[Message]:
        """Everything the answer shows, as messages."""
        shown = []
        if answer.errors:
            shown.append(self._corrected(heard, answer))
        if answer.inline is not None:
            shown.append(answer.inline)
        if answer.opens is not None:
            shown.append(replies.form_message(answer.opens))
        return [self._forms.note(heard.incoming.account, one) for one in shown]

    def _corrected(self, heard: Heard, answer: Answer) -> Message:
        form = self._submitted_form(heard)
        event = heard.incoming.event
        if form is not None and isinstance(event, FormSubmitted):
            return replies.corrected(form, event.values, answer.errors)
        words = replies.told_errors(answer.errors)
        return Message(words[:300], (Text((Plain(words),)),))

    def _submitted_form(self, heard: Heard) -> Any:
        event = heard.incoming.event
        if not isinstance(event, FormSubmitted):
            return None
        return self._forms.find(heard.incoming.account, event.form, event.ref)

    async def _card(self, heard: Heard, answer: Answer, *, done: bool) -> Json:
        """A press: in a channel the reply is what only the presser sees, so everything goes there."""
        if not done and answer.inline is not None:
            return replies.said(answer.inline.summary)
        if answer.errors and self._submitted_form(heard) is None:
            return replies.said(replies.told_errors(answer.errors))
        messages = self._messages(heard, answer)
        if not messages:
            return replies.said(DONE)
        in_place = heard.spot.kind != "direct" or answer.replace or isinstance(heard.incoming.event, FormSubmitted)
        first = messages.pop(0) if in_place else None
        for one in messages:
            self._voice.later(self._post(heard, one), "an answer")
        return replies.said(BELOW) if first is None else replies.card_reply(await self._with_files(heard, first))

    async def _dialog(self, heard: Heard, answer: Answer) -> Json:
        messages = self._messages(heard, answer)
        if not messages:
            return replies.dialog_said(DONE)
        form = answer.opens or self._submitted_form(heard)
        title = form.title if form is not None else messages[-1].summary[:60]
        return replies.dialog(title, await self._with_files(heard, messages[-1]))

    def _say(self, heard: Heard, answer: Answer, *, done: bool) -> None:
        messages = self._messages(heard, answer)
        if heard.spot.kind != "direct":
            if messages:
                self._voice.later(self._privately(heard, messages), "an answer")
            return
        consumed = done and isinstance(heard.incoming.event, FormSubmitted)
        if heard.surface == "submit" and heard.on and messages and (answer.replace or consumed):
            self._voice.later(self._replace(heard, heard.on, messages.pop(0)), "an answer")
        if messages:
            self._voice.later(self._post_all(heard, messages), "an answer")

    async def _post_all(self, heard: Heard, messages: list[Message]) -> None:
        for one in messages:
            await self._post(heard, one)

    async def _post(self, heard: Heard, message: Message) -> None:
        to = await self._direct_or_here(heard)
        await self._voice.post(to, message)

    async def _with_files(self, heard: Heard, message: Message) -> Message:
        """The reply to a press carries no file. In a channel it carries a link; else the file is offered in the own chat."""
        if not any(attached(message)):
            return message
        if heard.spot.kind != "direct" and self._links is not None:
            return await self._links.added(message)
        self._voice.later(self._hand_over(heard, message), "a file")
        return message

    async def _hand_over(self, heard: Heard, message: Message) -> None:
        self._voice.offer(await self._direct_or_here(heard), message)

    async def _direct_or_here(self, heard: Heard) -> Any:
        if heard.spot.kind == "direct":
            return await self._addresses.spot(heard.spot.id)
        return await self._addresses.direct(heard.person.account)

    async def _replace(self, heard: Heard, on: str, message: Message) -> None:
        await self._voice.replace(await self._addresses.spot(heard.spot.id), on, message)

    async def _privately(self, heard: Heard, messages: list[Message]) -> None:
        """What was asked in a channel is answered in the person's own chat; the channel sees only that it was."""
        account, place = heard.incoming.account, heard.incoming.place
        try:
            own = await self._addresses.direct(account)
            for one in messages:
                await self._voice.post(own, one, dress=lambda made: origin.marked(made, self._key, account, place))
            told = PRIVATELY
        except DeliveryFailed as failure:
            log.info("a private answer could not be sent", extra={"reason": failure.reason})
            told = UNREACHED
        here = await self._addresses.spot(heard.spot.id)
        await self._voice.post(here, Message(told), heard.spot.thread)
