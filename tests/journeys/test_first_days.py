"""From hello to the first answers, pauses, flights and look-ups: whole conversations, as people have them."""

from datetime import UTC, datetime, timedelta

import pytest

from bot.domain.conversation import MemberJoined, Removed
from bot.domain.people import Role, authorize
from bot.messages import Button, Buttons, Message, SelectInput, plain
from tests.journeys.conversation import Conversation, button, buttons, said, words

MONDAY = datetime(2026, 11, 23, 6, 0, tzinfo=UTC)  # 07:00 in Berlin
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


@pytest.fixture
def talk(tmp_path):
    one = Conversation(tmp_path, MONDAY)
    yield one
    one.close()


def lessons(talk, who):
    """The dailies that reached somebody, oldest first."""
    ids = {one.id for one in talk.store(lambda parts: parts.ledger.sent_to(who, ["daily"]))}
    return [one for one in talk.see(f"d-{who}") if one.delivery in ids]


def daily(talk, who, day):
    return talk.store(lambda parts: parts.ledger.find(("daily", who, day)))


def choice(talk, shown, *, right):
    """A button of a lesson by whether it is right; only the store knows."""
    options = [one for one in buttons(shown.message) if one.action == "lessons.answer"]
    asking = talk.store(lambda parts: parts.lessons.asking(options[0].value.partition(":")[0]))
    answer = talk.system.app.catalogs.at(asking.pack).questions[asking.question].right.id
    return next(one for one in options if (asking.order[int(one.value.partition(":")[2])] == answer) is right)


async def settings(talk, who, **changes):
    """Fill in the settings form as it opens, with some fields changed."""
    form = (await talk.press(who, button(message_with_settings(), "Change"))).opens
    values = {}
    for field in form.fields:
        found = getattr(field, "value", None) or getattr(field, "values", None)
        if found is None and isinstance(field, SelectInput):
            continue
        values[field.name] = list(found) if isinstance(found, tuple) else found or ""
    return await talk.submit(who, form.id, {**values, **changes})


def message_with_settings():
    return Message("x", (Buttons((Button("Change settings", "settings.change", opens=True),)),))


# ---- the first minute


async def test_a_newcomer_is_welcomed_and_starts_in_one_press(talk):
    answer = await talk.say("nia", "hello")
    assert "define" in said(answer)
    await talk.settle()
    (welcome,) = talk.see("d-nia")
    assert "a bot" in welcome.words
    assert "What I store" in welcome.words
    assert "Who sees what" in welcome.words
    assert "stop" in welcome.words
    answer = await talk.press("nia", button(welcome.message, "Start"))
    assert "09:30" in said(answer)
    await talk.until(MONDAY + 4 * HOUR)
    assert len(talk.see("d-nia")) >= 2


async def test_joining_welcomes_once_whatever_else_they_do(talk):
    for event in (MemberJoined(), MemberJoined()):
        await talk.does("nia", event)
    await talk.say("nia", "help")
    await talk.settle()
    assert len(talk.see("d-nia")) == 1


async def test_the_same_event_twice_has_one_effect_and_no_second_answer(talk):
    first = await talk.does("nia", MemberJoined(), key="same")
    again = await talk.does("nia", MemberJoined(), key="same")
    assert first.inline is None
    assert again.inline is None
    await talk.settle()
    assert len(talk.see("d-nia")) == 1


async def test_who_is_removed_without_ever_having_come_is_not_met(talk):
    await talk.does("ghost", Removed())
    await talk.settle()
    assert talk.see("d-ghost") == []
    assert talk.store(lambda parts: parts.people.actor("w", "u-ghost")) is None


async def test_a_leaver_gets_nothing_more_and_comes_back_as_the_same(talk):
    talk.join("nia")
    await talk.press("nia", button(message_with_quick(), "Start"))
    await talk.does("nia", Removed())
    await talk.until(MONDAY + 2 * DAY)
    assert talk.see("d-nia") == []
    await talk.say("nia", "start")
    await talk.until(MONDAY + 3 * DAY)
    assert len(lessons(talk, "nia")) == 1


