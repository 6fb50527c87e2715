"""People on Slack and on Teams by one set of hands: signed requests in, what the platforms were sent out.

``Hands`` is what a person does on either platform; ``open_both`` is one company with both over one store, ``open_one`` one of them alone.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any, Protocol

import httpx
from starlette.applications import Starlette

from adapters.slack.app import open_front
from adapters.teams.cloud import emulated
from adapters.teams.front import TeamsFront
from adapters.wiring.system import System, assemble, wake_on_commit
from scheduler.ports import Messenger
from storage import tenancy
from storage.dialects import open_engine
from tests.adapters import slack_desk, teams_world
from tests.adapters.slack_desk import START, TENANT, Clock, Desk
from tests.adapters.teams_world import World
from tests.contracts import adaptive_cards, block_kit
from tests.faults.slack_platform import BOT, SlackPlatform
from tests.faults.teams_platform import TeamsPlatform
from tests.journeys import surfaces
from tests.prepared import database, unsynced

Json = dict[str, Any]
Values = dict[str, str | list[str]]
CHANNELS = {"slack": "C0ML", "teams": "19:general@thread.tacv2"}


class Hands(Protocol):
    """What people do on one platform. A message or form is that platform's own JSON."""

    name: str

    async def arrive(self, who: str) -> None: ...

    async def say(self, who: str, text: str, *, in_channel: bool = False) -> Json:
        """The private answer, or the form that opened."""
        ...

    async def press(self, who: str, shown: Json, label: str, *, in_channel: bool = False) -> Json: ...

    async def fill(self, who: str, form: Json, values: Values) -> Json: ...

    async def join_channel(self) -> None:
        """The bot comes into the channel."""
        ...

    async def tick(self, **by: float) -> None: ...

    def own(self, who: str) -> list[Json]:
        """What stands in somebody's own conversation."""
        ...

    def newest(self, who: str) -> Json:
        """The last message in somebody's own conversation."""
        ...

    def count(self, who: str) -> int: ...

    def channel(self) -> list[Json]:
        """What stands in the channel and its threads."""
        ...

    def external(self, who: str) -> str: ...

    def words(self, shown: Json) -> str: ...

    def labels(self, shown: Json) -> list[str]:
        """The buttons of a message; of a form none."""
        ...

    def is_form(self, shown: Json) -> bool: ...


