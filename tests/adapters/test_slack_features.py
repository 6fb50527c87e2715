"""Every feature as Slack carries it: the same conversations over signed requests and through a socket."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from sqlalchemy import update

from bot.domain.people import Role
from bot.ports.people import Team
from bot.ports.store import Parts as PartsPort
from storage import tenancy
from storage.ledger import delivery
from storage.parts import Parts
from storage.people import member
from tests.adapters.slack_desk import (
    START,
    TENANT,
    Desk,
    buttons,
    direct,
    member_of,
    open_desk,
    open_socket_desk,
    words,
)
from tests.contracts import block_kit
from tests.faults.slack_platform import BOT, Fault

Json = dict[str, Any]
LENA, TARIK, ADA = "U0LENA", "U0TARIK", "U0ADA"
CHANNEL = "C0ML"


# What goes through the socket in every run: words, a press, a form, a search field. The rest is the same turn once more.
BY_SOCKET = {
    "test_a_lesson_is_chosen_answered_paused_and_looked_back_on",
    "test_a_term_is_looked_up_shared_searched_and_suggested",
}


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Over HTTP always; through the socket where it differs, and with ``--long`` everything."""
    both = metafunc.config.getoption("--long") or metafunc.function.__name__ in BY_SOCKET
    ways = {"http": open_desk, **({"socket": open_socket_desk} if both else {})}
    metafunc.parametrize("desk", list(ways.values()), ids=list(ways), indirect=True)


@pytest.fixture
async def desk(tmp_path, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Desk]:
    monkeypatch.setattr("adapters.slack.pace.CONVERSATION_SECONDS", 0.0)  # our own pace has tests of its own
    async with request.param(tmp_path) as made:
        yield made


async def join(desk: Desk, *users: str, role: Role | None = None) -> None:
    for user in users:
        profile = {"id": user, "name": user[2:].lower(), "real_name": user[2:].title(), "tz": "Europe/Berlin"}
        desk.platform.users[user] = profile
        await desk.event({"type": "team_join", "user": profile})
        if role is not None:
            id = member_of(desk, seat(desk), user)
            desk.system.store.write(TENANT, partial(_grant, id, role)).result()
    await desk.tick()


def _grant(id: str, role: Role, parts: PartsPort) -> None:
    parts.people.grant(id, role)


def _took_part(id: str, parts: PartsPort) -> None:
    parts.participation.add(id, START.date(), "lessons", 1)


def seat(desk: Desk) -> str:
    return desk.system.store.look(tenancy.workspaces).result()[0].id


async def pressed(desk: Desk, user: str, message: Json, label: str) -> Json:
    """What comes back for a press: the newest of what was posted to its response address."""
    await desk.press(user, message, label)
    await desk.settled()
    answer = desk.platform.responses[-1]
    block_kit.check(answer)
    return answer


async def opened(desk: Desk, user: str, message: Json, label: str) -> Json:
    """The modal that a press opens."""
    await desk.press(user, message, label)
    await desk.settled()
    view: Json = desk.platform.made("views.open")[-1]["view"]
    block_kit.check(view)
    return view


async def asked(desk: Desk, user: str, text: str, **more: Any) -> Json:
    """A slash command; an answer with a native chart comes by the response address."""
    posted = len(desk.platform.responses)
    answer = await desk.slash(user, text, **more)
    await desk.settled()
    answer = answer or (desk.platform.responses[posted:] or [{}])[-1]
    if answer:
        block_kit.check(answer)
    return answer


def newest(desk: Desk, channel: str) -> Json:
    message = desk.platform.standing(channel)[-1]
    block_kit.check({"text": message["text"], "blocks": message["blocks"]})
    return message


# ---- lessons, pause, settings, privacy


async def test_a_lesson_is_chosen_answered_paused_and_looked_back_on(desk: Desk) -> None:
    await join(desk, LENA)
    answer = await desk.submit(LENA, await opened(desk, LENA, newest(desk, direct(LENA)), "Choose role"))
    block_kit.check(answer["view"])
    await desk.tick(minutes=45)
    lesson = newest(desk, direct(LENA))
    option = next(one for one in buttons(lesson) if one["action_id"].startswith("lessons.answer"))
    feedback = await pressed(desk, LENA, lesson, option["text"]["text"])
    assert feedback["replace_original"] is True
    assert "1 lesson" in words(await asked(desk, LENA, "progress")).lower() or "1 of" in words(feedback)
    assert "pause" in words(await asked(desk, LENA, "pause 1 week")).lower()
    before = len(desk.platform.standing(direct(LENA)))
    await desk.tick(days=1)
    assert len(desk.platform.standing(direct(LENA))) == before
    await asked(desk, LENA, "resume")
    await desk.tick(days=1)
    assert len(desk.platform.standing(direct(LENA))) == before + 1