def message_with_quick():
    return Message("x", (Buttons((Button("Start", "settings.quick"),)),))


async def test_a_wrong_and_a_right_answer_give_their_reasons(talk):
    talk.join("nia", "ola")
    for who in ("nia", "ola"):
        await talk.press(who, button(message_with_quick(), "Start"))
    await talk.until(MONDAY + 3 * HOUR)
    for who, right in (("nia", False), ("ola", True)):
        (lesson,) = lessons(talk, who)
        pressed = choice(talk, lesson, right=right)
        answer = await talk.press(who, pressed)
        assert answer.replace
        option = pressed.label.partition(". ")[2]
        question = next(
            one
            for one in talk.system.app.catalogs.active().questions.values()
            if any(o.text == option for o in one.options)
        )
        chosen = next(one for one in question.options if one.text == option)
        assert chosen.why.rstrip(".") in said(answer)
        assert question.right.why.rstrip(".") in said(answer)
        # The first answer counts, and the other one changes nothing.
        other = await talk.press(who, choice(talk, lesson, right=not right))
        assert chosen.why.rstrip(".") in said(other)
    counts = [talk.store(lambda parts, who=who: parts.lessons.counts(who)) for who in ("nia", "ola")]
    assert [(one["answers"], one["right"]) for one in counts] == [(1, 0), (1, 1)]


async def test_somebody_elses_button_is_no_longer_in_use(talk):
    talk.join("nia", "ola")
    await talk.press("nia", button(message_with_quick(), "Start"))
    await talk.until(MONDAY + 3 * HOUR)
    (lesson,) = lessons(talk, "nia")
    answer = await talk.press("ola", choice(talk, lesson, right=True))
    assert said(answer) == plain(talk.system.app.texts.render("app.expired"))
    assert talk.store(lambda parts: parts.lessons.counts("ola"))["answers"] == 0


# ---- pauses


async def test_a_pause_takes_back_what_waits_and_a_resume_gives_it_back(talk):
    talk.join("nia")
    await talk.press("nia", button(message_with_quick(), "Start"))
    await talk.settle()
    talk.now = MONDAY + 3 * HOUR  # 10:00 in Berlin
    await talk.system.ticker.tick(talk.now)
    assert daily(talk, "nia", "2026-11-23").state == "ready"
    assert "paused" in said(await talk.say("nia", "pause"))
    await talk.settle()
    assert (daily(talk, "nia", "2026-11-23").state, lessons(talk, "nia")) == ("skipped", [])
    answer = await talk.say("nia", "resume")
    assert "on its way" in said(answer)
    await talk.settle()
    assert len(lessons(talk, "nia")) == 1


async def test_a_pause_until_a_day_ends_by_itself(talk):
    talk.join("nia")
    await talk.press("nia", button(message_with_quick(), "Start"))
    answer = await talk.say("nia", "pause until wednesday")
    assert "Wednesday 25 November 2026" in said(answer)
    await talk.until(MONDAY + 3 * DAY)
    assert [daily(talk, "nia", f"2026-11-{day}") is not None for day in (23, 24, 25)] == [False, False, True]
    assert "Active" in said(await talk.say("nia", "settings"))
    assert len(lessons(talk, "nia")) == 1


async def test_coming_back_brings_no_backlog(talk):
    talk.join("nia")
    await talk.press("nia", button(message_with_quick(), "Start"))
    await talk.say("nia", "pause")
    await talk.until(MONDAY + 10 * DAY + 14 * HOUR)  # a Thursday, 21:00 in Berlin
    answer = await talk.say("nia", "resume")
    assert "Friday 4 December, 09:30" in said(answer)
    await talk.until(MONDAY + 11 * DAY + 6 * HOUR)
    assert len(lessons(talk, "nia")) == 1


async def test_a_pause_outlasts_a_change_of_settings(talk):
    talk.join("nia")
    await talk.press("nia", button(message_with_quick(), "Start"))
    await talk.say("nia", "pause")
    answer = await settings(talk, "nia", time="08:00")
    assert "still paused" in said(answer)
    await talk.until(MONDAY + 2 * DAY)
    assert lessons(talk, "nia") == []