class SlackHands:
    """Slash commands, interactions and events, signed with the signing secret."""

    name = "slack"

    def __init__(self, desk: Desk) -> None:
        self.desk = desk

    def external(self, who: str) -> str:
        return f"U0{who.upper()}"

    def _home(self, who: str) -> str:
        return slack_desk.direct(self.external(who))

    async def arrive(self, who: str) -> None:
        user = self.external(who)
        profile = {"id": user, "name": who, "real_name": f"{who.title()} Doe", "tz": "Europe/Berlin"}
        self.desk.platform.users[user] = profile
        await self.desk.event({"type": "team_join", "user": profile})
        await self.tick()

    async def say(self, who: str, text: str, *, in_channel: bool = False) -> Json:
        where = {"channel": CHANNELS["slack"]} if in_channel else {"channel": self._home(who)}
        before = self._seen()
        answer = await self.desk.slash(self.external(who), text, **where)
        await self._settle()
        return self._checked(answer or self._since(before))

    async def press(self, who: str, shown: Json, label: str, *, in_channel: bool = False) -> Json:
        before = self._seen()
        on = {**shown, "channel": CHANNELS["slack"]} if in_channel else shown
        await self.desk.press(self.external(who), on, label)
        await self._settle()
        return self._checked(self._since(before))

    async def fill(self, who: str, form: Json, values: Values) -> Json:
        answer = await self.desk.submit(self.external(who), form, **surfaces.Slack()._filled(form, values))
        await self._settle()
        return self._checked(answer.get("view") or answer)

    async def _settle(self) -> None:
        """Until everything said and due has been sent."""
        await self.desk.settled()
        await self.desk.system.drainer.drain()

    def _seen(self) -> tuple[int, int]:
        return len(self.desk.platform.responses), len(self.desk.platform.made("views.open"))

    def _since(self, before: tuple[int, int]) -> Json:
        views = self.desk.platform.made("views.open")[before[1] :]
        return dict(views[-1]["view"]) if views else dict((self.desk.platform.responses[before[0] :] or [{}])[-1])

    def _checked(self, shown: Json) -> Json:
        if shown.get("blocks"):
            block_kit.check({key: shown[key] for key in shown if key not in {"ts", "channel", "thread_ts"}})
        return shown

    async def join_channel(self) -> None:
        await self.desk.event({"type": "member_joined_channel", "user": BOT, "channel": CHANNELS["slack"]})

    async def tick(self, **by: float) -> None:
        await self.desk.tick(**by)

    def own(self, who: str) -> list[Json]:
        return self.desk.platform.standing(self._home(who))

    def newest(self, who: str) -> Json:
        return dict(self.own(who)[-1])

    def count(self, who: str) -> int:
        return len(self.own(who))

    def channel(self) -> list[Json]:
        return self.desk.platform.standing(CHANNELS["slack"])

    def words(self, shown: Json) -> str:
        return slack_desk.words(shown)

    def labels(self, shown: Json) -> list[str]:
        return [one["text"]["text"] for one in slack_desk.buttons({"blocks": shown.get("blocks", [])})]

    def is_form(self, shown: Json) -> bool:
        return shown.get("type") == "modal" and "submit" in shown


class TeamsHands:
    """Activities with a token signed by a key of the loopback key server; what comes back by the loopback connector."""

    name = "teams"

    def __init__(self, world: World, clock: Clock) -> None:
        self.world = world
        self.clock = clock

    def external(self, who: str) -> str:
        return f"dir-{who}"

    async def arrive(self, who: str) -> None:
        await self.world.send(self.world.activity("installed_personal", who))
        await self.tick()

    async def say(self, who: str, text: str, *, in_channel: bool = False) -> Json:
        before = self.count(who)
        if in_channel:
            asked = self.world.activity("message_channel", who, text=f"<at>MLOps coach</at> {text}")
            assert (await self.world.send(asked)).status_code == 200
            await self.world.settle()
        else:
            await self.world.say(text, who)
        return self._checked(self.own(who)[before:][-1])

    async def press(self, who: str, shown: Json, label: str, *, in_channel: bool = False) -> Json:
        choice = next(data for title, data in self._buttons(shown).items() if title.startswith(label))
        before = self.count(who)
        reply = await self.world.press(choice, who, "invoke_card_channel" if in_channel else "invoke_card")
        forms = [one for one in self.own(who)[before:] if _is_form(one)]
        return self._checked(forms[-1] if forms else reply)

    async def fill(self, who: str, form: Json, values: Values) -> Json:
        filled = surfaces.Teams()._filled(form, values)
        if "task" in form:
            return self._checked(await self.world.invoke("invoke_task_submit", {"data": filled}, who))
        return self._checked(await self.world.press(filled, who))

    def _checked(self, shown: Json) -> Json:
        for card in teams_world.cards(shown):
            adaptive_cards.check(card)
        return shown

    async def join_channel(self) -> None:
        await self.world.send(self.world.activity("added_team"))
        await self.world.settle()

    async def tick(self, **by: float) -> None:
        self.clock.move(**by)
        await self.world.system.ticker.tick(self.clock.now)
        await self.world.settle()

    def own(self, who: str) -> list[Json]:
        return self.world.platform.messages(teams_world.direct(who))

    def newest(self, who: str) -> Json:
        return self.own(who)[-1]

    def count(self, who: str) -> int:
        return len(self.own(who))

    def channel(self) -> list[Json]:
        sent = self.world.platform.posted
        here = [one for one in sent if one.conversation.startswith(CHANNELS["teams"])]
        return [one.activity for one in here if one.activity.get("type") == "message"]

    def words(self, shown: Json) -> str:
        return teams_world.words(shown)

    def labels(self, shown: Json) -> list[str]:
        return [] if _is_form(shown) else [*self._buttons(shown)]

    def is_form(self, shown: Json) -> bool:
        return _is_form(shown)

    def _buttons(self, shown: Json) -> dict[str, Json]:
        """Data by title; where two buttons say the same, the first."""
        found: dict[str, Json] = {}
        for title, data in adaptive_cards.actions(teams_world.cards(shown)):
            found.setdefault(title, data)
        return found


