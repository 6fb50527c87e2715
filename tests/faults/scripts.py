"""What happens to a company between two deaths of its process: a lesson, a quiz, a booking, a cancellation, a digest, an erasure."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from bot.domain.conversation import FormSubmitted, Pressed
from bot.domain.digests import closes_at
from bot.domain.people import Role
from bot.messages import Buttons
from bot.ports.people import Member, Team
from tests.faults.company import Company, Script
from tests.journeys.conversation import WORKSPACE, buttons
from tests.journeys.school import first_buttons

MONDAY = datetime(2026, 11, 23, 6, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
PEOPLE = ("ann", "bob", "cyd")
WINDOW: dict[str, str | list[str]] = {
    "days": ["1", "3"], "start": "14:00", "end": "15:00", "slot_minutes": "30", "topics": "drift", "place": "Room 1",
    "capacity": "1", "buffer_minutes": "0", "notice_hours": "2", "horizon_days": "28", "most": "4",
}  # fmt: skip
SLOT = datetime(2026, 11, 24, 13, 0, tzinfo=UTC)  # Tuesday 14:00 in Berlin
WEEK = "2026-W47"


async def nothing(company: Company) -> None:
    """Only what is due."""


# ---- lesson


async def enrol(company: Company) -> None:
    company.join(*PEOPLE)
    for who in PEOPLE:
        await company.learns(who)


async def answer_lesson(company: Company) -> None:
    for who in PEOPLE:
        card = next(
            one for one in company.lessons(who) if any(b.action == "lessons.answer" for b in first_buttons(one))
        )
        chosen = company.option(card.versions[0], "lessons.answer", right=who != "bob")
        await company.once(f"answer-{who}", who, Pressed(chosen.action, chosen.value))


LESSON = Script(
    MONDAY,
    enrol,
    ((MONDAY + 2.5 * HOUR, nothing), (MONDAY + 3 * HOUR, answer_lesson), (MONDAY + 26.5 * HOUR, nothing)),
)

# ---- quiz


async def switch_on(company: Company) -> None:
    company.join("ada", roles=(Role.AUTHOR,))
    company.join(*PEOPLE)
    company.channel("ml")
    await company.say("ada", "quiz on", "ml")


async def answer_quiz(company: Company) -> None:
    asked = [one for one in company.see("ml") if one.thread is not None and buttons(one.message)]
    if not asked:  # the opening is held: nobody can say whether it arrived
        return
    for who in PEOPLE:
        chosen = company.option(asked[0].message, buttons(asked[0].message)[0].action, right=who == "ann")
        await company.once(f"quiz-{who}", who, Pressed(chosen.action, chosen.value), "ml")


TUESDAY = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
QUIZ = Script(MONDAY, switch_on, ((TUESDAY, nothing), (TUESDAY + HOUR, answer_quiz), (TUESDAY + 54 * HOUR, nothing)))

# ---- book, cancel


async def open_window(company: Company) -> None:
    company.join("ann", roles=(Role.HOST,))
    company.join("bob", "cyd")
    answer = await company.submit("ann", "office_hours.window", WINDOW)
    assert not answer.errors, answer.errors


async def book(company: Company, who: str = "bob", which: int = 0) -> None:
    shown = await company.say(who, "hours")
    assert shown.inline is not None
    rows = [block.buttons for block in shown.inline.blocks if isinstance(block, Buttons)]
    slots = sorted({one.value for row in rows for one in row if one.action == "office_hours.book"})
    if f"book-{who}" not in company.place.noted("acks").split():
        company.place.note(f"slot-{who}", company.place.noted(f"slot-{who}") or slots[which])
    form = FormSubmitted(
        "office_hours.question", {"question": "How do we notice drift early?"}, company.place.noted(f"slot-{who}")
    )
    await company.once(f"book-{who}", who, form)


async def book_two(company: Company) -> None:
    await book(company)
    await book(company, "cyd", 1)


BOOK = Script(MONDAY, open_window, ((MONDAY, book_two), (SLOT - 24 * HOUR, nothing), (SLOT - HOUR / 2, nothing)))


async def booked(company: Company) -> None:
    await open_window(company)
    await book(company)
    await company.settle()


async def cancel(company: Company) -> None:
    kept = company.place.noted("cancelling")
    if not kept:
        kept = company.latest("d-bob", "office_hours.cancel").value
        company.place.note("cancelling", kept)
    await company.once("cancel", "bob", Pressed("office_hours.cancel", kept))


CANCEL = Script(MONDAY, booked, ((MONDAY + HOUR, cancel), (SLOT - 24 * HOUR, nothing), (SLOT - HOUR / 2, nothing)))

# ---- digest


async def gather_team(company: Company) -> None:
    from bot.domain.calendar import week_start

    names = ["mia", *(f"r{at}" for at in range(6))]

    def add(parts) -> None:
        parts.people.add_team(Team(id="blue", name="Blue", manager="mia"))
        for who in names:
            parts.people.add_member(Member(id=who, name=who.title(), team="blue", zone="Europe/Berlin"), company.now)
            parts.people.add_account(f"a-{who}", WORKSPACE, who, f"u-{who}", f"d-{who}")
        for who in names[1:4]:
            parts.participation.add(who, week_start(WEEK), "lessons", 1)

    company.store(add)


CLOSED = closes_at(WEEK)
DIGEST = Script(
    CLOSED - 96 * HOUR, gather_team, ((CLOSED + HOUR / 60, nothing), (CLOSED + 24 * HOUR, nothing))
)  # fmt: skip

# ---- erase


async def booked_and_enrolled(company: Company) -> None:
    await booked(company)
    for who in ("bob", "cyd"):
        await company.learns(who)


async def erase(company: Company) -> None:
    """Somebody with a lesson, a lesson to come and a booking goes for good; those who had something with them are told."""
    await company.once("erase", "bob", Pressed("privacy.erase", ""))


ERASE = Script(
    MONDAY,
    booked_and_enrolled,
    (
        (MONDAY + 2.5 * HOUR, nothing),
        (MONDAY + 3 * HOUR, erase),
        (MONDAY + 26.5 * HOUR, nothing),
        (SLOT - HOUR / 2, nothing),
    ),
)

SCRIPTS = {"lesson": LESSON, "quiz": QUIZ, "book": BOOK, "cancel": CANCEL, "digest": DIGEST, "erase": ERASE}
