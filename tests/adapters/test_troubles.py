"""A token that is refused, a channel that is closed: what is parked, what waits, and who is told, over both platforms."""

from __future__ import annotations

from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path

import pytest

from bot.domain.deliveries import Outgoing
from bot.domain.people import Role
from bot.messages import Message, Plain, Text
from bot.ports.store import Parts
from bot.router import Composed, Kind, OnUnknown
from storage.people import account
from tests.adapters.both_platforms import Both, Hands, open_both
from tests.adapters.slack_desk import TENANT
from tests.adapters.test_linking import begins, member_at
from tests.content.samples import write
from tests.faults.slack_platform import Fault
from tests.faults.teams_platform import Fault as TeamsFault

NOTE = Message("A note", (Text((Plain("A note."),)),))


@pytest.fixture
async def both(tmp_path: Path, unpaced: None, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Both]:
    monkeypatch.setattr("adapters.slack.pace.CONVERSATION_SECONDS", 0.0)
    async with open_both(tmp_path, write(tmp_path / "pack", {})) as made:
        kind = Kind(
            name="note",
            compose=lambda _work, deliveries: {one.id: Composed(NOTE) for one in deliveries},
            on_unknown=OnUnknown.RESEND,
        )
        made.system.app.table.kinds["note"] = kind  # type: ignore[index]
        yield made


def _grant(id: str, parts: Parts) -> None:
    parts.people.grant(id, Role.ADMIN)


def _plan(new: Outgoing, both: Both, parts: Parts) -> None:
    parts.ledger.put([new], both.clock.now)


def admin(both: Both, hands: Hands, who: str) -> None:
    both.system.store.write(TENANT, partial(_grant, member_at(both, hands, who))).result()


def plan(both: Both, period: str, **to: str) -> None:
    new = Outgoing(kind="note", subject="x", period=period, **to)  # type: ignore[arg-type]
    both.system.store.write(TENANT, partial(_plan, new, both)).result()


def told(hands: Hands, who: str) -> list[str]:
    return [said for one in hands.own(who) if "cannot write there" in (said := hands.words(one))]


async def test_a_refused_token_is_told_to_the_administrator_on_the_other_platform_once(both: Both) -> None:
    await begins(both, both.slack, "lena")
    await both.tick(minutes=45)
    await begins(both, both.teams, "lena")
    await both.slack.arrive("tarik")
    for who in ("lena", "tarik"):
        admin(both, both.slack, who)
    tarik = member_at(both, both.slack, "tarik")
    before = both.slack.count("tarik")
    both.slack.desk.platform.fail("chat.postMessage", Fault(error="token_revoked"))
    plan(both, "1", member=tarik)
    await both.tick()
    plan(both, "2", member=tarik)
    for _ in range(3):
        await both.tick(minutes=1)
    # Neither of the two can be told: Lena is two people, and Tarik has nothing but Slack.
    assert (both.slack.count("tarik"), told(both.teams, "lena")) == (before, [])
    now_one = both.system.store.transact(
        lambda conn: conn.execute(
            account.update()
            .where(account.c.external == both.teams.external("lena"))
            .values(member=member_at(both, both.slack, "lena"))
        )
    )
    now_one.result()
    for _ in range(3):
        await both.tick(minutes=1)
    (said,) = told(both.teams, "lena")
    assert "Slack" in said
    assert "token_revoked" in said
    assert told(both.slack, "tarik") == []


async def test_a_closed_channel_is_told_once(both: Both) -> None:
    await both.slack.arrive("lena")
    admin(both, both.slack, "lena")
    await both.slack.join_channel()
    place = both.system.store.look(lambda conn: conn.exec_driver_sql("SELECT id FROM channel").scalar_one()).result()
    for period in ("1", "2"):
        both.slack.desk.platform.fail("chat.postMessage", Fault(error="is_archived"))
        plan(both, period, place=place)
        await both.tick(minutes=1)
        await both.tick(minutes=1)
    (said,) = told(both.slack, "lena")
    assert "is_archived" in said


async def test_a_token_that_teams_refuses_is_told_on_slack_once(both: Both) -> None:
    await begins(both, both.slack, "lena")
    admin(both, both.slack, "lena")
    await both.teams.arrive("tarik")
    tarik = member_at(both, both.teams, "tarik")
    for period in ("1", "2"):
        both.teams.world.platform.faults.extend(TeamsFault(status=401) for _ in range(2))
        plan(both, period, member=tarik)
        for _ in range(3):
            await both.tick(minutes=1)
    (said,) = told(both.slack, "lena")
    assert "Microsoft Teams" in said
    assert "mlops-coach doctor" in said
    assert told(both.teams, "tarik") == []