async def test_settings_are_changed_and_privacy_says_what_is_stored(desk: Desk) -> None:
    await join(desk, LENA)
    await desk.submit(LENA, await opened(desk, LENA, newest(desk, direct(LENA)), "Choose role"))
    view = await opened(desk, LENA, await asked(desk, LENA, "settings"), "Change settings")
    await desk.submit(LENA, view, zone={"type": "plain_text_input", "value": "Tokyo"})
    told = words(await asked(desk, LENA, "privacy"))
    assert "Asia/Tokyo" in told
    assert "Lena" in told


# ---- glossary


async def test_a_term_is_looked_up_shared_searched_and_suggested(desk: Desk) -> None:
    await join(desk, LENA)
    await desk.event({"type": "member_joined_channel", "user": BOT, "channel": CHANNEL})
    answer = await asked(desk, LENA, "define drift", channel=CHANNEL)
    assert "drift" in answer["text"].lower()
    await pressed(desk, LENA, {**answer, "channel": CHANNEL}, "Share in channel")
    await desk.tick()
    assert "drift" in newest(desk, CHANNEL)["text"].lower()
    assert "drift" in words(await asked(desk, LENA, "define drfit")).lower()
    assert "drift" in words(await asked(desk, LENA, "find drift")).lower()
    assert "static_select" in words(await asked(desk, LENA, "terms"))
    await pressed(desk, LENA, {**await asked(desk, LENA, "terms"), "channel": CHANNEL}, "Look up a term")
    search = desk.platform.made("views.open")[-1]["view"]
    found = await desk.interact(LENA, "block_suggestion", action_id="glossary.terms", block_id="term", value="dr")
    picked = {"type": "external_select", "selected_option": found["options"][0]}
    shown = await desk.submit(LENA, search, term=picked)
    block_kit.check(shown["view"])
    assert "drift" in str(shown["view"]).lower()
    await desk.slash(LENA, "suggest feature flag")
    await desk.settled()
    taken = await desk.submit(LENA, desk.platform.made("views.open")[-1]["view"])
    block_kit.check(taken["view"])


# ---- the weekly quiz


async def test_a_quiz_of_three_people_from_its_opening_to_the_results_in_its_thread(desk: Desk) -> None:
    await join(desk, LENA, TARIK)
    await join(desk, ADA, role=Role.AUTHOR)
    await desk.event({"type": "member_joined_channel", "user": BOT, "channel": CHANNEL})
    assert "Tuesday" in words(await asked(desk, ADA, "quiz on", channel=CHANNEL))
    for _ in range(3):  # what is posted next hangs on what was posted before
        await desk.tick(hours=13)
    parent, *replies = desk.platform.standing(CHANNEL)
    assert "Weekly quiz" in words(parent)
    assert {one["thread_ts"] for one in replies} == {parent["ts"]}
    assert len(replies) == 5
    for person in (LENA, TARIK, ADA):
        for question in replies:
            block_kit.check({"text": question["text"], "blocks": question["blocks"]})
            private = await pressed(desk, person, {**question, "channel": CHANNEL}, "A")
            assert private["response_type"] == "ephemeral"
            assert private["thread_ts"] == parent["ts"]
            assert private["replace_original"] is False
    for _ in range(6):
        await desk.tick(hours=12)
    results = newest(desk, CHANNEL)
    assert results["thread_ts"] == parent["ts"]
    assert words(results).count("The answer is") == 5
    assert not any(name in words(results) for name in ("Lena", "Tarik", LENA, TARIK, ADA))
    assert "Closed" in words(desk.platform.standing(CHANNEL)[0])


# ---- office hours


async def test_office_hours_are_opened_booked_with_an_invitation_and_cancelled(desk: Desk) -> None:
    await join(desk, TARIK)
    await join(desk, ADA, role=Role.HOST)
    view = await opened(desk, ADA, await asked(desk, ADA, "host"), "Add a weekly time")
    days = {"type": "checkboxes", "selected_options": [{"value": "3"}]}
    place = {"type": "plain_text_input", "value": "https://call.example/ada"}
    done = await desk.submit(ADA, view, days=days, place=place)
    assert done["response_action"] == "update", done

    form = await opened(desk, TARIK, await asked(desk, TARIK, "hours"), "Book")
    question = {"type": "plain_text_input", "value": "How do we notice drift early?"}
    booked = await desk.submit(TARIK, form, question=question)
    assert booked["response_action"] == "update", booked
    await desk.tick()
    for person in (TARIK, ADA):
        assert "drift early" in words(newest(desk, direct(person)))
    invitations = [data for data in desk.platform.files.values() if b"METHOD:REQUEST" in data]
    assert len(invitations) == 2
    shared = {one["channel_id"] for one in desk.platform.made("files.completeUploadExternal")}
    assert shared == {direct(TARIK), direct(ADA)}

    await pressed(desk, TARIK, newest(desk, direct(TARIK)), "Cancel")
    await desk.tick()
    assert "cancelled" in words(newest(desk, direct(ADA))).lower()
    assert any(b"METHOD:CANCEL" in data for data in desk.platform.files.values())


# ---- the digest


