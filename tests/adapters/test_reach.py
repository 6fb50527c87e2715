"""Nothing a screen offers is out of reach on a platform, however much it offers; on Teams it takes six actions at most."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.teams import limits, menus, presses, render
from bot.messages import Block, Button, Buttons, Choice, Form, Heading, Message, Pick, Plain, Text, TextInput
from tests.adapters import samples
from tests.contracts import adaptive_cards, reach

LABELS = st.text("abcdef ", min_size=1, max_size=40).filter(str.strip)
ACTIONS = st.sampled_from(["a.one", "a.two", "b.one", "b.two", "c.one"])
BUTTON = st.builds(
    Button, LABELS, ACTIONS, st.text("xyz:", max_size=4), st.sampled_from(["plain", "primary", "danger"])
)
ROW = st.builds(Buttons, st.lists(BUTTON, min_size=1, max_size=5).map(tuple), st.sampled_from(["", "These", "Those"]))
TEXT = st.builds(Text, st.just((Plain("Words."),)))
PICKS = tuple(Pick(f"p{at}", f"Pick {at}") for at in range(3))
CHOICE = st.builds(Choice, LABELS, ACTIONS, st.just(PICKS))
FORM = st.just(Form(id="f", title="t", fields=(TextInput(name="n", label="l"),)))
SCREEN = st.builds(Message, st.just("s"), st.lists(st.one_of(ROW, ROW, TEXT, CHOICE, FORM), max_size=14).map(tuple))


@settings(deadline=None, max_examples=25)
@given(SCREEN.filter(lambda one: sum(isinstance(block, Choice | Form) for block in one.blocks) < limits.ACTIONS))
def test_every_press_is_on_every_platform(screen: Message) -> None:
    reach.check(screen)


def test_the_gallery_is_in_reach_and_a_lost_press_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    reach.check(samples.GALLERY)
    reach.check(samples.FORM)
    busy = Message("s", tuple(_row(f"a.b{at}", str(at)) for at in range(9)))
    reach.check(busy)
    monkeypatch.setattr(render, "folded", lambda blocks: blocks[: limits.ACTIONS])
    render._made.cache_clear()
    with pytest.raises(AssertionError, match=r"a\.b8"):
        reach.check(busy)
    monkeypatch.setattr(render, "folded", lambda blocks: blocks)
    render._made.cache_clear()
    with pytest.raises(AssertionError, match="9 actions"):
        reach.check(busy)
    render._made.cache_clear()


def _row(action: str, *values: str, label: str = "") -> Buttons:
    return Buttons(tuple(Button(f"Do {value}", action, value) for value in values), label)


def _told(blocks: tuple[Block, ...]) -> list[str]:
    """A row by its values, a select by its label and values."""
    found = []
    for one in menus.folded(blocks):
        if isinstance(one, Buttons | menus.Menu):
            values = "".join(button.value for button in one.buttons)
            found.append(values if isinstance(one, Buttons) else f"{one.label}({values})")
    return found


def test_six_are_buttons_and_a_list_of_more_is_one_select_at_its_end() -> None:
    times = [one for at in range(6) for one in (Heading(f"Day {at}"), _row("hours.book", str(at), label="Book a time"))]
    assert menus.folded(times) is times
    blocks = (*times, _row("hours.book", "6", label="Book a time"), _row("hours.more", "m"))
    assert _told(blocks) == ["Book a time(0123456)", "m"]
    assert [type(one) for one in menus.folded(blocks)] == [*[Heading] * 6, menus.Menu, Buttons]


def test_what_a_screen_is_about_stays_in_buttons_and_the_last_rows_give_way() -> None:
    lesson = (
        _row("l.answer", *"abcd"),
        _row("term", *"xyz", label="Look up a word"),
        _row("l.later", *"12345"),
        _row("l.leave", "0"),
    )
    assert _told(lesson) == ["abcd", "Look up a word(xyz)", "More(123450)"]
    assert _told((_row("l.answer", *"abcde"), _row("l.later", *"12"))) == ["abcde", "More(12)"]
    assert _told((FORM_BLOCK, *[_row(f"a.{at}", str(at)) for at in range(9)])) == ["0", "1", "2", "3", "More(45678)"]


FORM_BLOCK = Form(id="f", title="t", fields=(TextInput(name="n", label="l"),))


def test_a_select_says_which_button_was_meant_and_nothing_picked_is_told() -> None:
    made = render.card(
        Message("s", (_row("l.answer", *"abcd"), _row("l.pause", "", label="More"), _row("l.later", *"xyz")))
    )
    (select,) = [one for one in adaptive_cards.walk(made) if one.get("type") == "Input.ChoiceSet"]
    assert [one["title"] for one in select["choices"]] == ["Do x", "Do y", "Do z"]
    data = next(one["data"] for one in adaptive_cards.walk(made) if one.get("data", {}).get("menu"))
    assert presses.pressed({**data, select["id"]: select["choices"][1]["value"]}) == ("l.later", "y")
    assert presses.pressed(data) == presses.pressed({**data, select["id"]: ""}) == ("guide.unpicked", "")
    assert presses.pressed({**data, select["id"]: ["x"]}) == ("guide.unpicked", "")


def test_a_dozen_times_to_book_need_no_dots() -> None:
    start = datetime(2026, 11, 3, 14, tzinfo=UTC)
    rows = [_row("hours.book", f"{start + timedelta(minutes=30 * at)}", label="Book a time") for at in range(12)]
    made = render.card(Message("s", (*rows, _row("hours.more", "m"))))
    titles = [one["title"] for one in adaptive_cards.walk(made) if one.get("type") == "Action.Execute"]
    assert titles == ["Choose", "Do m"]
