"""Nobody but this machine's own page, with the token, reaches the playground."""

import pytest

from adapters.local.guard import BODY_LIMIT
from adapters.wiring.playground import PlaygroundRefused, playground
from storage import tenancy
from storage.dialects import open_engine
from storage.schema import metadata
from tests.adapters.conftest import HOST, MONDAY, PORT, TOKEN

BEARER = f"Bearer {TOKEN}"
PATHS = ("/", "/api/people", "/api/clock", "/openapi.json", "/docs/api", "/static/style.css", "/fragment/messages")


@pytest.mark.parametrize("path", PATHS)
async def test_without_the_token_there_is_nothing(play, path):
    async with play.visitor() as visitor:
        answer = await visitor.get(path)
    assert answer.status_code == 403
    assert "token" in answer.json()["error"]


@pytest.mark.parametrize("bearer", ["Bearer wrong", "Bearer ", "Bearer \u00e9", "Basic x"])
async def test_a_wrong_token_is_none(play, bearer):
    async with play.visitor() as visitor:
        answer = await visitor.get("/api/people", headers=[(b"authorization", bearer.encode("latin-1"))])
    assert answer.status_code == 403


async def test_health_needs_no_token(play):
    async with play.visitor() as visitor:
        assert (await visitor.get("/healthz")).status_code == 200


@pytest.mark.parametrize("host", ["http://evil.example", "http://127.0.0.1:9999", "http://playground.local:8080"])
async def test_another_host_is_refused(play, host):
    async with play.visitor(host, authorization=BEARER) as visitor:
        assert (await visitor.get("/api/people")).status_code == 403


@pytest.mark.parametrize("origin", ["http://evil.example", "null", "https://127.0.0.1:8080", "http://localhost:3000"])
async def test_another_origin_is_refused(play, origin):
    async with play.visitor(authorization=BEARER, origin=origin) as visitor:
        body = {"as": "lena", "place": "dm:lena", "text": "help"}
        assert (await visitor.post("/api/say", json=body)).status_code == 403
    assert await play.messages("lena") == []


@pytest.mark.parametrize("origin", [HOST, f"http://localhost:{PORT}"])
async def test_the_own_origin_may(play, origin):
    async with play.visitor(authorization=BEARER, origin=origin) as visitor:
        assert (await visitor.get("/api/people")).status_code == 200


async def test_another_local_page_cannot_use_the_cookie(play):
    """A page on another port of this machine is the same site for a cookie, so the browser's own word is asked."""
    async with play.visitor(cookie=f"playground_{PORT}={TOKEN}") as visitor:
        assert (await visitor.get("/api/people", headers={"sec-fetch-site": "same-origin"})).status_code == 200
        assert (await visitor.get("/api/people", headers={"sec-fetch-site": "same-site"})).status_code == 403


async def test_the_token_in_the_address_becomes_a_cookie(play):
    async with play.visitor() as visitor:
        answer = await visitor.get("/", params={"token": TOKEN, "as": "omar"})
        assert answer.status_code == 200  # the page itself, also for a program that keeps no cookies
        assert "Omar" in answer.text
        cookie = answer.headers["set-cookie"].lower()
        assert "httponly" in cookie
        assert "samesite=strict" in cookie
        assert (await visitor.get("/?as=omar")).status_code == 200


async def test_the_entrance_leads_nowhere_else(play):
    async with play.visitor() as visitor:
        answer = await visitor.get(f"//evil.example/?token={TOKEN}")
    assert answer.headers.get("location", "/").startswith("/")
    assert not answer.headers.get("location", "/").startswith("//")


async def test_every_answer_carries_the_headers(play):
    async with play.visitor() as visitor:
        answers = [
            await visitor.get("/"),
            await play.client.get("/?as=lena"),
            await play.client.get("/static/style.css"),
        ]
    for answer in answers:
        policy = answer.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert "frame-ancestors 'none'" in policy
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["referrer-policy"] == "no-referrer"


async def test_the_page_has_no_inline_script_and_nothing_from_elsewhere(play):
    page = (await play.client.get("/?as=lena")).text
    assert "<script>" not in page
    assert " onclick" not in page
    assert " style=" not in page
    assert 'src="http' not in page


async def test_large_bodies_are_refused_whatever_their_headers_say(play):
    async def chunks():
        for _ in range(BODY_LIMIT // 1024 + 2):
            yield b"x" * 1024

    said = await play.client.post("/api/say", content=b"x" * (BODY_LIMIT + 1))
    unsaid = await play.client.post("/api/say", content=chunks())
    assert (said.status_code, unsaid.status_code) == (413, 413)
    assert "256 KiB" in unsaid.json()["what_to_do"]


def test_beside_platform_tokens_it_does_not_start(monkeypatch, tmp_path):
    monkeypatch.setenv("MLOPS_SLACK_BOT_TOKEN", "xoxb-1")
    with pytest.raises(PlaygroundRefused, match="MLOPS_SLACK_BOT_TOKEN"):
        playground(f"sqlite:///{tmp_path / 'x.db'}", port=PORT, prepare=metadata.create_all)


def test_over_the_database_of_another_platform_it_does_not_start(tmp_path):
    url = f"sqlite:///{tmp_path / 'real.db'}"
    engine = open_engine(url)
    metadata.create_all(engine)
    with engine.begin() as conn:
        tenancy.add_tenant(conn, "acme", "Acme", "secret", MONDAY)
        real = tenancy.Workspace(id="w1", tenant="acme", platform="slack", team="T1", name="Acme")
        tenancy.add_workspace(conn, real)
    engine.dispose()
    with pytest.raises(PlaygroundRefused, match="slack"):
        playground(url, port=PORT, prepare=metadata.create_all)