def _is_form(shown: Json) -> bool:
    return any(
        data.get("action") == "form.submit"
        for card in teams_world.cards(shown)
        for data in teams_world.buttons(card).values()
    )


class Both:
    """One company: its service, its clock, and the hands of people on each platform it has."""

    def __init__(self, system: System, clock: Clock, slack: SlackHands | None, teams: TeamsHands | None) -> None:
        self.system = system
        self.clock = clock
        self._slack, self._teams = slack, teams

    @property
    def slack(self) -> SlackHands:
        assert self._slack is not None
        return self._slack

    @property
    def teams(self) -> TeamsHands:
        assert self._teams is not None
        return self._teams

    async def tick(self, **by: float) -> None:
        self.clock.move(**by)
        await self.system.ticker.tick(self.clock.now)
        await self.system.drainer.drain()


@asynccontextmanager
async def open_both(folder: Path, taught: Path, platforms: tuple[str, ...] = ("slack", "teams")) -> AsyncIterator[Both]:
    """A running service over a fresh database, with these platforms in front of it."""
    clock = Clock()
    messengers: dict[str, Messenger] = {}
    engine = unsynced(open_engine(database(folder / f"{'-'.join(platforms)}.db", taught)))
    system = assemble(engine, clock=clock, messengers=messengers, folder=taught, look_up_after=0.0)
    system.store.transact(lambda conn: tenancy.add_tenant(conn, TENANT, "Northwind", "secret", START)).result()
    wake_on_commit(system, asyncio.get_running_loop())
    async with AsyncExitStack() as stack:
        stack.callback(system.store.close)
        slack = await _slack(stack, system, clock) if "slack" in platforms else None
        teams = await _teams(stack, system, clock) if "teams" in platforms else None
        if slack is not None:
            messengers[slack.name] = slack.desk.front.messenger
        if teams is not None:
            messengers[teams.name] = teams.world.front.messenger
        await system.ticker.tick(clock.now)
        yield Both(system, clock, slack, teams)


async def _slack(stack: AsyncExitStack, system: System, clock: Clock) -> SlackHands:
    platform = await stack.enter_async_context(SlackPlatform().serve())
    front = open_front(
        slack_desk.settings(platform, zone="Europe/Berlin"), system.app, system.store, clock, tenant=TENANT
    )
    await front.start()
    desk = Desk(platform, system, front, clock)
    stack.push_async_callback(front.stop)
    stack.push_async_callback(desk.http.aclose)
    stack.push_async_callback(desk.settled)
    return SlackHands(desk)


async def _teams(stack: AsyncExitStack, system: System, clock: Clock) -> TeamsHands:
    platform = TeamsPlatform()
    await platform.start()
    stack.push_async_callback(platform.stop)
    front = TeamsFront(
        teams_world.settings(company="Northwind"),
        app=system.app,
        store=system.store,
        clock=clock,
        tenant=TENANT,
        cloud=emulated(platform.base),
    )
    await front.start()
    stack.push_async_callback(front.stop)
    transport = httpx.ASGITransport(Starlette(routes=list(front.routes)))
    client = await stack.enter_async_context(httpx.AsyncClient(transport=transport, base_url="http://coach"))
    return TeamsHands(World(platform, system, front, client), clock)
