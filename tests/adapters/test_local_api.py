"""Saying, pressing, sending forms, and who sees what."""

import asyncio

import msgspec
import pytest

from adapters.local import openapi
from bot.messages import Button, Buttons, Choice, File, Message, Pick, Plain, Text
from storage import playground
from storage.playground import Posting
from tests.adapters.conftest import MONDAY, TOKEN
from tests.adapters.samples import FORM, INVITE


async def put(play, message, place="dm:lena", **more):
    """Post a message as the bot."""
    new = Posting(workspace="playground", place=place, message=message, at=MONDAY, **more)
    posted = await asyncio.wrap_future(play.system.store.transact(lambda conn: playground.post(conn, new)))
    return posted.id


async def test_the_people_to_be_are_there(play):
    people = (await play.get("/api/people"))["people"]
    assert [one["part"] for one in people[:5]] == ["learner", "host", "manager", "newcomer", "author"]
    assert len([one for one in people if one["team"] == "delivery"]) >= 8
    assert not any(one["simulated"] for one in people)


async def test_help_is_answered_and_kept(play):
    turn = await play.say("lena", "help")
    assert "define" in turn["answer"]["text"]
    kept = await play.messages("lena")
    assert [one["author"] for one in kept] == ["lena", None]
    assert kept[1]["id"] == turn["answer"]["id"]
    assert kept[1]["local"].startswith("Mon 2 Nov 2026, 08:00")


async def test_unknown_words_get_the_closest_commands(play):
    turn = await play.say("lena", "halp")
    assert "help" in turn["answer"]["text"]


@pytest.mark.parametrize("text", ["", "  ", "\u202e"])
async def test_nothing_said_is_a_sentence(play, text):
    answer = await play.post("/api/say", 422, as_="lena", place="dm:lena", text=text)
    assert answer["what_to_do"]


async def test_hostile_words_are_shown_as_words(play):
    turn = await play.say("lena", "<script>alert(1)</script> \u202eabc")
    assert "<script>" not in turn["said"]["html"]
    assert "<script>" not in turn["answer"]["html"]
    page = (await play.client.get("/", params={"as": "lena"})).text
    assert "<script>alert" not in page


async def test_words_too_long_are_refused_and_nothing_breaks(play):
    turn = await play.say("lena", "x" * 9_000)
    assert "too long" in turn["answer"]["text"]


async def test_the_same_key_has_no_second_effect(play):
    first = await play.say("lena", "help", key="k1")
    again = await play.say("lena", "help", key="k1")
    assert again["answer"]["id"] == first["answer"]["id"]
    assert len(await play.messages("lena")) == 2


async def test_a_private_answer_in_a_channel_is_seen_by_nobody_else(play):
    turn = await play.say("lena", "/mlops help", "general")
    assert turn["answer"]["audience"] == "lena"
    assert len(await play.messages("lena", "general")) == 2
    assert await play.messages("omar", "general") == []
    unseen = await play.client.get(f"/api/message/{turn['answer']['id']}/inspect", params={"as": "omar"})
    assert unseen.status_code == 404
    press = await play.post(
        "/api/press", 404, as_="omar", place="general", message=turn["answer"]["id"], action="guide.help"
    )
    assert press["error"]


async def test_people_talk_among_themselves_in_channels(play):
    turn = await play.say("lena", "lunch anyone?", "general")
    assert turn["answer"] is None
    assert "/mlops" in turn["note"]
    assert [one["author"] for one in await play.messages("omar", "general")] == ["lena"]


async def test_a_mention_is_heard(play):
    turn = await play.say("lena", "@coach help", "general")
    assert turn["answer"]["audience"] == "lena"
    assert [one["author"] for one in await play.messages("omar", "general")] == ["lena"]


async def test_direct_conversations_are_nobody_elses(play):
    await play.say("lena", "help")
    assert (await play.client.get("/api/messages", params={"as": "omar", "place": "dm:lena"})).status_code == 404
    assert (await play.post("/api/say", 404, as_="omar", place="dm:lena", text="hi"))["what_to_do"]


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("/api/say", b"{", 422),
        ("/api/say", b"[]", 422),
        ("/api/say", b'{"as": "lena", "place": "dm:lena", "text": "x", "more": 1}', 422),
        ("/api/say", b'{"as": "lena", "place": "dm:lena", "text": "\\ud800"}', 422),
        ("/api/say", b'{"as": "nobody", "place": "dm:nobody", "text": "x"}', 404),
        ("/api/say", b'{"as": "lena", "place": "nowhere", "text": "x"}', 404),
        ("/api/say", b'{"as": "lena", "place": "general", "text": "x", "thread": 999}', 404),
        ("/api/press", b'{"as": "lena", "place": "dm:lena", "action": "x", "message": 99}', 404),
        ("/api/press", b'{"as": "lena", "place": "dm:lena", "action": "x", "key": ""}', 422),
        ("/api/clock", b'{"to": "yesterday"}', 409),
        ("/api/clock", b'{"to": "+0d"}', 409),
        ("/api/clock", b'{"to": "2020-01-01"}', 409),
        ("/api/people", b'{"account": "../x", "name": "X"}', 422),
        ("/api/people", b'{"account": "xena", "name": "X", "zone": "Moon/Base"}', 422),
        ("/api/nothing", b"{}", 404),
        ("/api/home", b"{}", 405),
    ],
)
async def test_what_is_wrong_is_said(play, path, body, status):
    answer = await play.client.post(path, content=body)
    assert answer.status_code == status
    assert set(answer.json()) == {"error", "what_to_do"}


