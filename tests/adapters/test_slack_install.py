"""Installing by a link, several workspaces, tokens at rest, and the manifest."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from pydantic import SecretStr
from sqlalchemy import text

from adapters.slack.app import NotSetUp, open_front
from adapters.slack.doctor import examine
from adapters.slack.keys import BadKeys, Keys, new_key
from adapters.slack.manifest import manifest
from adapters.slack.rotation import Rotation
from bot.features import FEATURES
from bot.router import table
from storage import tenancy
from storage.dialects import open_engine
from storage.installations import Installation, add_state, install, invite, take_state
from storage.locks import release, take
from storage.schema import metadata
from tests.adapters.slack_desk import START, TENANT, Desk, open_desk, settings, words
from tests.faults.slack_platform import TOKEN, Fault

KEY = new_key()
BY_LINK: dict[str, Any] = {
    "slack_client_id": "1.2",
    "slack_client_secret": SecretStr("client-secret"),
    "slack_token_keys": SecretStr(KEY),
    "public_url": "http://coach",
}
ADA = {"user_id": "U0ADA", "team_id": "T0SECOND"}


@pytest.fixture
async def desk(tmp_path) -> AsyncIterator[Desk]:
    async with open_desk(tmp_path, **BY_LINK) as made:
        yield made


async def begin(desk: Desk) -> str:
    response = await desk.http.get("/slack/install")
    assert response.status_code == 302
    query = parse_qs(urlsplit(response.headers["location"]).query)
    assert query["redirect_uri"] == ["http://coach/slack/oauth"]
    assert "chat:write" in query["scope"][0]
    return query["state"][0]


async def finish(desk: Desk, state: str, code: str = "code") -> httpx.Response:
    return await desk.http.get("/slack/oauth", params={"state": state, "code": code})


async def installed(desk: Desk, token: str = "xoxb-second") -> None:
    desk.platform.codes["code"] = token
    response = await finish(desk, await begin(desk))
    assert response.status_code == 200
    assert "installed" in response.text


def sql(desk: Desk, statement: str) -> list[Any]:
    with desk.system.store.engine.begin() as conn:
        return list(conn.execute(text(statement)))


async def test_a_second_workspace_is_a_company_of_its_own_with_its_own_token(desk: Desk) -> None:
    assert "nothing here" in (await desk.slash("U0ADA", "help", **ADA))["text"]
    await installed(desk)
    assert "define" in words(await desk.slash("U0ADA", "help", **ADA))
    await desk.slash("U0LENA", "help")
    seats = desk.system.store.look(tenancy.workspaces).result()
    assert len({one.tenant for one in seats}) == 2
    await desk.tick()
    [row] = sql(desk, "SELECT token FROM installation WHERE team = 'T0SECOND'")
    assert "xoxb" not in row.token
    assert Keys(KEY).unlock(row.token) == "xoxb-second"
    assert len([one for one in sql(desk, "SELECT state FROM delivery") if one.state == "sent"]) == 2


async def test_a_link_for_one_more_workspace_of_the_same_company_works_once(desk: Desk) -> None:
    until = desk.clock.now + timedelta(days=1)
    desk.system.store.transact(lambda conn: invite(conn, "ticket", TENANT, until)).result()
    begun = await desk.http.get("/slack/install?for=ticket")
    [state] = parse_qs(urlsplit(begun.headers["location"]).query)["state"]
    desk.platform.codes["code"] = "xoxb-second"
    assert "installed" in (await finish(desk, state)).text
    assert {row.tenant for row in sql(desk, "SELECT tenant FROM workspace")} == {TENANT}
    assert len(sql(desk, "SELECT id FROM workspace")) == 2
    again = await desk.http.get("/slack/install?for=ticket")
    assert (again.status_code, "location" in again.headers) == (400, False)
    assert (await desk.http.get("/slack/oauth", params={"state": "ticket", "code": "code"})).status_code == 400


async def test_an_installation_is_known_by_its_app(desk: Desk) -> None:
    await installed(desk)
    assert {row.app for row in sql(desk, "SELECT app FROM installation")} == {"A0COACH"}
    assert {row.app for row in sql(desk, "SELECT app FROM workspace")} == {"A0COACH"}


@pytest.mark.parametrize("apps", [("", "A0COACH"), ("A0COACH", ""), ("", "A0COACH", "", "A0COACH")])
async def test_an_app_whose_name_is_learned_or_lost_on_the_way_is_the_same(desk: Desk, apps: tuple[str, ...]) -> None:
    found = {
        desk.system.store.transact(lambda conn, app=app: install(conn, *_seat(app))).result()  # type: ignore[misc]
        for app in apps
    }
    assert len(found) == 1
    [row] = sql(desk, "SELECT app FROM workspace WHERE team = 'T0THIRD'")
    assert row.app == "A0COACH"


def _seat(app: str) -> tuple[tenancy.Workspace, Installation]:
    seat = tenancy.Workspace(id=f"w{app}", tenant="company", platform="slack", team="T0THIRD", name="Third", app=app)
    new = Installation(
        workspace=seat.id, tenant="company", platform="slack", app=app, enterprise="", team="T0THIRD", token="",
        bot="U0BOT", installed_at=START,
    )  # fmt: skip
    return seat, new


# ---- tokens that run out


async def test_a_token_is_renewed_before_it_runs_out_and_once(desk: Desk) -> None:
    desk.platform.lasts = 12 * 3600
    await installed(desk)
    await desk.front._seats.load()
    first, second = (rotation(desk) for _ in range(2))
    assert await first.turn() == 0
    desk.clock.move(hours=11)
    # Two processes at once: the lock and the refresh token, which is the key of the change, let one of them do it.
    assert sum(await asyncio.gather(first.turn(), second.turn())) == 1
    assert desk.platform.refreshed == ["xoxb-second-r"]
    [seat] = [one for one in desk.front._seats.all if one.team == "T0SECOND"]
    assert seat.token == "xoxb-second+"
    [row] = sql(desk, "SELECT token, refresh, version FROM installation WHERE team = 'T0SECOND'")
    assert "xoxb" not in row.token + row.refresh
    assert row.version == 2
    desk.clock.move(hours=11)
    assert await second.turn() == 1


async def test_a_refresh_that_fails_is_tried_again_and_the_old_token_stays(desk: Desk) -> None:
    desk.platform.lasts = 3600
    await installed(desk)
    desk.platform.fail("oauth.v2.access", Fault(status=503), Fault(error="invalid_refresh_token"))
    mine = rotation(desk)
    assert [await mine.turn() for _ in range(3)] == [0, 0, 1]


async def test_a_token_that_lasts_is_left_alone(desk: Desk) -> None:
    await installed(desk)
    desk.clock.move(days=400)
    assert await rotation(desk).turn() == 0


def rotation(desk: Desk) -> Rotation:
    return Rotation(
        client_id="1.2",
        client_secret="client-secret",
        keys=Keys(KEY),
        store=desk.system.store,
        calls=desk.front._calls,
        seats=desk.front._seats,
        clock=desk.clock,
    )


async def test_equal_ids_in_two_workspaces_are_two_people(desk: Desk) -> None:
    await installed(desk)
    await desk.slash("U0ADA", "help")
    await desk.slash("U0ADA", "help", **ADA)
    rows = sql(desk, "SELECT tenant, member FROM account WHERE external = 'U0ADA'")
    assert len({row.tenant for row in rows}) == len({row.member for row in rows}) == 2


async def test_a_state_works_once(desk: Desk) -> None:
    desk.platform.codes.update({"code": "xoxb-second", "again": "xoxb-third"})
    state = await begin(desk)
    assert (await finish(desk, state)).status_code == 200
    assert (await finish(desk, state, "again")).status_code == 400
    assert desk.platform.codes == {"again": "xoxb-third"}


@pytest.mark.parametrize("state", ["", "x" * 43, "\u00e4"])
async def test_a_state_of_somebody_else_is_refused(desk: Desk, state: str) -> None:
    await begin(desk)
    assert (await finish(desk, state)).status_code == 400
    assert desk.platform.made("oauth.v2.access") == []


async def test_a_state_of_another_browser_is_refused_and_not_used_up(desk: Desk) -> None:
    state = await begin(desk)
    desk.http.cookies.clear()
    assert (await finish(desk, state)).status_code == 400
    assert len(sql(desk, "SELECT digest FROM install_state")) == 1


async def test_a_state_runs_out(desk: Desk) -> None:
    state = await begin(desk)
    desk.clock.move(minutes=11)
    assert (await finish(desk, state)).status_code == 400


@pytest.mark.parametrize("fault", [Fault(status=503), Fault(error="invalid_code"), Fault(lost=True), None])
async def test_an_exchange_that_fails_installs_nothing(desk: Desk, fault: Fault | None) -> None:
    if fault is not None:
        desk.platform.codes["code"] = "xoxb-second"
        desk.platform.fail("oauth.v2.access", fault)
    response = await finish(desk, await begin(desk), "code<script>")
    assert response.status_code == 502
    assert "script" not in response.text
    assert sql(desk, "SELECT team FROM installation WHERE team = 'T0SECOND'") == []


async def test_saying_no_installs_nothing(desk: Desk) -> None:
    response = await desk.http.get("/slack/oauth", params={"state": await begin(desk), "error": "access_denied"})
    assert response.status_code == 200
    assert "Nothing" in response.text


async def test_uninstalling_deletes_the_token_and_installing_again_is_clean(desk: Desk) -> None:
    await installed(desk)
    await desk.slash("U0ADA", "help", **ADA)
    before = sql(desk, "SELECT id, tenant FROM workspace WHERE team = 'T0SECOND'")
    for name in ("tokens_revoked", "app_uninstalled"):
        await desk.event({"type": name, "tokens": {"bot": ["U0BOT"]}}, team_id="T0SECOND")
        await desk.settled()
    assert sql(desk, "SELECT token FROM installation WHERE team = 'T0SECOND'") == []
    assert "nothing here" in (await desk.slash("U0ADA", "help", **ADA))["text"]
    desk.clock.move(minutes=1)
    await installed(desk, "xoxb-new")
    assert sql(desk, "SELECT id, tenant FROM workspace WHERE team = 'T0SECOND'") == before
    assert len(sql(desk, "SELECT id FROM tenant")) == 2
    assert "define" in words(await desk.slash("U0ADA", "help", **ADA))


async def test_thirty_days_after_uninstalling_nothing_is_left_and_installing_makes_a_new_company(desk: Desk) -> None:
    await installed(desk)
    await desk.slash("U0ADA", "help", **ADA)
    [(before, company)] = sql(desk, "SELECT id, tenant FROM workspace WHERE team = 'T0SECOND'")
    await desk.event({"type": "app_uninstalled"}, team_id="T0SECOND")
    await desk.settled()
    assert sql(desk, f"SELECT id FROM member WHERE tenant = '{company}'")
    desk.clock.move(days=31)
    await desk.system.housekeeping.run(desk.clock())
    for name in ("member", "account", "delivery", "workspace", "inbox"):
        assert not sql(desk, f"SELECT 1 FROM {name} WHERE tenant = '{company}'"), name
    await installed(desk, "xoxb-new")
    [(after, another)] = sql(desk, "SELECT id, tenant FROM workspace WHERE team = 'T0SECOND'")
    assert (after, another) != (before, company)
    assert "define" in words(await desk.slash("U0ADA", "help", **ADA))


async def test_doctor_names_a_workspace_whose_token_is_refused_or_cannot_be_read(desk: Desk) -> None:
    await installed(desk)
    url = desk.system.store.engine.url.render_as_string(hide_password=False)
    known = {"database_url": url, "slack_client_id": "1.2", "public_url": "https://coach.example"}

    async def said(key: str) -> str:
        own = settings(desk.platform, slack_token_keys=SecretStr(key), **known)
        [one] = [one for one in await asyncio.to_thread(examine, own) if one.check.startswith("Slack workspace")]
        return f"{one.fine}: {one.what} {one.todo}"

    assert "True: its token is taken" in await said(KEY)
    desk.platform.tokens.discard("xoxb-second")
    refused = await said(KEY)
    assert "False: invalid_auth" in refused
    assert "https://coach.example/slack/install" in refused
    assert "the key is missing" in await said(new_key())


async def test_a_new_token_is_used_where_the_old_one_was_refused(desk: Desk) -> None:
    await installed(desk)
    await desk.slash("U0ADA", "help", **ADA)
    desk.platform.tokens.discard("xoxb-second")
    await desk.tick()
    assert [row.state for row in sql(desk, "SELECT state FROM delivery")] == ["dead"]
    await installed(desk, "xoxb-new")
    await desk.slash("U0BEN", "help", **{**ADA, "user_id": "U0BEN"})
    await desk.tick()
    assert sorted(row.state for row in sql(desk, "SELECT state FROM delivery")) == ["dead", "sent"]


# ---- keys, states, locks


def test_a_ring_of_keys_turns() -> None:
    old, new = new_key(), new_key()
    locked = Keys(old).lock(TOKEN)
    assert Keys(f"{new},{old}").unlock(locked) == TOKEN
    assert Keys(new).unlock(locked) is None
    assert Keys(old).unlock(Keys(f"{new},{old}").lock(TOKEN)) is None
    assert Keys(old).unlock("not a token") is None


@pytest.mark.parametrize("setting", ["", " , ", "short", "x" * 44])
def test_what_is_no_key_is_said(setting: str) -> None:
    with pytest.raises(BadKeys):
        Keys(setting)


def test_states_and_locks_are_decided_by_the_database() -> None:
    engine = open_engine("sqlite://")
    metadata.create_all(engine)
    with engine.begin() as conn:
        add_state(conn, "a", None, START + timedelta(minutes=1))
        assert take_state(conn, "a", START) == (True, None)
        assert take_state(conn, "a", START) == (False, None)
        assert take(conn, "socket", "one", 30)
        assert take(conn, "socket", "one", 30)
        assert not take(conn, "socket", "two", 30)
        release(conn, "socket", "two")
        assert not take(conn, "socket", "two", 30)
        release(conn, "socket", "one")
        assert take(conn, "socket", "two", -1)
        assert take(conn, "socket", "one", 30)
    engine.dispose()


# ---- settings


@pytest.mark.parametrize(
    ("more", "named"),
    [
        ({"slack_signing_secret": None}, "SIGNING_SECRET"),
        ({"slack_client_id": "1.2"}, "TOKEN_KEYS"),
        ({**BY_LINK, "slack_token_keys": SecretStr("short")}, "TOKEN_KEYS"),
        ({"slack_api_url": "https://slack.example.org/api/"}, "on this machine"),
        ({"host": "0.0.0.0"}, "MLOPS_HOST"),
    ],
)
async def test_settings_that_cannot_work_say_what_is_missing(desk: Desk, more: dict[str, Any], named: str) -> None:
    own = settings(desk.platform, **more)
    with pytest.raises(NotSetUp, match=named):
        open_front(own, desk.system.app, desk.system.store, desk.clock, tenant="company")


async def test_a_refused_token_stops_the_start_with_a_sentence(tmp_path) -> None:
    with pytest.raises(NotSetUp, match="MLOPS_SLACK_BOT_TOKEN"):
        async with open_desk(tmp_path, slack_bot_token=SecretStr("xoxb-wrong")):
            pass


# ---- manifest


@pytest.mark.parametrize("url", [None, "https://coach.example.org/"])
def test_the_manifest_is_made_from_the_table(url: str | None) -> None:
    made = manifest(table(FEATURES), url)
    [command] = made["features"]["slash_commands"]
    assert command["usage_hint"].startswith("help")
    assert len(command["usage_hint"]) <= 100
    assert [one["callback_id"] for one in made["features"]["shortcuts"]] == ["command.define"]
    assert made["settings"]["socket_mode_enabled"] is (url is None)
    assert ("url" in command) is (url is not None)
    assert len(made["display_information"]["description"]) <= 140
    if url is not None:
        address = "https://coach.example.org/slack/events"
        assert command["url"] == made["settings"]["interactivity"]["request_url"] == address
        assert made["oauth_config"]["redirect_urls"] == ["https://coach.example.org/slack/oauth"]
