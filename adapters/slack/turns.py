"""Turns of a conversation on Slack: a proved payload in, what the response carries out, and what is called after it."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from datetime import UTC, datetime
from functools import cached_property
from typing import Any, Literal

import msgspec
from slack_bolt.async_app import AsyncApp, AsyncBoltRequest
from slack_bolt.authorization import AuthorizeResult
from slack_bolt.context.async_context import AsyncBoltContext
from slack_bolt.middleware.async_middleware import AsyncMiddleware
from slack_bolt.response import BoltResponse
from typing_extensions import override

from adapters.slack import read, render
from adapters.slack.answers import Attach, Call, Effect, Post, Said, shown
from adapters.slack.calls import Calls, TokenRefused
from adapters.slack.files import Files
from adapters.slack.guard import Reply
from adapters.slack.profiles import Profiles
from adapters.slack.seats import Seat, Seats
from adapters.turn import attempt
from adapters.watch import NOBODY, Watch
from bot.app import App
from bot.domain.conversation import Incoming
from bot.errors import DeliveryFailed, Refusal
from bot.messages import Message
from bot.ports.people import Channel
from bot.ports.store import Parts
from bot.router import Answer
from scheduler.ports import finished
from storage import installations
from storage.store import Store

AFTER_SECONDS = 60.0  # nothing that follows an answer holds on for longer
REMEMBERED_SECONDS = 600.0
REMEMBERED = 20_000

Json = dict[str, Any]
log = logging.getLogger(__name__)
bolt_log = logging.getLogger("adapters.slack.bolt")
bolt_log.setLevel(logging.CRITICAL)  # it would write parts of payloads


class Turns:
    """Everything that Slack sends goes through here, over HTTP and over a socket alike."""

    def __init__(
        self,
        *,
        app: App,
        store: Store,
        seats: Seats,
        calls: Calls,
        files: Files,
        profiles: Profiles,
        clock: Callable[[], datetime],
        zone: str,
        watch: Watch = NOBODY,
    ) -> None:
        self._app = app
        self._watch = watch
        self._store = store
        self._seats = seats
        self._calls = calls
        self._files = files
        self._profiles = profiles
        self._clock = clock
        self._zone = zone
        self._recent = Recent()
        self._running: set[asyncio.Task[None]] = set()
        self._bolt: AsyncApp | None = None

    def open(self) -> None:
        """Make the Bolt application; call when the session is open."""
        self._bolt = AsyncApp(
            name="mlops-coach",  # without one Bolt reads the source of every caller to find a name
            logger=bolt_log,
            client=self._calls.client,
            authorize=_authorize,
            # One listener for every kind of payload, and the table of commands behind it: forty of them cost three times.
            before_authorize=_Catch(self._listen),
            process_before_response=True,  # the default polls for the ack, 11 ms at a time
            request_verification_enabled=False,  # the guard has proved the bytes
            ssl_check_enabled=False,
            ignoring_self_events_enabled=False,  # reading does it
            attaching_function_token_enabled=False,
            attaching_conversation_kwargs_enabled=False,
        )

    async def close(self) -> None:
        """Finish what follows the answers already given."""
        if self._running:
            await asyncio.wait(self._running, timeout=5.0)

    async def receive(self, payload: Json, proof: str) -> Reply:
        """The response to a proved payload. Never raises, never answers 5xx but to an event that is to come again."""
        if self._bolt is None:
            return Reply(503)
        where = read.origin(payload)
        seat = self._seats.find(where)
        if payload.get("type") != "url_verification" and (seat is None or where.foreign):
            return self._elsewhere(payload)
        request = AsyncBoltRequest(body=payload, mode="socket_mode", context={"seat": seat, "proof": proof})
        try:
            response = await self._bolt.async_dispatch(request)
        except Exception:
            log.exception("a payload was not understood")
            return Reply(400)
        if response.status == 500:  # Bolt's, for a payload of no shape that Slack sends
            return Reply(400)
        return Reply(response.status, response.body or None, is_json=response.body.startswith("{"))

    def _elsewhere(self, payload: Mapping[str, Any]) -> Reply:
        """A workspace we do not serve (any more), or a guest of a shared channel: nothing is read further."""
        if "command" not in payload:
            return Reply()
        told = self._app.explain(Refusal("app.forbidden")).inline
        return Reply(200, render.private(told).body, is_json=True) if told else Reply()

    async def _listen(self, body: Json, seat: Seat, proof: str) -> BoltResponse:
        """The one listener behind every kind of payload."""
        about = read.incoming(body, seat.workspace, proof, seat.bot)
        match about:
            case None:
                return BoltResponse(status=200)
            case read.Ended():
                return await self._end(seat, about)
            case read.Invited():
                return await self._invited(seat, about)
            case Incoming():
                return await self._turn(seat, body, about)

    async def _turn(self, seat: Seat, payload: Json, about: Incoming) -> BoltResponse:
        is_event = payload.get("type") == "event_callback"
        known = self._recent.begin(about.workspace, about.key)
        if known is not None:  # while the first is under way an event is to come again, for that one may yet fail
            return BoltResponse(status=503 if is_event and known == "running" else 200)
        answer, is_carried_out = await attempt(self._app, about, self._clock(), self._watch)
        is_busy = not is_carried_out and answer == self._app.explain(TimeoutError())
        self._recent.end(about.workspace, about.key, done=not is_busy)
        if is_busy and is_event:
            return BoltResponse(status=503)
        said = self._said(answer, kept=not is_carried_out)
        try:
            made = shown(payload, about, said)
        except Exception:
            # What was asked is done and committed; only the screen is at fault.
            log.exception("an answer could not be shown")
            made = shown(payload, about, Said(inline=self._told("slack.unshown"), late=said.late))
        if made.effects:
            self._after(self._carry_out(seat, made.effects))
        if self._profiles.is_new(seat, about.account):
            self._after(self._profiles.meet(seat, about.account))
        return BoltResponse(status=200, body=_encoded(made.body))

    def _said(self, answer: Answer, *, kept: bool) -> Said:
        return Said(
            inline=answer.inline,
            replace=answer.replace,
            errors=answer.errors,
            opens=answer.opens,
            home=answer.home,
            picks=answer.picks,
            kept=kept,
            late=self._late,
        )

    @cached_property
    def _late(self) -> Message | None:
        return self._told("slack.late")

    def _told(self, key: str) -> Message | None:
        return self._app.explain(Refusal(key)).inline

    async def _end(self, seat: Seat, ended: read.Ended) -> BoltResponse:
        """Uninstalled or revoked, whichever comes first: the workspace stops with this transaction."""
        at = datetime.fromtimestamp(ended.at, UTC)
        try:
            stopped = await finished(self._store.transact(lambda conn: installations.end(conn, seat.workspace, at)))
        except Exception:
            log.exception("an uninstallation was not recorded; Slack sends it again")
            return BoltResponse(status=503)
        if stopped:
            log.warning("a workspace took the app away", extra={"workspace": seat.workspace})
            self._after(self._seats.load())
        return BoltResponse(status=200)

    async def _invited(self, seat: Seat, invited: read.Invited) -> BoltResponse:
        """The bot came into a channel: from now on it is a place that can be written to."""
        new = self._app.ids()

        def add(parts: Parts) -> None:
            here = Channel(
                id=new, workspace=seat.workspace, address=invited.channel, name=invited.channel, zone=self._zone
            )
            parts.people.add_channel(here)

        try:
            await finished(self._store.write(seat.tenant, add))
        except Exception:
            log.exception("a channel was not recorded; Slack sends the event again")
            return BoltResponse(status=503)
        self._after(self._profiles.name_channel(seat, invited.channel))
        return BoltResponse(status=200)

    async def _carry_out(self, seat: Seat, effects: tuple[Effect, ...]) -> None:
        for effect in effects:
            try:
                await self._call(seat, effect)
            except DeliveryFailed as failed:
                what = effect.method if isinstance(effect, Call) else type(effect).__name__
                log.warning("a call after an answer failed", extra={"method": what, "reason": failed.reason})
                if isinstance(failed, TokenRefused):
                    return
                if isinstance(effect, Call) and effect.otherwise is not None:
                    await self._otherwise(effect.otherwise)

    async def _call(self, seat: Seat, effect: Effect) -> None:
        match effect:
            case Call(method=method, arguments=arguments):
                try:
                    await self._calls.call(seat.token, method, arguments)
                except DeliveryFailed as failed:
                    if failed.ambiguous or "blocks" not in arguments or not render.is_native(arguments):
                        raise
                    await self._calls.call(seat.token, method, render.without_native(arguments))
            case Attach(channel=channel, account=account, files=files):
                where = channel or await self._files.open_direct(seat, account)
                await self._files.attach(seat, where, None, files)
            case Post(url=url, body=body):
                try:
                    await self._calls.respond(url, body)
                except DeliveryFailed as failed:
                    if failed.ambiguous or not render.is_native(body):
                        raise
                    await self._calls.respond(url, render.without_native(body))

    async def _otherwise(self, post: Post) -> None:
        try:
            await self._calls.respond(post.url, post.body)
        except DeliveryFailed as failed:
            log.warning("nor could it be told", extra={"method": "response_url", "reason": failed.reason})

    def _after(self, work: Coroutine[Any, Any, None]) -> None:
        """Start what follows the response; the next round of the loop is early enough."""
        task = asyncio.create_task(_within(work))
        self._running.add(task)
        task.add_done_callback(self._finished)

    def _finished(self, task: asyncio.Task[None]) -> None:
        self._running.discard(task)
        if not task.cancelled() and task.exception() is not None:
            log.error("what follows an answer failed", exc_info=task.exception())


class _Catch(AsyncMiddleware):
    """Takes every payload but the check of our address, which is Bolt's.

    It stands before the authorization, so that none of Bolt's own machinery for finding a listener is gone through.
    """

    def __init__(self, listen: Callable[[Json, Seat, str], Awaitable[BoltResponse]]) -> None:
        self._listen = listen

    @override
    async def async_process(
        self, *, req: AsyncBoltRequest, resp: BoltResponse, next: Callable[[], Awaitable[BoltResponse]]
    ) -> BoltResponse | None:
        seat: Seat | None = req.context["seat"]
        if seat is None or req.body.get("type") == "url_verification":
            return await next()
        return await self._listen(req.body, seat, req.context["proof"])


class Recent:
    """Keys of what was handled lately, so that a repeat within Slack's five minutes is a no-op even where nothing is stored."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, str], float | None] = {}

    def begin(self, workspace: str, key: str) -> Literal["running", "done"] | None:
        """What is known of this key; nothing when it is new, and then it is running."""
        at = (workspace, key)
        if at in self._known:
            ended = self._known[at]
            if ended is None:
                return "running"
            if time.monotonic() - ended < REMEMBERED_SECONDS:
                return "done"
        if len(self._known) >= REMEMBERED:
            self._forget()
        self._known[at] = None
        return None

    def end(self, workspace: str, key: str, *, done: bool) -> None:
        """What was not saved may come again."""
        self._known.pop((workspace, key), None)
        if done:
            self._known[workspace, key] = time.monotonic()

    def _forget(self) -> None:
        old = time.monotonic() - REMEMBERED_SECONDS
        ended = [key for key, at in self._known.items() if at is not None]
        for key in [key for key in ended if (self._known[key] or 0.0) < old] or ended[: REMEMBERED // 4]:
            del self._known[key]


async def _within(work: Coroutine[Any, Any, None]) -> None:
    async with asyncio.timeout(AFTER_SECONDS):
        await work


async def _authorize(context: AsyncBoltContext, team_id: str | None, enterprise_id: str | None) -> AuthorizeResult:
    """Bolt's own would ask Slack on every request; the seat is known already."""
    seat: Seat = context["seat"]
    return AuthorizeResult(
        enterprise_id=enterprise_id, team_id=team_id, bot_token=seat.token, bot_id="", bot_user_id=seat.bot
    )


def _encoded(body: Json | str | None) -> str:
    if body is None or isinstance(body, str):
        return body or ""
    return msgspec.json.encode(body).decode()