@pytest.mark.parametrize(
    "query", ["", "?as=lena", "?as=lena&place=dm:lena&thread=x", "?as=lena&place=dm:lena&after=-1"]
)
async def test_what_is_wrong_with_a_question_is_said(play, query):
    answer = await play.client.get(f"/api/messages{query}")
    assert answer.status_code in {404, 422}
    assert answer.json()["what_to_do"]


async def test_a_press_is_answered_by_a_new_message(play):
    row = Buttons((Button("Help", "guide.help"),))
    id = await put(play, Message("Need help?", (row,)))
    turn = await play.post("/api/press", as_="lena", place="dm:lena", message=id, action="guide.help", value="")
    assert not turn["replaced"]
    assert turn["answer"]["id"] > id


async def test_a_press_on_a_button_of_old_is_explained(play):
    id = await put(play, Message("Old", (Choice("Pick", "gone.action", (Pick("a", "A"),)),)))
    turn = await play.post("/api/press", as_="lena", place="dm:lena", message=id, action="gone.action", value="a")
    assert "no longer" in turn["answer"]["text"]


async def test_a_form_nobody_knows_is_explained(play):
    turn = await play.post("/api/submit", as_="lena", place="dm:lena", form="gone", values={"a": "1", "b": ["x"]})
    assert "no longer" in turn["answer"]["text"]


async def test_threads_hold_their_replies(play):
    root = await put(play, Message("Quiz of the week"), "mlops")
    await put(play, Message("Question 1"), "mlops", thread=root)
    await put(play, Message("For Lena"), "mlops", thread=root, audience="lena")
    assert [one["replies"] for one in await play.messages("lena", "mlops")] == [2]
    assert [one["replies"] for one in await play.messages("omar", "mlops")] == [1]
    turn = await play.say("lena", "/mlops help", "mlops", thread=root)
    assert turn["answer"]["thread"] == root
    assert len(await play.messages("lena", "mlops", thread=root)) == 5
    assert len(await play.messages("omar", "mlops", thread=root)) == 2
    assert len(await play.messages("lena", "mlops", thread=root, after=root)) == 4


async def test_the_inspector_shows_each_platform(play):
    id = await put(play, Message("Form", (Text((Plain("Words"),)), FORM)))
    found = await play.get(f"/api/message/{id}/inspect", as_="lena")
    assert set(found["platforms"]) == {"slack", "teams"}
    assert found["platforms"]["slack"]["blocks"]
    assert found["platforms"]["teams"]["attachments"]
    assert found["bytes"]["slack"] > 100
    assert found["neutral"]["summary"] == "Form"


async def test_files_and_invites_can_be_taken_away(play):
    id = await put(play, Message("Files", (File('re"port\n.csv', "text/html", b"a,b"), INVITE)))
    file = await play.client.get(f"/api/message/{id}/files/0", params={"as": "lena"})
    assert (file.content, file.headers["content-type"]) == (b"a,b", "application/octet-stream")
    assert file.headers["content-disposition"] == 'attachment; filename="re_port_.csv"'
    invite = await play.client.get(f"/api/message/{id}/files/1", params={"as": "lena"})
    assert invite.content.startswith(b"BEGIN:VCALENDAR")
    assert (await play.client.get(f"/api/message/{id}/files/2")).status_code == 404
    assert (await play.client.get(f"/api/message/{id}/files/0", params={"as": "omar"})).status_code == 404


async def test_somebody_new_can_join_once(play):
    await play.post("/api/people", account="xena", name="Xena <b>", zone="Asia/Tokyo")
    await play.post("/api/people", account="xena", name="Another", zone="Asia/Tokyo")
    people = {one["account"]: one for one in (await play.get("/api/people"))["people"]}
    assert people["xena"]["name"] == "Xena <b>"
    assert (await play.say("xena", "help"))["answer"]


