"""A calendar entry as the bytes of an .ics file (RFC 5545, RFC 5546): everything in it comes from fields of our own."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime

from bot.domain.wording import clean, one_line
from bot.messages import Invite

FILE_NAME = "invite.ics"
OCTETS = 75  # the longest line, its line break not counted (RFC 5545, section 3.1)
_MAIL = re.compile(r"(?P<name>.*?)\s*<(?P<address>[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]+@[A-Za-z0-9.-]+)>")
_NO_ADDRESS = "invalid:nomail"  # what calendars write for somebody whose address they do not know


def mime(invite: Invite) -> str:
    return f"text/calendar; method={invite.method}; charset=utf-8"


def ics(invite: Invite) -> bytes:
    """The file. People are given as ``Name`` or ``Name <address>``; same ``uid`` and a higher ``sequence`` replace an entry."""
    return b"".join(_folded(line) for line in _lines(invite))


def _lines(invite: Invite) -> Iterator[str]:
    yield from ("BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//mlops-coach//office hours//EN", "CALSCALE:GREGORIAN")
    yield f"METHOD:{invite.method}"
    yield "BEGIN:VEVENT"
    yield f"UID:{_text(one_line(invite.uid))}"
    yield f"SEQUENCE:{invite.sequence}"
    yield f"DTSTAMP:{_utc(invite.stamp or invite.start)}"
    yield f"DTSTART:{_utc(invite.start)}"
    yield f"DTEND:{_utc(invite.end)}"
    yield f"SUMMARY:{_text(one_line(invite.title))}"
    yield f"DESCRIPTION:{_text(clean(invite.description))}"
    if invite.place:
        yield f"LOCATION:{_text(one_line(invite.place))}"
    yield _person("ORGANIZER", invite.organizer)
    for attendee in invite.attendees:
        yield _person("ATTENDEE;ROLE=REQ-PARTICIPANT;PARTSTAT=ACCEPTED;RSVP=FALSE", attendee)
    yield "STATUS:CANCELLED" if invite.method == "CANCEL" else "STATUS:CONFIRMED"
    yield from ("END:VEVENT", "END:VCALENDAR")


def _utc(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y%m%dT%H%M%SZ}"


def _text(words: str) -> str:
    """A TEXT value. Line breaks are escaped too, so no value can begin a line of its own."""
    escaped = words.replace("\\", "\\\\").replace(";", "\\;").replace(",", "\\,").replace("\n", "\\n")
    return escaped.replace("\t", " ")


def _person(line: str, given: str) -> str:
    """A quoted name, and an address only where all of it looks like one."""
    words = one_line(given)
    match = _MAIL.fullmatch(words)
    name = match["name"] if match else words
    address = f"mailto:{match['address']}" if match else _NO_ADDRESS
    quoted = name.replace('"', "'")  # a quoted parameter has no escape for its own quote
    return f'{line};CN="{quoted}":{address}'


def _folded(line: str) -> bytes:
    """Lines of at most 75 octets that never cut a character in two; a continuation begins with a space."""
    pieces = [b""]
    for character in line:
        octets = character.encode()
        if len(pieces[-1]) + len(octets) > OCTETS:
            pieces.append(b" ")
        pieces[-1] += octets
    return b"\r\n".join(pieces) + b"\r\n"
