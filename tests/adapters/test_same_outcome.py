"""One transcript of the five uses and the settings, over signed requests on Slack and on Teams: the same rows in the store."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from random import Random
from typing import Any

import pytest
from sqlalchemy import Connection, select, update

from bot.domain.people import Role
from bot.ports.people import Member, Team
from storage.parts import Parts
from storage.people import account, member, workspace
from storage.places import channel
from storage.schema import metadata
from tests.adapters.both_platforms import Both, Hands, Json, Values, open_both
from tests.adapters.slack_desk import START, TENANT
from tests.content.samples import write

RIGHT = ("The inputs of last night", "This month and the last")
COLLEAGUES = [f"colleague-{at}" for at in range(5)]
# Where a platform reaches people, what it told us, and what every start writes; all else must be equal.
OF_THE_PLATFORM = {
    "account", "channel", "inbox", "installation", "install_state", "job", "lock", "teams_conversation", "teams_person", "teams_file",
    "tick_mark", "workspace", "tenant", "pack", "due_slot",
}  # fmt: skip
Outcome = dict[str, Counter[str]]
OURS = re.compile(r"\b(?:a-)?[0-9a-hjkmnp-z]{16}\b")
NUMBERED = re.compile(r"\b(daily|review)(-|\": )\d+")


@pytest.fixture(scope="module")
def pack(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write(tmp_path_factory.mktemp("taught") / "pack", {})


async def arrive(company: Both, hands: Hands) -> None:
    for who in ("lena", "tarik", "ada"):
        await hands.arrive(who)
    company.system.store.transact(lambda conn: _appoint(conn, hands)).result()


async def transcript(company: Both, hands: Hands) -> None:
    """Lena learns, Tarik books, Ada hosts, asks the quiz and leads the team."""
    await settings(hands)
    await lessons(hands)
    await glossary(company, hands)
    await quiz(hands)
    await office_hours(hands)
    await digest(hands)


async def settings(hands: Hands) -> None:
    chosen: Values = {"role": "pm", "time": "09:40", "days": ["0", "1", "2", "3"], "region": "DE-BE"}
    form = await hands.press("lena", hands.newest("lena"), "Choose role")
    wrong = await hands.fill("lena", form, {**chosen, "zone": "Atlantis"})
    assert "do not know that zone" in hands.words(wrong)
    assert "09:40" in hands.words(await hands.fill("lena", form, {**chosen, "zone": "Berlin"}))
    await hands.press("tarik", hands.newest("tarik"), "Start")


async def lessons(hands: Hands) -> None:
    await hands.tick(minutes=45)
    for who, is_right in (("lena", False), ("tarik", True)):
        lesson = hands.newest(who)
        options = [one for one in hands.labels(lesson) if one[1:2] == "."]
        picked = [one for one in options if one[3:] in RIGHT] if is_right else _by_text(options, but=RIGHT)
        await hands.press(who, lesson, picked[0])
    assert "1 of" in hands.words(await hands.say("lena", "progress"))
    await hands.say("tarik", "pause 1 week")


def _by_text(options: list[str], but: tuple[str, ...] = ()) -> list[str]:
    """Buttons in the order of their words, whatever their order on the card."""
    return sorted((one for one in options if one[3:] not in but), key=lambda one: one[3:])


async def glossary(company: Both, hands: Hands) -> None:
    await hands.join_channel()
    assert "drift" in hands.words(await hands.say("lena", "define drift", in_channel=True)).lower()
    await hands.say("lena", "define qwertz")
    form = await hands.say("lena", "suggest feature flag")
    await hands.fill("lena", form, {"meaning": "A switch that turns a model on for a few people first."})
    system = company.system
    system.store.write(TENANT, lambda parts: system.app.tally.flush(parts, company.clock.now)).result()  # type: ignore[attr-defined]


async def quiz(hands: Hands) -> None:
    assert "Tuesday" in hands.words(await hands.say("ada", "quiz on", in_channel=True))
    for _ in range(3):
        await hands.tick(hours=13)
    asked = [one for one in hands.channel() if any(label[1:2] == "." for label in hands.labels(one))]
    assert len(asked) == 5
    for question in asked:
        options = _by_text([one for one in hands.labels(question) if one[1:2] == "."])
        for who, at in (("lena", 0), ("tarik", 1)):
            await hands.press(who, question, options[at], in_channel=True)
    for _ in range(3):
        await hands.tick(days=1)


async def office_hours(hands: Hands) -> None:
    form = await hands.press("ada", await hands.say("ada", "host"), "Add a weekly time")
    await hands.fill("ada", form, {"days": ["3"], "place": "https://call.example/ada"})
    for who in ("tarik", "lena"):
        shown = await hands.say(who, "hours")
        form = await hands.press(who, shown, next(one for one in hands.labels(shown) if "Book" in one))
        await hands.fill(who, form, {"question": f"How does {who} notice drift early?"})
    await hands.tick()
    await hands.press("lena", await hands.say("lena", "bookings"), "Cancel")
    await hands.tick()


async def digest(hands: Hands) -> None:
    for _ in range(6):
        await hands.tick(days=1)
    assert "Took part" in hands.words(await hands.say("ada", "digest"))
    assert "from 4 to 50" in hands.words(await hands.say("ada", "admin groups 3"))
    assert "at least 6 people" in hands.words(await hands.say("ada", "admin groups 6"))
    assert "at least 6 people" in hands.words(await hands.say("lena", "privacy"))


def _appoint(conn: Connection, hands: Hands) -> None:
    """Ada hosts, writes, administers, and leads a team of the two and five colleagues who have been there for weeks."""
    found = select(account.c.external, account.c.member)
    members = {row.external: row.member for row in conn.execute(found)}
    people = Parts(conn, TENANT).people
    ada = members[hands.external("ada")]
    for role in (Role.HOST, Role.AUTHOR, Role.ADMIN):
        people.grant(ada, role)
    people.add_team(Team(id="blue", name="Blue", manager=ada))
    for id in COLLEAGUES:
        people.add_member(Member(id=id, name=id, team="blue"), START)
    long_ago = START - timedelta(days=40)
    conn.execute(update(member).values(created_at=long_ago, team="blue"))


def outcome(company: Both, hands: Hands) -> Outcome:
    """Every row of every table but a platform's own, in words that do not depend on ids."""
    return company.system.store.look(lambda conn: _rows(conn, hands)).result()


