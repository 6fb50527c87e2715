"""The door of Slack: nothing unproved reaches a handler, nothing gives a 5xx, nothing of it is written down."""

from __future__ import annotations

import hashlib
import hmac
import json
import logging
from urllib.parse import parse_qsl, urlencode

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.slack.guard import MOST_BYTES, Guard, Refused, Reply, parse
from adapters.watch import REASONS, Unwatched
from tests.faults.slack_platform import SECRET, signed

NOW = 1_793_600_000.0
CANARY = "canary-7f1c"
JSON, FORM = "application/json", "application/x-www-form-urlencoded"
GOOD = json.dumps({"type": "event_callback", "text": CANARY}).encode()
SLASH = urlencode({"command": "/mlops", "text": CANARY}).encode()

Headers = list[tuple[str, str]]


class Door(Unwatched):
    """A guard, everything it let in, and why it did not."""

    def __init__(self) -> None:
        self.taken: list[dict] = []
        self.reasons: list[str] = []
        self.guard = Guard(SECRET, self._take, lambda: NOW, self)

    def refused(self, reason: str) -> None:
        self.reasons.append(reason)

    async def _take(self, payload, _proof) -> Reply:
        self.taken.append(payload)
        return Reply(200, "{}", is_json=True)

    async def knock(self, body: bytes, headers: Headers, method: str = "POST") -> httpx.Response:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app=self.guard), base_url="http://coach") as http:
            return await http.request(method, "/slack/events", content=body, headers=headers)


def proof(body: bytes, at: float = NOW, secret: str = SECRET, kind: str = JSON) -> Headers:
    return [*signed(body, secret=secret, at=at).items(), ("content-type", kind)]


def swapped(headers: Headers, name: str, value: str | None) -> Headers:
    kept = [(key, held) for key, held in headers if key != name]
    return kept if value is None else [*kept, (name, value)]


def forged(base: str, version: str = "v0", stamp: str | None = None, algorithm: str = "sha256") -> Headers:
    """A signature over another text than Slack's."""
    made = hmac.new(SECRET.encode(), base.encode(), algorithm).hexdigest()
    return [
        ("x-slack-request-timestamp", stamp or str(int(NOW))),
        ("x-slack-signature", f"{version}={made}"),
        ("content-type", JSON),
    ]


def deep(opening: bytes, closing: bytes, times: int) -> bytes:
    return opening * times + closing * times


SIGN, STAMP = "x-slack-signature", "x-slack-request-timestamp"
FINE = proof(GOOD)
RIGHT = dict(FINE)[SIGN]
MADE = RIGHT.removeprefix("v0=")