async def test_words_that_are_no_day_change_nothing(talk):
    talk.join("nia")
    await talk.press("nia", button(message_with_quick(), "Start"))
    assert "Nothing was changed" in said(await talk.say("nia", "pause until the cows come home"))
    await talk.until(MONDAY + 4 * HOUR)
    assert len(lessons(talk, "nia")) == 1


# ---- time and zone


async def test_a_time_that_moves_before_todays_lesson_plans_it_anew(talk):
    talk.join("nia")
    await talk.press("nia", button(message_with_quick(), "Start"))
    await settings(talk, "nia", time="11:00")
    await talk.until(MONDAY + 3 * HOUR)
    assert lessons(talk, "nia") == []
    await talk.until(MONDAY + 4 * HOUR)
    assert [one.at for one in lessons(talk, "nia")] == [MONDAY + 4 * HOUR]


async def test_a_time_that_has_passed_today_brings_the_lesson_now(talk):
    talk.join("nia")
    talk.now = MONDAY + 5 * HOUR  # noon in Berlin
    answer = await settings(talk, "nia", time="09:30")
    assert "on its way" in said(answer)
    await talk.settle()
    assert len(lessons(talk, "nia")) == 1
    assert "on its way" not in said(await settings(talk, "nia", time="10:00"))
    await talk.until(MONDAY + 18 * HOUR)
    assert len(lessons(talk, "nia")) == 1


async def test_a_time_that_moves_after_todays_lesson_waits_for_tomorrow(talk):
    talk.join("nia")
    await talk.press("nia", button(message_with_quick(), "Start"))
    await talk.until(MONDAY + 3 * HOUR)
    await settings(talk, "nia", time="15:00")
    await talk.until(MONDAY + 20 * HOUR)
    assert len(lessons(talk, "nia")) == 1
    await talk.until(MONDAY + DAY + 8 * HOUR)
    assert [one.at for one in lessons(talk, "nia")] == [MONDAY + 2.5 * HOUR, MONDAY + DAY + 8 * HOUR]


@pytest.mark.parametrize(
    ("zone", "hours", "after"),
    [
        ("America/New_York", 4, [32.5]),  # west, the day is the same: nothing more today
        ("Asia/Tokyo", 4, [18.5, 42.5]),  # east, the day is the same: 09:30 tomorrow in Tokyo
        ("Pacific/Auckland", 6, [14.5, 38.5]),  # east past midnight: it is Tuesday there, and twelve hours of rest
        ("Pacific/Honolulu", 5, [37.5]),  # far west: Monday has had its lesson
    ],
)
async def test_a_flight_doubles_nothing(talk, zone, hours, after):
    """``after`` is when the lessons after the first one come, in hours after Monday 06:00 UTC."""
    talk.join("nia")
    await talk.press("nia", button(message_with_quick(), "Start"))
    await talk.until(MONDAY + hours * HOUR)
    assert len(lessons(talk, "nia")) == 1
    await settings(talk, "nia", zone=zone)
    await talk.until(MONDAY + 2 * DAY)
    found = lessons(talk, "nia")
    assert [(one.at - MONDAY) / HOUR for one in found] == [2.5, *after]
    periods = {talk.store(lambda parts, id=one.delivery: parts.ledger.get(id)).period for one in found}
    assert len(periods) == len(found)


async def test_stopping_and_starting_again_on_one_day(talk):
    talk.join("nia")
    await talk.press("nia", button(message_with_quick(), "Start"))
    await talk.settle()
    talk.now = MONDAY + 3 * HOUR
    await talk.system.ticker.tick(talk.now)
    assert "left your track" in said(await talk.say("nia", "stop"))
    await talk.settle()
    assert lessons(talk, "nia") == []
    await talk.press("nia", button(message_with_quick(), "Start"))
    await talk.settle()
    assert len(lessons(talk, "nia")) == 1


# ---- words