def _rows(conn: Connection, hands: Hands) -> Outcome:
    people = {hands.external(who): who for who in ("lena", "tarik", "ada")}
    names = {row.id: "WORKSPACE" for row in conn.execute(select(workspace.c.id))}
    names |= {row.id: "CHANNEL" for row in conn.execute(select(channel.c.id))}
    for row in conn.execute(select(account.c.id, account.c.external, account.c.member)):
        names |= {row.id: f"a-{people[row.external]}", row.member: people[row.external]}
    return {
        table.name: Counter(_said(row._mapping, names) for row in conn.execute(select(table)))
        for table in metadata.sorted_tables
        if table.name not in OF_THE_PLATFORM
    }


def _said(row: Any, names: dict[str, str]) -> str:
    """One row; what the platform calls its messages, and how often and where it was asked, is its own."""
    own = {
        "source_id",
        "order",
        "id",
        "message_id",
        "lease_until",
        "not_before",
        "owner",
        "epoch",
        "root",
        "delivery",
        "hash",
        "seed",
    }
    text = json.dumps({key: row[key] for key in row if key not in own}, default=str, sort_keys=True)
    for id, name in names.items():
        text = text.replace(id, name)
    return OURS.sub("ID", NUMBERED.sub(r"\1-N", text))


def differing(one: Outcome, other: Outcome) -> dict[str, Any]:
    return {
        name: {"one": sorted((rows - other[name]).elements()), "other": sorted((other[name] - rows).elements())}
        for name, rows in one.items()
        if rows != other[name]
    }


SAID = ("today", "review", "progress", "pause 2 days", "resume", "stop", "start", "settings", "define drift", "hours", "bookings", "privacy",
        "terms", "find drift", "quiz", "help", "nonsense")  # fmt: skip


