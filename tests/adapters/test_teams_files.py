"""Files on Teams: asked for, uploaded to the person's own drive, and to nowhere else."""

from __future__ import annotations

import asyncio
import json
import re
from datetime import UTC, datetime, timedelta

import pytest

from adapters.teams.cloud import PUBLIC
from adapters.teams.files import CONSENT, INFO, Files
from bot.messages import File, Invite, Message
from tests.adapters.teams_world import World, direct, world
from tests.adapters.test_teams_send import parcel

DATA = b"team,lessons\nDelivery,7\n"
INVITE = Invite(
    uid="b-1@coach",
    sequence=0,
    method="REQUEST",
    start=datetime(2026, 3, 3, 9, tzinfo=UTC),
    end=datetime(2026, 3, 3, 9, 30, tzinfo=UTC),
    title="Office hours",
    description="Drift",
    organizer="Omar <omar@example.com>",
)


@pytest.fixture
async def teams(tmp_path):
    async with world(tmp_path) as made:
        await made.say("help")
        yield made


async def offered(teams: World, *blocks: object) -> list[dict]:
    await teams.front.messenger.send(parcel(message=Message("a file", blocks)))  # type: ignore[arg-type]
    await teams.settle()
    shown = [one for message in teams.platform.messages(direct("ana")) for one in message.get("attachments", [])]
    return [one for one in shown if one["contentType"] == CONSENT]


def consent(teams: World, card: dict, action: str = "accept", url: str | None = None) -> dict:
    return {
        "type": "fileUpload",
        "action": action,
        "context": card["content"]["acceptContext"],
        "uploadInfo": {
            "contentUrl": "https://acme.sharepoint.com/x",
            "name": card["name"],
            "uploadUrl": url or f"{teams.platform.base}/drive/{card['name']}",
            "uniqueId": "u-1",
            "fileType": "csv",
        },
    }


async def test_yes_uploads_once_and_shows_the_file(teams: World):
    (card,) = await offered(teams, File("digest.csv", "text/csv", DATA))
    assert card["content"]["sizeInBytes"] == len(DATA)
    await teams.invoke("invoke_file_consent", consent(teams, card))
    assert teams.platform.uploads == {"digest.csv": DATA}
    last = teams.platform.posted[-1]
    assert last.method == "PUT"
    assert last.activity["attachments"][0]["contentType"] == INFO
    await teams.invoke("invoke_file_consent", consent(teams, card))
    assert "no longer kept" in teams.platform.posted[-1].activity["text"]


async def test_an_invitation_is_a_calendar_file(teams: World):
    (card,) = await offered(teams, INVITE)
    await teams.invoke("invoke_file_consent", consent(teams, card))
    assert teams.platform.uploads["invite.ics"].startswith(b"BEGIN:VCALENDAR\r\n")


async def test_no_forgets_it_and_a_stranger_gets_nothing(teams: World):
    (card,) = await offered(teams, File("digest.csv", "text/csv", DATA))
    await teams.invoke("invoke_file_consent", consent(teams, card), who="eve")
    assert not teams.platform.uploads
    await teams.invoke("invoke_file_consent", consent(teams, card, action="decline"))
    await teams.invoke("invoke_file_consent", consent(teams, card))
    assert not teams.platform.uploads


async def test_an_upload_that_fails_can_be_tried_again(teams: World, unpaced: None):
    (card,) = await offered(teams, File("digest.csv", "text/csv", DATA))
    for wrong in ("https://evil.example/up", "http://10.0.0.1/up", "not an address", f"{teams.platform.base}/none"):
        await teams.invoke("invoke_file_consent", consent(teams, card, url=wrong))
        assert "could not be saved" in teams.platform.posted[-1].activity["text"]
    await teams.invoke("invoke_file_consent", consent(teams, card))
    assert teams.platform.uploads


async def test_a_file_behind_a_button_in_a_channel_is_offered_in_the_own_chat(teams: World, monkeypatch):
    """The reply to a press is a card for the presser alone, and cannot carry a file."""
    from adapters.teams import turns
    from bot.router import Answer

    answer = Answer(inline=Message("a file", (File("digest.csv", "text/csv", DATA),)))

    async def attempt(*_):
        return answer, True

    monkeypatch.setattr(turns, "attempt", attempt)
    reply = await teams.press({"action": "digest.csv", "value": ""}, name="invoke_card_channel")
    assert "digest.csv" in str(reply["value"])
    asked = [one for one in teams.platform.posted if CONSENT in str(one.activity)]
    assert [one.conversation for one in asked] == [direct("ana")]
    (card,) = asked[0].activity["attachments"]
    await teams.invoke("invoke_file_consent", consent(teams, card))
    assert teams.platform.uploads == {"digest.csv": DATA}


async def test_in_a_channel_a_link_gives_the_file_once_within_ten_minutes(tmp_path, monkeypatch):
    from adapters.teams import turns
    from bot.router import Answer

    answer = Answer(inline=Message("a file", (File("été.csv", "text/csv", DATA),)))

    async def attempt(*_):
        return answer, True

    async with world(tmp_path, public_url="https://coach.example/") as teams:
        monkeypatch.setattr(turns, "attempt", attempt)

        async def link() -> str:
            reply = await teams.press({"action": "digest.csv", "value": ""}, name="invoke_card_channel")
            (found,) = re.findall(r"https://coach\.example(/teams/files/[\w-]{43})", json.dumps(reply))
            return str(found)

        first = await link()
        assert not [one for one in teams.platform.posted if CONSENT in str(one.activity)]
        for _ in range(2):  # what looks at links for a preview uses nothing up
            assert b"Download" in (await teams.client.get(first)).content
        got = await asyncio.gather(*(teams.client.post(first) for _ in range(5)))
        assert sorted(one.status_code for one in got) == [200, 404, 404, 404, 404]
        (good,) = [one for one in got if one.status_code == 200]
        assert (good.content, good.headers["cache-control"]) == (DATA, "no-store")
        assert good.headers["content-disposition"] == "attachment; filename*=UTF-8''%C3%A9t%C3%A9.csv"
        late = await link()
        teams.now += timedelta(minutes=10, seconds=1)
        for path in (late, "/teams/files/" + "x" * 43, "/teams/files/x"):
            assert (await teams.client.post(path)).status_code == 404


def test_only_a_drive_may_be_uploaded_to():
    files = Files.__new__(Files)
    files._cloud = PUBLIC
    good = ["https://acme-my.sharepoint.com/personal/x/up?session=1"]
    bad = [
        "http://acme.sharepoint.com/x",
        "https://sharepoint.com.evil.example/x",
        "https://evilsharepoint.com/x",
        "https://a@acme.sharepoint.com/x",
        "https://acme.sharepoint.com:8443/x",
        "https://acme.sharepoint.com\\@evil.example/x",
        "https://[bad",
        "",
    ]
    assert [url for url in good if not files._is_drive(url)] == []
    assert [url for url in bad if files._is_drive(url)] == []