BAD: dict[str, tuple[bytes, Headers]] = {
    "no headers": (GOOD, []),
    "no signature": (GOOD, swapped(FINE, SIGN, None)),
    "no timestamp": (GOOD, swapped(FINE, STAMP, None)),
    "empty signature": (GOOD, swapped(FINE, SIGN, "")),
    "only a version": (GOOD, swapped(FINE, SIGN, "v0=")),
    "no version": (GOOD, swapped(FINE, SIGN, MADE)),
    "another version": (GOOD, swapped(FINE, SIGN, f"v1={MADE}")),
    "version in capitals": (GOOD, swapped(FINE, SIGN, f"V0={MADE}")),
    "hash in capitals": (GOOD, swapped(FINE, SIGN, f"v0={MADE.upper()}")),
    "hash too short": (GOOD, swapped(FINE, SIGN, RIGHT[:-1])),
    "hash too long": (GOOD, swapped(FINE, SIGN, RIGHT + "0")),
    "hash and a second": (GOOD, swapped(FINE, SIGN, f"{RIGHT},{RIGHT}")),
    "hash with a space": (GOOD, swapped(FINE, SIGN, RIGHT[:10] + " " + RIGHT[11:])),
    "no hex": (GOOD, swapped(FINE, SIGN, "v0=" + "z" * 64)),
    "zeros": (GOOD, swapped(FINE, SIGN, "v0=" + "0" * 64)),
    "one digit other": (GOOD, swapped(FINE, SIGN, RIGHT[:-1] + ("0" if RIGHT[-1] != "0" else "1"))),
    "signature twice": (GOOD, [*FINE, (SIGN, RIGHT)]),
    "a wrong one first": (GOOD, [(SIGN, "v0=" + "0" * 64), *FINE]),
    "timestamp twice": (GOOD, [*FINE, (STAMP, str(int(NOW)))]),
    "another timestamp beside": (GOOD, [(STAMP, "1"), *FINE]),
    "content type twice": (GOOD, [*FINE, ("content-type", FORM)]),
    "another secret": (GOOD, proof(GOOD, secret="0" * 32)),
    "empty secret": (GOOD, forged(f"v0:{int(NOW)}:{GOOD.decode()}")[:0] + proof(GOOD, secret="")),
    "secret with a space": (GOOD, proof(GOOD, secret=SECRET + " ")),
    "sha1": (GOOD, forged(f"v0:{int(NOW)}:{GOOD.decode()}", algorithm="sha1")),
    "sha512 cut": (GOOD, swapped(FINE, SIGN, "v0=" + hmac.new(SECRET.encode(), GOOD, "sha512").hexdigest()[:64])),
    "plain hash": (GOOD, swapped(FINE, SIGN, "v0=" + hashlib.sha256(GOOD).hexdigest())),
    "body alone signed": (GOOD, forged(GOOD.decode())),
    "without version in the text": (GOOD, forged(f"{int(NOW)}:{GOOD.decode()}")),
    "stamp left out": (GOOD, forged(f"v0:{GOOD.decode()}")),
    "another stamp signed": (GOOD, forged(f"v0:{int(NOW) - 1}:{GOOD.decode()}")),
    "other separator": (GOOD, forged(f"v0.{int(NOW)}.{GOOD.decode()}")),
    "body changed": (GOOD.replace(b"event", b"evens"), FINE),
    "body longer": (GOOD + b" ", FINE),
    "body shorter": (GOOD[:-1], FINE),
    "no body": (b"", FINE),
    "body of another": (SLASH, FINE),
    "stale by 301 s": (GOOD, proof(GOOD, at=NOW - 301)),
    "stale by a day": (GOOD, proof(GOOD, at=NOW - 86_400)),
    "from the future": (GOOD, proof(GOOD, at=NOW + 301)),
    "from 1970": (GOOD, proof(GOOD, at=0)),
    "far future": (GOOD, proof(GOOD, at=999_999_999_999)),
    "stamp in milliseconds": (GOOD, proof(GOOD, at=NOW * 1000)),
    "stamp negative": (GOOD, swapped(FINE, STAMP, f"-{int(NOW)}")),
    "stamp with plus": (GOOD, swapped(FINE, STAMP, f"+{int(NOW)}")),
    "stamp with a point": (GOOD, swapped(FINE, STAMP, f"{NOW}")),
    "stamp in words": (GOOD, swapped(FINE, STAMP, "now")),
    "stamp empty": (GOOD, swapped(FINE, STAMP, "")),
    "stamp with underscores": (GOOD, swapped(FINE, STAMP, "1_793_600_000")),
    "stamp nan": (GOOD, swapped(FINE, STAMP, "nan")),
    "stamp huge": (GOOD, swapped(FINE, STAMP, "9" * 400)),
    "stamp moved": (GOOD, swapped(FINE, STAMP, str(int(NOW) + 1))),
    "length lies": (GOOD, [*FINE, ("content-length", str(MOST_BYTES + 1))]),
    "length huge": (GOOD, [*FINE, ("content-length", "9" * 30)]),
    "length negative": (GOOD, [*FINE, ("content-length", "-1")]),
}  # fmt: skip

_BIG = b'{"a":"' + b"x" * MOST_BYTES + b'"}'
SIGNED_BUT_BAD: dict[str, tuple[bytes, str]] = {
    "too large": (_BIG, JSON),
    "not json": (b"{" + CANARY.encode(), JSON),
    "a list": (b'["' + CANARY.encode() + b'"]', JSON),
    "a word": (b'"text"', JSON),
    "a number": (b"1", JSON),
    "null": (b"null", JSON),
    "empty": (b"", JSON),
    "not utf-8": (b'{"a":"\xff\xfe"}', JSON),
    "deep lists": (deep(b"[", b"]", 50_000), JSON),
    "deep objects": (b'{"a":' * 40_000 + b"1" + b"}" * 40_000, JSON),
    "two objects": (b"{}{}", JSON),
    "nan": (b'{"a":NaN}', JSON),
    "form as json": (SLASH, JSON),
    "payload not json": (urlencode({"payload": CANARY}).encode(), FORM),
    "payload a list": (urlencode({"payload": "[]"}).encode(), FORM),
    "payload empty": (urlencode({"payload": ""}).encode(), FORM),
    "payload deep": (urlencode({"payload": "[" * 20_000}).encode(), FORM),
    "payload twice": (b"payload=%7B%7D&payload=%7B%7D", FORM),
    "field twice": (b"command=%2Fmlops&command=%2Fother", FORM),
    "form not utf-8": (b"command=%ff%fe", FORM),
    "form raw bytes": (b"command=\xff", FORM),
    "many fields": (b"&".join(b"a%d=1" % n for n in range(500)), FORM),
    "no content type": (GOOD, ""),
    "multipart": (GOOD, "multipart/form-data; boundary=x"),
    "text": (GOOD, "text/plain"),
    "xml": (b"<a/>", "application/xml"),
}


def test_there_are_enough_of_them() -> None:
    assert len(BAD) + len(SIGNED_BUT_BAD) >= 60


@pytest.mark.parametrize("name", BAD)
async def test_an_unproved_request_reaches_nothing(name: str, caplog: pytest.LogCaptureFixture) -> None:
    await _refused(*BAD[name], caplog)


