"""The clock moves forward, step by step, and a run that was killed goes on."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from adapters.local.clock import NotMovable, target
from storage import playground
from tests.adapters.conftest import MONDAY

DAY = timedelta(days=1)


@pytest.mark.parametrize(
    ("words", "until"),
    [
        ("+1h", MONDAY + timedelta(hours=1)),
        ("+1d", MONDAY + DAY),
        ("+2w", MONDAY + 14 * DAY),
        ("2026-11-03T09:30:00Z", datetime(2026, 11, 3, 9, 30, tzinfo=UTC)),
        ("2026-11-03T09:30:00+01:00", datetime(2026, 11, 3, 8, 30, tzinfo=UTC)),
    ],
)
def test_targets(words, until):
    assert target(words, MONDAY) == until


@pytest.mark.parametrize("words", ["", "+", "-1d", "+1y", "+9999w", "2026-11-02T07:00:00Z", "1999-01-01", "soon"])
def test_what_is_no_target(words):
    with pytest.raises(NotMovable):
        target(words, MONDAY)


def instants(rows):
    return [datetime.fromisoformat(one["at"]) for one in rows]


async def test_the_clock_stands_still_between_moves(play):
    await asyncio.sleep(1.1)
    assert (await play.get("/api/clock"))["now"] == "2026-11-02T07:00:00Z"


async def test_next_is_the_next_lesson_of_the_one_who_looks(play):
    state = await play.move("next", as_="lena")
    assert state["now"] == "2026-11-02T08:30:00Z"
    lesson = (await play.messages("lena"))[-1]
    assert lesson["delivery"] is not None
    assert datetime.fromisoformat(lesson["at"]) == datetime(2026, 11, 2, 8, 30, tzinfo=UTC)


async def test_a_lesson_comes_at_its_own_time_each_working_day(play):
    state = await play.move("+1w")
    assert (state["running"], state["now"]) == (False, "2026-11-09T07:00:00Z")
    assert state["sent"] >= 5
    lessons = [one for one in await play.messages("lena") if one["delivery"] is not None]
    assert instants(lessons) == [MONDAY + timedelta(hours=1.5) + DAY * at for at in range(5)]


async def test_an_answer_is_kept_and_the_card_says_why(play):
    await play.move("next", as_="lena")
    card = (await play.messages("lena"))[-1]
    row = next(block for block in card["blocks"] if block["type"] == "buttons")
    button = row["buttons"][0]
    turn = await play.post(
        "/api/press", as_="lena", place="dm:lena", message=card["id"], action=button["action"], value=button["value"]
    )
    assert turn["replaced"]
    assert turn["answer"]["revision"] == 2
    await play.restart()
    kept = (await play.messages("lena"))[-1]
    assert kept["html"] == turn["answer"]["html"]


async def test_one_run_at_a_time_and_a_run_can_be_stopped(play):
    await play.post("/api/clock", to="+2w")
    again = await play.post("/api/clock", 409, to="+1d")
    assert "moving already" in again["error"]
    stopped = await play.post("/api/clock/stop")
    assert not stopped["running"]
    assert MONDAY <= datetime.fromisoformat(stopped["now"]) < MONDAY + 14 * DAY
    standing = await play.get("/api/clock")
    assert standing["now"] == stopped["now"]


async def test_time_and_messages_survive_a_restart(play):
    await play.move("+1d")
    before = await play.messages("lena")
    await play.restart()
    assert (await play.get("/api/clock"))["now"] == "2026-11-03T07:00:00Z"
    assert [one["id"] for one in await play.messages("lena")] == [one["id"] for one in before]
    assert (await play.move("+1h"))["now"] == "2026-11-03T08:00:00Z"


async def test_a_run_that_was_cut_off_goes_on_at_the_next_start(play):
    await play.post("/api/clock", to="+3d")
    await asyncio.sleep(0.05)
    await play.restart()
    for _ in range(600):
        if not (await play.get("/api/clock"))["running"]:
            break
        await asyncio.sleep(0.05)
    assert (await play.get("/api/clock"))["now"] == "2026-11-05T07:00:00Z"
    lessons = [one for one in await play.messages("lena") if one["delivery"] is not None]
    assert instants(lessons) == [MONDAY + timedelta(hours=1.5) + DAY * at for at in range(3)]


async def test_a_restart_after_a_stop_stays_where_it_is(play):
    await play.post("/api/clock", to="+2w")
    stopped = await play.post("/api/clock/stop")
    await play.restart()
    standing = await play.get("/api/clock")
    assert (standing["running"], standing["now"]) == (False, stopped["now"])


async def test_a_stored_clock_never_goes_back(play):
    def turn_back(conn):
        playground.set_clock(conn, "playground", MONDAY - DAY, None)
        return playground.clock(conn, "playground")

    row = await asyncio.wrap_future(play.system.store.transact(turn_back))
    assert row.now == MONDAY


async def test_colleagues_answer_by_themselves_and_people_to_be_do_not(open_play):
    play = await open_play(colleagues=True)
    await play.move("+1d")
    people = (await play.get("/api/people"))["people"]
    simulated = [one["account"] for one in people if one["simulated"]]
    assert len(simulated) >= 7
    answered = {one: [m for m in await play.messages(one) if m["edited"]] for one in [*simulated, "lena"]}
    assert answered["lena"] == []
    assert sum(bool(found) for found in answered.values()) >= len(simulated) // 3


async def test_with_nobody_simulated_nothing_is_answered(play):
    await play.move("+1d")
    for one in ("jonas", "mei", "kofi"):
        assert not any(message["edited"] for message in await play.messages(one))