@pytest.mark.parametrize(
    "asked", ["define drift", "define DRIFT", "define DFT", "define drifts", "what is drift", "explain  Drift "]
)
async def test_define_by_name_alias_plural_and_case(talk, asked):
    talk.join("nia")
    answer = await talk.say("nia", asked)
    assert said(answer).splitlines()[0] == "Drift"
    assert "One line about drift." in said(answer)
    assert "A way to say what happened." in said(answer)
    assert "A difference between two samples" in said(answer)


async def test_define_a_typo_asks_what_was_meant(talk):
    talk.join("nia")
    answer = await talk.say("nia", "define drfit")
    near = button(answer.inline, "Drift")
    assert "One line about drift." in said(await talk.press("nia", near))


async def test_define_what_nobody_knows_offers_to_suggest_it_and_counts(talk):
    talk.join("nia")
    talk.join("eve", roles=(Role.AUTHOR,))
    answer = await talk.say("nia", "define flux capacitor")
    form = (await talk.press("nia", button(answer.inline, "Suggest"))).opens
    assert form.fields[0].value == "flux capacitor"
    told = await talk.submit("nia", form.id, {"term": "Flux capacitor", "meaning": ""})
    assert "editors" in said(told)
    assert "term" in (await talk.submit("nia", form.id, {"term": ""})).errors
    await talk.system.housekeeping.run(talk.now)
    misses = said(await talk.say("eve", "terms misses"))
    assert "flux capacitor: 1 time" in misses
    assert "nia" not in misses.casefold()


async def test_define_nothing_browses_and_too_much_is_refused(talk):
    talk.join("nia")
    assert "topic" in said(await talk.say("nia", "define")).casefold()
    answer = await talk.say("nia", "define " + "x" * 40_000)
    assert "3000" in said(answer).replace(",", "")


async def test_a_definition_is_shared_only_when_asked(talk):
    talk.join("nia")
    talk.channel("ml")
    answer = await talk.say("nia", "define drift", "ml")
    await talk.settle()
    assert talk.see("ml") == []
    await talk.press("nia", button(answer.inline, "Share"), "ml")
    await talk.settle()
    (shared,) = talk.see("ml")
    assert "Nia" in words(shared.message)


# ---- help


@pytest.mark.parametrize(
    ("typed", "meant"), [("defin", "define"), ("qiz", "quiz"), ("setings", "settings"), ("porgress", "progress")]
)
async def test_unknown_words_get_the_nearest_commands(talk, typed, meant):
    talk.join("nia")
    answer = await talk.say("nia", typed)
    assert meant in [one.label for one in buttons(answer.inline)]


async def test_unknown_words_far_from_everything_get_help(talk):
    talk.join("nia")
    answer = await talk.say("nia", "qqqqqqqq")
    listed = await talk.press("nia", button(answer.inline, "All commands"))
    assert "define" in said(listed)


async def test_help_lists_what_the_actor_may_use_and_nothing_else(talk):
    talk.join("nia")
    talk.join("ada", roles=(Role.ADMIN, Role.HOST, Role.AUTHOR))
    table = talk.system.app.table
    for who in ("nia", "ada"):
        shown = said(await talk.say(who, "help"))
        actor = talk.store(lambda parts, who=who: parts.people.actor("w", f"u-{who}"))
        for command in table.listed:
            assert (f"{command.name} " in shown) == authorize(actor, command.verb), (who, command.name)


async def test_what_one_may_not_use_is_not_there_in_any_way(talk):
    talk.join("nia")
    unknown, forbidden = said(await talk.say("nia", "help zzzz")), said(await talk.say("nia", "help digest"))
    assert forbidden.splitlines()[0] == unknown.splitlines()[0].replace("zzzz", "digest")
    assert "digest" not in [one.label for one in buttons((await talk.say("nia", "digst")).inline)]
    assert said(await talk.say("nia", "digest")) == plain(talk.system.app.texts.render("app.forbidden"))


async def test_help_for_one_command_shows_examples(talk):
    talk.join("nia")
    shown = said(await talk.say("nia", "help define"))
    assert "define drift" in shown
    assert "what is" in shown