async def test_somebody_new_is_put_into_the_track_of_a_channel(play):
    shown = await play.say("ingrid", "/mlops admin enrol", place="mlops")
    add = {"as_": "ingrid", "place": "mlops", "action": "cohorts.add", "value": "mlops"}
    form = (await play.post("/api/press", **add, message=shown["answer"]["id"]))["opens"]["form"]
    values = {"what": "channel", "tracks": ["everyone-core"]}
    await play.post("/api/submit", as_="ingrid", place="mlops", form=form["id"], ref=form["ref"], values=values)
    await play.post("/api/people", account="xena", name="Xena", zone="Asia/Tokyo")
    assert "Your company has put you in" in str(await play.messages("xena"))
    assert "Your company has put you in" not in str(await play.messages("noa"))


async def test_the_newcomer_is_greeted_once(play):
    await play.say("lena", "help")  # waits until everything due is sent
    greeted = await play.messages("noa")
    assert len(greeted) == 1
    await play.restart()
    await play.say("lena", "help")
    assert await play.messages("noa") == greeted


async def test_commands_places_and_home(play):
    assert any(one["name"] == "help" for one in (await play.get("/api/commands"))["commands"])
    offered = (await play.get("/api/picks", as_="lena", source="glossary.terms", words="dr"))["picks"]
    assert any("drift" in one["label"].lower() for one in offered)
    assert (await play.get("/api/picks", as_="lena", source="nothing", words="dr"))["picks"] == []
    places = (await play.get("/api/places", as_="lena"))["places"]
    assert [one["id"] for one in places] == ["dm:lena", "general", "ml-alerts", "mlops"]
    assert "home" in await play.get("/api/home", as_="lena")


async def test_the_pages_paint(play):
    await play.say("lena", "help")
    for path in ("/?as=lena", "/?as=lena&place=general", "/?as=lena&place=home:lena", "/docs/api"):
        page = await play.client.get(path)
        assert page.status_code == 200, path
        assert "<h1" in page.text
    assert (await play.client.get("/?as=nobody")).headers["location"] == "/?as=lena"
    part = await play.client.get("/fragment/messages", params={"as": "lena", "place": "dm:lena"})
    assert part.text.count("<article") == 2


async def test_a_thread_paints_beside_its_place(play):
    root = await put(play, Message("Quiz of the week"), "mlops")
    await put(play, Message("Question 1"), "mlops", thread=root)
    page = await play.client.get("/", params={"as": "lena", "place": "mlops", "thread": str(root)})
    assert 'id="thread-log"' in page.text
    assert "Question 1" in page.text


async def test_events_arrive_for_those_who_may_see_them(play):
    """The client of these tests reads whole answers only, so the stream is read where it comes out of the application."""
    chunks: list[bytes] = []
    some = asyncio.Event()

    async def send(message):
        if message.get("body"):
            chunks.append(message["body"])
            some.set()

    async def receive():
        await asyncio.sleep(3600)

    scope = {
        "type": "http", "method": "GET", "path": "/api/events", "raw_path": b"/api/events", "root_path": "",
        "query_string": b"as=omar", "scheme": "http", "http_version": "1.1", "asgi": {"version": "3.0"},
        "server": ("127.0.0.1", 8080), "client": ("127.0.0.1", 1), "state": {},
        "headers": [(b"host", b"127.0.0.1:8080"), (b"authorization", f"Bearer {TOKEN}".encode())],
    }  # fmt: skip
    stream = asyncio.create_task(play.app(scope, receive, send))
    await some.wait()
    await play.say("lena", "help")  # a direct conversation: not for Omar
    await play.say("lena", "/mlops help", "general")  # private to Lena
    await play.say("lena", "hello all", "general")
    for _ in range(100):
        if b"hello all" in b"".join(chunks):
            break
        await asyncio.sleep(0.01)
    told = b"".join(chunks).decode()
    assert told.count("event: ") == 1
    assert '"summary":"hello all"' in told
    stream.cancel()
    await asyncio.wait({stream})


def test_the_description_holds_every_route_and_every_reference_resolves(play):
    described = openapi.document()
    text = msgspec.json.encode(described).decode()
    schemas = described["components"]["schemas"]
    references = {part.split('"')[0] for part in text.split("#/components/schemas/")[1:]}
    assert references <= set(schemas)
    routes = {
        (method.lower(), route.path.replace(":int", ""))
        for route in play.app.routes
        if getattr(route, "path", "").startswith("/api/")
        for method in route.methods - {"HEAD"}
    }
    listed = {(method, path) for path, methods in described["paths"].items() for method in methods}
    assert routes == listed


async def test_the_description_is_served(play):
    found = await play.get("/openapi.json")
    assert found["openapi"] == "3.1.0"
    assert "as" in found["components"]["schemas"]["Say"]["properties"]
