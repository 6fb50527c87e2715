"""What learning comes to, as plain dicts: tracks, pauses, the lesson of each day, answers, reviews, three packs one after the other.

The rules are said a second time here, day by day and person by person; only the arithmetic of memory is the product's own.
"""

from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

import msgspec

from bot.domain.reviews import answered
from tests.journeys.school import CORE, EXEC, PRODUCT, changed, lesson, questions, school_pack

FOREVER = "until they say so"
IGNORED_MOST = 5
SISTERS = 3


def releases():
    """Three packs: the second has lost a lesson, gained another at the front and reworded a question; in the third the lost lesson is
    back, a track is gone with its lessons, and a question had the wrong key."""
    first = school_pack(core=4, product=2, executive=2)
    new = lesson("core", 5)
    shorter = [one for one in first.lessons if not one.id.endswith("core-2")]
    second = msgspec.structs.replace(
        changed(first, question("core", 1, 1), rev=2),
        lessons=(new, *shorter),
        questions=(
            *(one for one in changed(first, question("core", 1, 1), rev=2).questions if "core-2" not in one.id),
            *questions(new),
        ),
        tracks=tuple(
            msgspec.structs.replace(one, lessons=tuple(map(named("core"), (5, 1, 3, 4)))) if one.id == CORE else one
            for one in first.tracks
        ),
    )
    back = lesson("core", 2)
    third = msgspec.structs.replace(
        second,
        lessons=(*(one for one in second.lessons if "exec" not in one.id), back),
        questions=(*(one for one in second.questions if "exec" not in one.id), *questions(back)),
        tracks=tuple(
            msgspec.structs.replace(one, lessons=tuple(map(named("core"), (5, 1, 2, 3, 4)))) if one.id == CORE else one
            for one in second.tracks
            if one.id != EXEC
        ),
    )
    third = changed(third, named("core")(3), rev=2, change="correct")
    options = tuple(
        msgspec.structs.replace(one, correct=one.id == "b")
        for one in next(one for one in third.questions if one.id == WRONG).options
    )
    return first, second, changed(third, WRONG, rev=2, options=options)


def named(track):
    return lambda at: f"core:lesson/{track}-{at}"


def question(track, at, sister):
    return f"core:question/{track}-{at}-{sister}"


def concept_of(question_id):
    return question_id.replace("question", "lesson").rpartition("-")[0]


WRONG = question("core", 3, 1)
REWORDED = question("core", 1, 1)
# What each pack teaches, track by track, each lesson after those it builds on; and how many lessons a track says it has.
ORDER: dict[int, dict[str, list[Any]]] = {
    1: {CORE: [1, 2, 3, 4], PRODUCT: [1, "core-3", 2], EXEC: [1, 2]},
    2: {CORE: [5, 1, 3, 4], PRODUCT: [1, "core-3", 2], EXEC: [1, 2]},
    3: {CORE: [5, 1, 2, 3, 4], PRODUCT: [1, "core-3", 2]},
}
PREFIX = {CORE: "core", PRODUCT: "product", EXEC: "exec"}


def taught(version, track):
    known = ORDER[version].get(track, [])
    return [f"core:lesson/{at if isinstance(at, str) else f'{PREFIX[track]}-{at}'}" for at in known]


def everything(version):
    return {one for track in ORDER[version] for one in taught(version, track)}


def length(version, track):
    return len([one for one in ORDER[version][track] if isinstance(one, int)])


def rev_of(version, question_id):
    return 2 if (question_id == WRONG and version == 3) or (question_id == REWORDED and version >= 2) else 1


@dataclass
class Person:
    tracks: list | None = None  # [track, lessons when it was begun, last turn]; None: not enrolled
    paused: object = None  # a day, or FOREVER
    ignored: int = 0
    done: set = field(default_factory=set)
    shown: dict = field(default_factory=dict)
    last: str | None = None
    days: dict = field(default_factory=dict)  # local date -> state of its lesson
    memories: dict = field(default_factory=dict)

    def rests(self, day):
        return self.paused == FOREVER or (self.paused is not None and day < self.paused)

    def next_lesson(self, version):
        """(track, lesson): the track that has waited longest; in it what was shown least, in order."""
        for track, _, _turn in sorted(self.tracks or [], key=lambda one: one[2] or 0):
            left = [one for one in taught(version, track) if one not in self.done]
            if left:
                fewest = min(self.shown.get(one, 0) for one in left)
                return track, next(one for one in left if self.shown.get(one, 0) == fewest)
        return None

    def due_reviews(self, version, day):
        found = []
        for one in self.memories.values():
            if one.concept not in everything(version):
                continue
            rev = rev_of(version, one.question)
            if one.state != "active" and rev > one.rev:
                one = msgspec.structs.replace(one, state="active", misses=0, due=day, rev=rev)  # noqa: PLW2901
            if one.state == "active" and one.due <= day:
                found.append(one)
        return sorted(found, key=lambda one: (one.due, one.concept))