async def test_a_manager_gets_the_weeks_digest_and_its_figures_as_a_file(desk: Desk) -> None:
    reports = [f"U0REPORT{at}" for at in range(6)]
    await join(desk, ADA, *reports)
    members = [member_of(desk, seat(desk), one) for one in (ADA, *reports)]
    desk.system.store.transact(lambda conn: _team(conn, members)).result()
    for id in members[1:4]:
        desk.system.store.write(TENANT, partial(_took_part, id)).result()
    await desk.tick()
    for _ in range(9):  # over the end of the week, its last zone and the manager's Tuesday morning
        await desk.tick(days=1)
    digest = next(one for one in desk.platform.standing(direct(ADA)) if "Took part" in words(one))
    block_kit.check({"text": digest["text"], "blocks": digest["blocks"]})
    assert not any(report.lower()[2:] in words(digest) for report in reports)
    await pressed(desk, ADA, digest, "Download CSV")
    assert any(data.startswith(b"week") or b"Took part" in data for data in desk.platform.files.values())
    assert desk.platform.made("files.completeUploadExternal")[-1]["channel_id"] == direct(ADA)


def _team(conn: Any, members: list[str]) -> None:
    Parts(conn, TENANT).people.add_team(Team(id="blue", name="Blue", manager=members[0]))
    conn.execute(
        update(member).where(member.c.id.in_(members)).values(team="blue", created_at=START - timedelta(days=40))
    )


# ---- what editors and administrators do, and what somebody does with their own data


async def test_an_editor_takes_a_suggestion_and_an_administrator_makes_a_rule(desk: Desk) -> None:
    await join(desk, LENA)
    await join(desk, ADA, role=Role.AUTHOR)
    await join(desk, TARIK, role=Role.ADMIN)
    await desk.slash(LENA, "suggest feature flag")
    await desk.settled()
    meaning = {"type": "plain_text_input", "value": "A switch for a few people first."}
    await desk.submit(LENA, desk.platform.made("views.open")[-1]["view"], meaning=meaning)
    queue = await asked(desk, ADA, "terms suggestions")
    assert "in the glossary now" in words(await pressed(desk, ADA, queue, "Approve"))
    await desk.tick()
    assert "in the glossary now" in words(newest(desk, direct(LENA)))
    assert "A switch for a few people first." in words(await asked(desk, LENA, "define feature flag"))
    await desk.event({"type": "member_joined_channel", "user": BOT, "channel": CHANNEL})
    form = await opened(desk, TARIK, await asked(desk, TARIK, "admin enrol", channel=CHANNEL), "Add")
    tracks = {"type": "multi_static_select", "selected_options": _options(form, "tracks")[:1]}
    what = {"type": "static_select", "selected_option": _options(form, "what")[0]}
    done = await desk.submit(TARIK, form, tracks=tracks, what=what)
    assert done["response_action"] == "update", done
    block_kit.check(done["view"])
    assert "nothing here for you" in words(await asked(desk, LENA, "admin enrol", channel=CHANNEL))


async def test_somebody_takes_their_data_along_shows_a_code_and_is_erased(desk: Desk) -> None:
    await join(desk, LENA)
    await desk.submit(LENA, await opened(desk, LENA, newest(desk, direct(LENA)), "Choose role"))
    assert "The code works once" in words(await asked(desk, LENA, "link"))
    await asked(desk, LENA, "privacy export")
    assert any(b'"about":' in data for data in desk.platform.files.values())
    sure = await pressed(desk, LENA, await asked(desk, LENA, "privacy"), "Erase everything")
    assert "erased" in words(await pressed(desk, LENA, sure, "Erase, for good"))
    before = len(desk.platform.standing(direct(LENA)))
    await desk.tick(days=2)
    assert len(desk.platform.standing(direct(LENA))) == before


async def test_an_administrator_decides_about_a_quiz_that_may_have_been_posted(desk: Desk) -> None:
    await join(desk, ADA, role=Role.ADMIN)
    await desk.event({"type": "member_joined_channel", "user": BOT, "channel": CHANNEL})
    await asked(desk, ADA, "quiz on", channel=CHANNEL)
    desk.platform.fail("chat.postMessage", Fault(status=503))
    for _ in range(2):
        await desk.tick(hours=13)
    for _ in range(4):  # ten minutes of machine time have gone by, again and again
        desk.system.store.transact(_waited).result()
        await desk.tick(minutes=1)
    doubt = newest(desk, direct(ADA))
    assert "cannot see whether it is there" in words(doubt)
    assert "posted again" in words(await pressed(desk, ADA, doubt, "It is not there"))
    for _ in range(2):
        await desk.tick(minutes=1)
    assert len(desk.platform.standing(CHANNEL)) == 6


def _waited(conn: Any) -> None:
    conn.execute(update(delivery).where(delivery.c.state == "unknown").values(not_before=0, lease_until=0))


def _options(form: Json, field: str) -> list[Json]:
    return next(list(one["element"]["options"]) for one in form["blocks"] if one.get("block_id") == field)
