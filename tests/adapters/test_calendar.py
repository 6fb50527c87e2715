"""Calendar entries: read by another parser, and looked at as bytes."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st
from icalendar import Calendar

from adapters.calendar import ics, mime
from bot.messages import Invite

START = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)


def invite(**values):
    usual = {"uid": "b1@mlops-coach", "sequence": 0, "method": "REQUEST", "start": START}
    more = {"end": START + timedelta(minutes=30), "title": "Office hours", "description": "Why?", "organizer": "Ann"}
    return Invite(**{**usual, **more, **values})


def parsed(one):
    calendar = Calendar.from_ical(ics(one))
    (event,) = calendar.walk("VEVENT")
    return calendar, event


def unfolded(one):
    return ics(one).decode().replace("\r\n ", "").removesuffix("\r\n").split("\r\n")


def test_a_request_reads_as_it_was_written():
    berlin = timezone(timedelta(hours=1))
    one = invite(
        start=START.astimezone(berlin),
        attendees=("Bob <bob@example.org>",),
        place="Room 4, left; \\ here",
        description="Line one\nline two, with; marks",
        stamp=START - timedelta(days=1),
    )
    calendar, event = parsed(one)
    assert (calendar["METHOD"], calendar["VERSION"]) == ("REQUEST", "2.0")
    assert (event["UID"], event["SEQUENCE"], event["STATUS"]) == ("b1@mlops-coach", 0, "CONFIRMED")
    assert event["DTSTART"].dt == START
    assert event["DTEND"].dt == START + timedelta(minutes=30)
    assert event["DTSTAMP"].dt == START - timedelta(days=1)
    assert event["LOCATION"] == "Room 4, left; \\ here"
    assert event["DESCRIPTION"] == "Line one\nline two, with; marks"
    assert event["ORGANIZER"].params["CN"] == "Ann"
    assert (event["ATTENDEE"], event["ATTENDEE"].params["CN"]) == ("mailto:bob@example.org", "Bob")
    assert b"DTSTART:20261124T090000Z\r\n" in ics(one)


def test_a_cancellation_has_the_same_uid_and_a_higher_sequence():
    before, after = invite(), invite(method="CANCEL", sequence=1)
    calendar, event = parsed(after)
    assert calendar["METHOD"] == "CANCEL"
    assert (event["UID"], event["SEQUENCE"], event["STATUS"]) == (parsed(before)[1]["UID"], 1, "CANCELLED")
    assert mime(after) == "text/calendar; method=CANCEL; charset=utf-8"


@pytest.mark.parametrize(
    "hostile",
    [
        "x\r\nATTENDEE:mailto:evil@example.org",
        "x\nATTENDEE:mailto:evil@example.org",
        'x":mailto:evil@example.org',
        'x";CN="y',
        "x\u2028ATTENDEE:mailto:evil@example.org",
        "x\x85ATTENDEE:mailto:evil@example.org",
        "x <evil@example.org>\r\nATTENDEE:mailto:evil@example.org",
        "END:VEVENT\r\nEND:VCALENDAR",
    ],
)
def test_no_value_adds_a_line_or_an_attendee(hostile):
    words = dict.fromkeys(("title", "description", "place", "uid"), hostile)
    one = invite(**words, organizer=hostile, attendees=(hostile,))
    assert [line.partition(":")[0].partition(";")[0] for line in unfolded(one)] == [
        *(
            "BEGIN",
            "VERSION",
            "PRODID",
            "CALSCALE",
            "METHOD",
            "BEGIN",
            "UID",
            "SEQUENCE",
            "DTSTAMP",
            "DTSTART",
            "DTEND",
        ),
        *("SUMMARY", "DESCRIPTION", "LOCATION", "ORGANIZER", "ATTENDEE", "STATUS", "END", "END"),
    ]
    _, event = parsed(one)
    assert event["ATTENDEE"] == "invalid:nomail"
    assert event["ORGANIZER"] == "invalid:nomail"


@given(st.text(), st.text(), st.text())
def test_any_words_make_a_file_of_short_lines(title, description, name):
    one = invite(title=title, description=description, place=title, organizer=name, attendees=(name,))
    data = ics(one)
    assert data.endswith(b"END:VCALENDAR\r\n")
    assert data.count(b"\n") == data.count(b"\r") == data.count(b"\r\n")
    for line in data.split(b"\r\n"):
        assert len(line) <= 75
        line.decode()
    _, event = parsed(one)
    assert event["DTSTART"].dt == START
    assert len(unfolded(one)) in {18, 19}


def test_long_lines_are_folded_between_characters():
    description = "Gr\u00f6\u00dfe \U0001f9ea " * 40
    assert parsed(invite(description=description))[1]["DESCRIPTION"] == description
