"""What became of their lessons, for the people who write them: one message a working day at most, and only if there is news.

Nobody is named. A lesson is spoken of once enough people have finished it, and few people are not counted out.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta

import msgspec

from bot.domain.calendar import CLOSE_OF_DAY, WORKDAYS, Rhythm, instant, occurrences
from bot.domain.deliveries import Delivery, Outgoing
from bot.domain.notices import CHANGES, MOST_COUNTED, NOTICE_MINUTE, SHOWN, Key, News, What, change_of, fresh
from bot.messages import SUMMARY_LIMIT, Block, Button, Buttons, Heading, Message, Note, Text, clip, plain
from bot.ports.notices import Reader
from bot.router import Composed, Feature, Kind, OnUnknown, Skip, Window, Work

LOOK_AHEAD = timedelta(days=4)  # over a weekend
BY_PEOPLE: tuple[What, ...] = ("unclear", "given_up")


def _plan(work: Work, window: Window) -> int:
    due = [
        Outgoing(
            kind="notice",
            subject=one.member,
            period=day.isoformat(),
            member=one.member,
            due_at=at,
            expires_at=instant(one.zone, day, CLOSE_OF_DAY),
        )
        for one in work.store.notices.readers()
        for day, at in _mornings(work, one, window.start, window.end)[-1:]
    ]
    if not due:
        return 0
    said = _said_by_people(work)
    return work.store.ledger.put([one for one in due if _news(work, one.subject, said)], work.now)


def _next_due(work: Work, after: datetime) -> datetime | None:
    readers = work.store.notices.readers()
    said = _said_by_people(work) if readers else []
    waiting = [one for one in readers if _news(work, one.member, said)]
    mornings = (_mornings(work, one, after, after + LOOK_AHEAD)[:1] for one in waiting)
    return min((at for first in mornings for _day, at in first), default=None)


def _mornings(work: Work, reader: Reader, start: datetime, end: datetime) -> list[tuple[date, datetime]]:
    """When this reader may be told: on working days that are no days off where they are."""
    found = occurrences(Rhythm(reader.zone, NOTICE_MINUTE, WORKDAYS), start, end)
    if not found:
        return []
    days_off = work.store.people.days_off(reader.region, found[0][0], found[-1][0])
    return [(day, at) for day, at in found if day not in days_off]


def _said_by_people(work: Work) -> list[News]:
    """What learners have said and missed, of lessons that are still taught."""
    notices, lessons = work.store.notices, work.catalog.lessons
    unclear, given_up = notices.unclear().items(), notices.given_up().items()
    found = [News("unclear", id, members) for id, members in unclear]
    found += [News("given_up", id, members) for id, members in given_up]
    return [one for one in found if one.about in lessons]


def _news(work: Work, reader: str, said: Sequence[News]) -> list[News]:
    """What this reader has not been told."""
    told, floor = work.store.notices.told(reader), work.store.people.settings().group_floor
    waiting = [News("suggested", one, 1) for one in work.store.notices.suggested()]
    found = fresh([*said, *_changed(work, told), *waiting], told, floor)
    return [one for one in found if one.what not in BY_PEOPLE or _is_wide(work, one.about, reader, floor)]


def _changed(work: Work, told: Mapping[Key, int]) -> list[News]:
    """Lessons that were put right, replaced or retired, with the number of people who had finished them before."""
    found = []
    for lesson in work.catalog.lessons.values():
        what = change_of(lesson)
        if what is None or (what, lesson.id, lesson.rev) in told:
            continue
        before = lesson.rev + 1 if what == "retire" else lesson.rev
        members = work.store.notices.finished_before(lesson.id, before, MOST_COUNTED)
        found.append(News(what, lesson.id, members, lesson.rev))
    return found


def _is_wide(work: Work, lesson: str, reader: str, floor: int) -> bool:
    """Whether enough people, the reader not among them, have finished a lesson for it to be spoken of."""
    return len(work.store.notices.finished(lesson, floor + 1) - {reader}) >= floor


def _guard(work: Work, deliveries: Sequence[Delivery]) -> Mapping[int, str]:
    readers = {one.member for one in work.store.notices.readers()}
    return {one.id: "no author any more" for one in deliveries if one.member not in readers}


def _compose(work: Work, deliveries: Sequence[Delivery]) -> Mapping[int, Composed | Skip]:
    said = _said_by_people(work)
    return {one.id: _composed(work, one, said) for one in deliveries}


def _composed(work: Work, one: Delivery, said: Sequence[News]) -> Composed | Skip:
    """A second copy says what the first one said."""
    if one.chosen is not None:
        news = msgspec.convert(one.chosen["news"], list[News])
    else:
        news = _news(work, one.member or "", said)
    if not news:
        return Skip("nothing new")
    return Composed(_message(work, news), {"news": msgspec.to_builtins(news)})


def _message(work: Work, news: Sequence[News]) -> Message:
    floor = work.store.people.settings().group_floor
    title = plain(work.say("notices.title"))
    blocks: list[Block] = [Heading(title)]
    for what in (*BY_PEOPLE, *CHANGES):
        some = [one for one in news if one.what == what]
        if some:
            rows = [(_title(work, one.about), _people(work, one.members, floor)) for one in some[:SHOWN]]
            blocks.append(Text(work.say(f"notices.{what}", rows=rows, more=len(some) - len(rows))))
    lessons = sum(one.what != "suggested" for one in news)
    terms = len(news) - lessons
    buttons = [Button("How lessons are received", "guide.run", "lessons report")] if lessons else []
    if terms:
        blocks.append(Text(work.say("notices.suggested", count=terms)))
        buttons.append(Button("Suggested terms", "guide.run", "terms suggestions"))
    blocks += [Buttons(tuple(buttons)), Note(work.say("notices.note", floor=floor))]
    summary = plain(work.say("notices.summary", lessons=len({one.about for one in news}) - terms, terms=terms))
    return Message(clip(summary, SUMMARY_LIMIT), tuple(blocks))


def _title(work: Work, lesson: str) -> str:
    known = work.catalog.lessons.get(lesson)
    return known.title if known else lesson


def _people(work: Work, members: int, floor: int) -> str:
    return plain(work.say("notices.people", members=members, floor=floor, most=MOST_COUNTED))


def _settled(work: Work, deliveries: Sequence[Delivery]) -> None:
    """Only what has arrived was told."""
    for one in deliveries:
        stored = work.store.ledger.get(one.id)  # with what the intent chose
        if stored is not None and stored.member is not None and stored.chosen is not None:
            work.store.notices.tell(stored.member, msgspec.convert(stored.chosen["news"], list[News]))


FEATURE = Feature(
    name="notices",
    kinds=[
        Kind(
            name="notice",
            plan=_plan,
            next_due=_next_due,
            guard=_guard,
            compose=_compose,
            settled=_settled,
            on_unknown=OnUnknown.HOLD,
        )
    ],
)