async def walk(companies: tuple[Both, Both], steps: int, random: Random) -> list[str]:
    """Two people do the same things at once on both platforms: words, any button that is shown, any form, time."""
    slack, teams = companies
    both: tuple[Hands, Hands] = (slack.slack, teams.teams)
    shown = {who: [hands.newest(who) for hands in both] for who in ("lena", "tarik")}
    done = []
    for _ in range(steps):
        who = random.choice(("lena", "tarik"))
        labels = _common(both, shown[who])
        match random.choice(("say", "press", "press", "press", "wait")):
            case "press" if labels:
                label = random.choice(labels)
                shown[who] = [await _press(hands, who, one, label) for hands, one in zip(both, shown[who], strict=True)]
                done.append(f"{who} presses {label}")
            case "wait":
                hours = random.choice((1, 5, 24))
                before = [hands.count(who) for hands in both]
                for hands in both:
                    await hands.tick(hours=hours)
                came = [hands.count(who) - count for hands, count in zip(both, before, strict=True)]
                assert came[0] == came[1], done
                if came[0]:
                    shown[who] = [hands.newest(who) for hands in both]
                done.append(f"{hours} hours")
            case _:
                text = random.choice(SAID)
                shown[who] = [await hands.say(who, text) for hands in both]
                done.append(f"{who} says {text}")
        if all(hands.is_form(one) for hands, one in zip(both, shown[who], strict=True)):
            shown[who] = [await hands.fill(who, one, {}) for hands, one in zip(both, shown[who], strict=True)]
            done.append(f"{who} sends the form")
    return done


def _common(both: tuple[Hands, Hands], shown: list[Json]) -> list[str]:
    """What is on both cards; the letter before an option goes by its place, which a delivery's number decides."""
    slack, teams = ({_unlettered(label) for label in hands.labels(one)} for hands, one in zip(both, shown, strict=True))
    return sorted(slack & teams)


def _unlettered(label: str) -> str:
    return label[3:] if label[1:3] == ". " else label


async def _press(hands: Hands, who: str, shown: Json, label: str) -> Json:
    return await hands.press(who, shown, next(one for one in hands.labels(shown) if _unlettered(one) == label))


@asynccontextmanager
async def open_pair(folder: Path, pack: Path) -> AsyncIterator[tuple[Both, Both]]:
    """One company on Slack, one on Teams, with the same people."""
    async with open_both(folder, pack, ("slack",)) as slack, open_both(folder, pack, ("teams",)) as teams:
        await arrive(slack, slack.slack)
        await arrive(teams, teams.teams)
        yield slack, teams


def difference(slack: Both, teams: Both) -> dict[str, Any]:
    return differing(outcome(slack, slack.slack), outcome(teams, teams.teams))


async def test_the_same_transcript_on_slack_and_teams_leaves_the_same_rows(
    tmp_path: Path, pack: Path, unpaced: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("adapters.slack.pace.CONVERSATION_SECONDS", 0.0)
    async with open_pair(tmp_path, pack) as (slack, teams):
        await transcript(slack, slack.slack)
        await transcript(teams, teams.teams)
        assert not difference(slack, teams), json.dumps(difference(slack, teams), indent=1)
        left = outcome(slack, slack.slack)
        done = (
            "answer",
            "lesson_state",
            "booking",
            "enrolment",
            "learner",
            "quiz_post",
            "term_suggestion",
            "digest_edition",
        )
        assert all(left[name] for name in done)
        assert sum(left["answer"].values()) == 12
        said = await walk((slack, teams), 6, Random(1))
        assert not difference(slack, teams), said
        await slack.slack.say("lena", "stop")  # the control: one word more is seen
        assert "learner" in difference(slack, teams)


async def test_whatever_is_pressed_and_said_on_both_leaves_the_same_rows(
    tmp_path: Path, pack: Path, unpaced: None, monkeypatch: pytest.MonkeyPatch, rounds: Callable[[int, int], int]
) -> None:
    """At full length forty walks; in the gate the one after the transcript stands for them."""
    monkeypatch.setattr("adapters.slack.pace.CONVERSATION_SECONDS", 0.0)
    for seed in range(rounds(0, 40)):
        folder = tmp_path / str(seed)
        folder.mkdir()
        async with open_pair(folder, pack) as (slack, teams):
            done = await walk((slack, teams), 60, Random(seed))
            found = difference(slack, teams)
            assert not found, json.dumps({"seed": seed, "done": done, **found}, indent=1)