@dataclass
class Put:
    """A question put to somebody."""

    who: str
    question: str
    rev: int
    version: int
    lesson: str | None  # the one it belongs to; None: a review
    option: str | None = None  # once it is answered
    correct: bool = False
    at: Any = None  # when
    voided: bool = False


class SchoolModel:
    def __init__(self, people):
        self.people = {name: Person() for name in people}
        self.version = 1
        self.put: dict[str, Put] = {}
        self.turn = 0

    # ---- what people do

    def enrol(self, who, tracks, today):
        one = self.people[who]
        if any(track not in ORDER[self.version] for track in tracks):
            return False
        before = {track: (total, turn) for track, total, turn in one.tracks or []}
        one.tracks = [[track, *before.get(track, (length(self.version, track), None))] for track in tracks]
        self.plan_today(one, today)
        return True

    def leave(self, who):
        one = self.people[who]
        one.tracks, one.paused, one.ignored = None, None, 0
        self.take_back(one, "stopped")

    def pause(self, who, until):
        one = self.people[who]
        one.paused = until
        self.take_back(one, "paused")

    def resume(self, who, today):
        one = self.people[who]
        if one.paused is not None:
            one.paused, one.ignored = None, 0
            self.plan_today(one, today)

    @staticmethod
    def take_back(one, why):
        one.days |= {day: why for day, state in one.days.items() if state == "ready"}

    @staticmethod
    def plan_today(one, today):
        if not one.rests(today) and one.days.get(today) in {None, "paused", "stopped"}:
            one.days[today] = "ready"

    def answer(self, id, option, today, at):
        put = self.put[id]
        one = self.people[put.who]
        if put.option is not None:
            return
        is_known = concept_of(put.question) in everything(self.version)
        is_righted = put.question == WRONG and self.version == 3
        rev = 2 if is_righted else put.rev
        put.option, put.at = option, at
        put.correct = option == ("b" if put.question == WRONG and rev == 2 else "a")
        one.ignored = 0
        if is_known:
            self.learn(one, put.question, rev, put.correct, today)
        if put.lesson is not None:
            one.done.add(put.lesson)

    @staticmethod
    def learn(one, question_id, rev, right, day):
        concept = concept_of(question_id)
        before = one.memories.get(concept)
        if not right or question_id.endswith("-1") or before is not None:
            one.memories[concept] = answered(before, concept, question_id, rev, right, day)

    def review(self, who, today):
        """The id of the question that is put; None when there is none."""
        one = self.people[who]
        for position in (1, 2):
            id = f"review-{who}-{today}-{position}"
            if id in self.put and self.put[id].option is None:
                return id
            if id not in self.put:
                waiting = one.due_reviews(self.version, today)
                if not waiting:
                    return None
                memory = waiting[0]
                one.memories[memory.concept] = memory
                stem, _, sister = memory.question.rpartition("-")
                asked = f"{stem}-{int(sister) % SISTERS + 1}"
                self.put[id] = Put(who, asked, rev_of(self.version, asked), self.version, None)
                return id
        return None

    # ---- what time and releases do

    def new_day(self, passed: list[date]):
        """Days that have begun; of all but the last the time of the lesson is over."""
        for one in self.people.values():
            one.days |= {day: "expired" for day, state in one.days.items() if state == "ready"}
            for day in passed:
                if one.tracks is not None and not one.rests(day):
                    one.days[day] = "ready" if day == passed[-1] else "missed"

    def send(self, today, ids):
        """Everything that waits, with the ids of the rows by person."""
        for name, one in self.people.items():
            if one.days.get(today) != "ready":
                continue
            if one.ignored >= IGNORED_MOST:
                one.paused, one.ignored = FOREVER, 0
                one.days[today] = "skipped"
                continue
            found = one.next_lesson(self.version)
            if found is None:
                one.days[today] = "skipped"
                continue
            track, id = found
            self.turn += 1
            next(place for place in one.tracks or [] if place[0] == track)[2] = self.turn
            one.shown[id] = one.shown.get(id, 0) + 1
            one.last = id
            one.ignored += 1
            one.days[today] = "sent"
            asked = id.replace("lesson", "question") + "-1"
            self.put[f"daily-{ids[name]}"] = Put(name, asked, rev_of(self.version, asked), self.version, id)

    def upgrade(self):
        self.version += 1
        if self.version != 3:
            return
        touched = set()
        for put in self.put.values():
            if put.question == WRONG and put.rev < 2 and put.option is not None:
                put.voided = True
                touched.add(put.who)
        for who in touched:
            one, concept = self.people[who], concept_of(WRONG)
            one.memories.pop(concept, None)
            mine = [
                (put.at, id, put)
                for id, put in self.put.items()
                if put.who == who and concept_of(put.question) == concept and put.option is not None and not put.voided
            ]
            for at, _, put in sorted(mine, key=lambda entry: entry[:2]):
                self.learn(one, put.question, put.rev, put.correct, at.date())


DAY = timedelta(days=1)
