"""The pages of the playground: painted by the server first, kept up to date by playground.js."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from adapters.local import openapi
from adapters.local.floor import Floor
from adapters.local.people import PEOPLE, direct
from adapters.local.problems import Problem
from adapters.local.shown import MessageView, PersonView
from bot.domain.calendar import zone_named

HERE = Path(__file__).parent


class Pages:
    """Endpoints that answer with HTML."""

    def __init__(self, floor: Floor) -> None:
        self._floor = floor
        self._templates = Environment(
            loader=FileSystemLoader(HERE / "templates"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._templates.filters["initials"] = initials

    def routes(self) -> list[Route | Mount]:
        return [
            Route("/", self.page),
            Route("/fragment/messages", self.fragment),
            Route("/docs/api", self.reference),
            Mount("/static", StaticFiles(directory=HERE / "static")),
        ]

    async def page(self, request: Request) -> Response:
        people = await self._floor.people()
        accounts = {one.account: one for one in people}
        account = request.query_params.get("as") or PEOPLE[0].account  # the first address names nobody
        if account not in accounts:
            return RedirectResponse(f"/?as={PEOPLE[0].account}", 303)
        places = await self._floor.places(account)
        at_home = request.query_params.get("place") == f"home:{account}"
        wanted = request.query_params.get("place") or direct(account)
        place = next((one for one in places if one.id == wanted), None)
        if place is None and not at_home:
            return RedirectResponse(f"/?as={account}", 303)
        thread = _thread(request)
        values = {
            "people": people,
            "groups": _groups(people),
            "me": accounts[account],
            "places": places,
            "place": place,
            "home": await self._floor.turns.home(account) if at_home else None,
            "messages": [] if at_home else await self._floor.messages(account, wanted, None, 0),
            "thread": thread,
            "replies": await self._floor.messages(account, wanted, thread, 0) if thread and not at_home else [],
            "clock": self._floor.mover.state,
            "wall": wall(self._floor.clock.now, accounts[account]),
            "day": lambda view: day(view, accounts[account]),
            "hour": lambda view: hour(view, accounts[account]),
        }
        return self._html("page.html", values)

    async def fragment(self, request: Request) -> Response:
        """The messages of a conversation as the page paints them."""
        account = request.query_params.get("as", "")
        eyes = await self._floor.turns.eyes(account)
        me = next(one for one in await self._floor.people() if one.account == eyes.viewer.account)
        thread = _thread(request)
        found = await self._floor.messages(account, request.query_params.get("place"), thread, 0)
        values = {
            "messages": found,
            "in_thread": thread is not None,
            "me": me,
            "day": lambda view: day(view, me),
            "hour": lambda view: hour(view, me),
        }
        return self._html("messages.html", values)

    async def reference(self, _request: Request) -> Response:
        return self._html("api.html", {"operations": openapi.OPERATIONS, "fields": openapi.fields})

    def _html(self, name: str, values: dict[str, Any]) -> Response:
        return HTMLResponse(self._templates.get_template(name).render(values), headers={"cache-control": "no-store"})


def initials(name: str) -> str:
    """Two letters for a picture of somebody."""
    words = name.split()
    return "".join(word[0] for word in (words[:1] + words[-1:] if len(words) > 1 else words)).upper()


def wall(now: Any, me: PersonView) -> dict[str, str]:
    """The playground's now on a person's wall."""
    there = now.astimezone(zone_named(me.zone))
    city = me.zone.rsplit("/", maxsplit=1)[-1].replace("_", " ")
    return {
        "iso": now.isoformat(),
        "time": f"{there:%H:%M}",
        "date": f"{there:%a} {there.day} {there:%b %Y}",
        "city": city,
    }


def day(view: MessageView, me: PersonView) -> str:
    there = view.at.astimezone(zone_named(me.zone))
    return f"{there:%A}, {there.day} {there:%B %Y}"


def hour(view: MessageView, me: PersonView) -> str:
    return f"{view.at.astimezone(zone_named(me.zone)):%H:%M}"


def _groups(people: list[PersonView]) -> list[tuple[str, list[PersonView]]]:
    """The person switcher: people with a part to play first."""
    played = [one for one in people if one.part != "colleague"]
    return [("To be", played), ("Colleagues", [one for one in people if one.part == "colleague"])]


def _thread(request: Request) -> int | None:
    words = request.query_params.get("thread", "")
    if not words:
        return None
    if not (words.isdecimal() and words.isascii() and len(words) < 16):
        raise Problem(422, "A thread is a message's id.", "Leave it out, or give a whole number.")
    return int(words)
