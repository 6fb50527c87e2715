"""What can be pressed or filled in on a neutral screen can be, on every platform: nothing is dropped, hidden or cut away."""

from __future__ import annotations

from collections.abc import Iterator
from html.parser import HTMLParser
from typing import Any

from typing_extensions import override

from adapters.local import render as local
from adapters.slack import presses as slack_presses
from adapters.slack import render as slack
from adapters.teams import presses as teams_presses
from adapters.teams import render as teams
from adapters.teams import replies as teams_replies
from bot.messages import Buttons, Choice, Form, Message
from tests.contracts import adaptive_cards, block_kit

Json = dict[str, Any]
Press = tuple[str, str]  # action and value


def check(screen: Message | Form) -> None:
    """Fail if a platform leaves something of this screen out of reach, or would refuse it."""
    lost = {name: missing for name, reached in PLATFORMS.items() if (missing := wanted(screen) - reached(screen))}
    assert not lost, lost


def wanted(screen: Message | Form) -> set[Press]:
    """Every press a screen asks for; of a form, its fields."""
    if isinstance(screen, Form):
        return {(screen.id, field.name) for field in screen.fields}
    found: set[Press] = set()
    for block in screen.blocks:
        match block:
            case Buttons(buttons=buttons):
                found |= {(one.action, one.value) for one in buttons}
            case Choice(action=action, options=options):
                found |= {(action, one.value) for one in options}
            case Form():
                found |= wanted(block)
            case _:
                pass
    return found


def shape(screen: Message | Form) -> tuple[Any, ...]:
    """What kind of screen it is: its blocks and what they do, without their words."""
    if isinstance(screen, Form):
        return (screen.id, *((field.name, type(field).__name__) for field in screen.fields))
    return tuple(
        (type(one).__name__, *sorted(press[0] for press in wanted(Message("s", (one,))))) for one in screen.blocks
    )


def on_slack(screen: Message | Form) -> set[Press]:
    if isinstance(screen, Form):
        made = slack.modal(screen)
        block_kit.check(made)
        return {(screen.id, block["block_id"]) for block in made["blocks"] if block["type"] == "input"}
    made = slack.message(screen)
    block_kit.check(made)
    found: set[Press] = set()
    for one in _parts(made["blocks"]):
        if one.get("type") == "button":
            found.add((slack_presses.action_of(one["action_id"]), one.get("value", "")))
        elif one.get("type") == "static_select":
            found |= {(slack_presses.action_of(one["action_id"]), pick["value"]) for pick in one["options"]}
    # A form in a message is a button that opens it; the form is a screen of its own.
    return found | {press for one in screen.blocks if isinstance(one, Form) for press in on_slack(one)}


def on_teams(screen: Message | Form) -> set[Press]:
    made = teams.card(teams_replies.form_message(screen) if isinstance(screen, Form) else screen)
    adaptive_cards.check(made)
    shown = list(adaptive_cards.walk(made))
    inputs = {one["id"]: one for one in shown if one.get("type", "").startswith("Input.")}
    found: set[Press] = set()
    for _title, data in adaptive_cards.actions(made):
        select = data.get("input")
        if data["action"] == teams_presses.FORM_SUBMIT:
            prefix = data["prefix"]
            found |= {(data["form"], id.removeprefix(prefix)) for id in inputs if id.startswith(prefix)}
        elif select:
            found |= {teams_presses.pressed({**data, select: one["value"]}) for one in inputs[select]["choices"]}
        else:
            found.add(teams_presses.pressed(data))
    return found


def on_the_playground(screen: Message | Form) -> set[Press]:
    page = _Page()
    page.feed(str(local.form(screen) if isinstance(screen, Form) else local.html(screen)))
    return page.found


class _Page(HTMLParser):
    """Buttons, the options of a choice, and the named fields of a form."""

    def __init__(self) -> None:
        super().__init__()
        self.found: set[Press] = set()
        self._choice = self._form = ""

    @override
    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        told = {name: value or "" for name, value in attrs}
        if tag == "form":
            self._choice, self._form = told.get("data-choice", ""), told.get("data-form", "")
        elif tag == "button" and "data-action" in told:
            self.found.add((told["data-action"], told.get("data-value", "")))
        elif tag == "option" and self._choice:
            self.found.add((self._choice, told["value"]))
        elif self._form and told.get("name"):
            self.found.add((self._form, told["name"]))

    @override
    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._choice = self._form = ""


PLATFORMS = {"slack": on_slack, "teams": on_teams, "playground": on_the_playground}


def _parts(made: Any) -> Iterator[Json]:
    if isinstance(made, dict):
        yield made
        made = list(made.values())
    for one in made if isinstance(made, list) else ():
        yield from _parts(one)