@pytest.mark.parametrize("name", SIGNED_BUT_BAD)
async def test_a_proved_but_malformed_request_reaches_nothing(name: str, caplog: pytest.LogCaptureFixture) -> None:
    body, kind = SIGNED_BUT_BAD[name]
    headers = proof(body, kind=kind) if kind else proof(body)[:-1]
    await _refused(body, headers, caplog)


async def _refused(body: bytes, headers: Headers, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, logger="adapters")
    door = Door()
    response = await door.knock(body, headers)
    assert 400 <= response.status_code < 500
    assert response.content == b""
    assert door.taken == []
    assert len(door.reasons) == 1
    assert door.reasons[0] in REASONS
    written = caplog.text
    assert CANARY not in written
    assert MADE not in written


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "PATCH", "OPTIONS", "HEAD"])
async def test_only_posts_are_taken(method: str) -> None:
    door = Door()
    assert (await door.knock(GOOD, FINE, method)).status_code == 405
    assert door.taken == []


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (GOOD, JSON),
        (GOOD, "application/json; charset=utf-8"),
        (SLASH, FORM),
        (urlencode({"payload": GOOD.decode()}).encode(), FORM),
    ],
)
async def test_what_slack_signed_comes_in(body: bytes, kind: str) -> None:
    door = Door()
    assert (await door.knock(body, proof(body, kind=kind))).status_code == 200
    assert door.taken[0]["text"] == CANARY


@pytest.mark.parametrize("skew", [-300, 300])
async def test_five_minutes_of_skew_are_allowed(skew: int) -> None:
    door = Door()
    assert (await door.knock(GOOD, proof(GOOD, at=NOW + skew))).status_code == 200


async def test_a_body_that_is_streamed_is_measured_as_it_comes() -> None:
    """Without a length, or with a lie for one, the bytes themselves are counted."""
    sent: list[dict] = []
    pulled = 0

    async def receive() -> dict:
        nonlocal pulled
        pulled += 1
        return {"type": "http.request", "body": b"x" * 65_536, "more_body": True}

    async def send(message) -> None:
        sent.append(message)

    door = Door()
    headers = [(name.encode(), value.encode()) for name, value in FINE]
    await door.guard({"type": "http", "method": "POST", "headers": headers}, receive, send)
    assert sent[0]["status"] == 413
    assert pulled <= 6


async def test_a_caller_that_hangs_up_is_let_go() -> None:
    sent: list[dict] = []

    async def receive() -> dict:
        return {"type": "http.disconnect"}

    async def send(message) -> None:
        sent.append(message)

    door = Door()
    headers = [(name.encode(), value.encode()) for name, value in FINE]
    await door.guard({"type": "http", "method": "POST", "headers": headers}, receive, send)
    assert sent[0]["status"] == 400
    assert door.taken == []


def test_no_guard_without_a_secret() -> None:
    with pytest.raises(ValueError, match="secret"):
        Guard("", Door()._take, lambda: NOW)


@given(
    body=st.binary(max_size=400),
    signature=st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=80),
    stamp=st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=20),
    kind=st.sampled_from([JSON, FORM, "text/plain"]),
)
async def test_noise_reaches_nothing(body: bytes, signature: str, stamp: str, kind: str) -> None:
    door = Door()
    response = await door.knock(body, [(SIGN, signature), (STAMP, stamp), ("content-type", kind)])
    assert 400 <= response.status_code < 500
    assert door.taken == []


@given(body=st.binary(max_size=400), kind=st.sampled_from([JSON, FORM, "text/plain"]))
async def test_signed_noise_never_gives_a_5xx(body: bytes, kind: str) -> None:
    door = Door()
    response = await door.knock(body, proof(body, kind=kind))
    assert response.status_code < 500
    assert all(isinstance(one, dict) for one in door.taken)


@given(fields=st.dictionaries(st.text(max_size=20), st.text(max_size=60), max_size=8))
def test_a_form_is_read_as_it_was_written(fields: dict[str, str]) -> None:
    assert parse(urlencode({**fields, "command": "/mlops"}).encode(), FORM.encode()) == {**fields, "command": "/mlops"}


PARTS = ["a", "b", "=", "&", "+", "%", "%2f", "%26", "%C3%A9", "%A9", ";", "\u00e9"]


@given(body=st.lists(st.sampled_from(PARTS)).map("".join))
def test_a_form_is_read_as_the_standard_library_reads_it(body: str) -> None:
    def theirs() -> dict[str, str] | str:
        try:
            pairs = parse_qsl(f"{body}&last=1", keep_blank_values=True, errors="strict")
        except UnicodeError:
            return "malformed"
        return dict(pairs) if len(dict(pairs)) == len(pairs) else "field twice"

    def ours() -> dict[str, str] | str:
        try:
            return parse(f"{body}&last=1".encode(), FORM.encode())
        except Refused as refused:
            return refused.reason

    assert ours() == theirs()
