"""A town of learners: the company of ``conversation`` with a generated pack of two hundred lessons that needs no files."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from bot.domain.calendar import WORKDAYS, Rhythm
from bot.domain.pack import Lesson, Option, Pack, Question, Term, Topic, Track
from bot.domain.tracks import Enrolment
from bot.ports.lessons import Learner
from bot.ports.people import Member
from content import loader
from storage import packs
from storage.dialects import open_engine
from storage.parts import Parts
from tests.journeys.conversation import WORKSPACE, Conversation

TRACK = "everyone-core"
LESSONS = 200


def generated(count: int = LESSONS) -> Pack:
    """A pack of ``count`` lessons in one track; every question has its right option first."""
    lessons, questions = [], []
    for at in range(count):
        lesson, question = f"core:lesson/l{at}", f"core:question/l{at}-1"
        lessons.append(
            Lesson(
                id=lesson,
                rev=1,
                title=f"Lesson {at}",
                topic="data",
                level=1,
                objective="Know it.",
                body=f"One idea, number {at}.",
                core_question=question,
                try_today="Look.",
                why={"default": "It saves an hour."},
                owner="teaching",
                reviewed="2026-01-01",
                terms=("core:term/drift",),
            )
        )
        options = tuple(
            Option(id=id, text=f"Option {id}", why=f"Reason {id}.", correct=id == "a") for id in ("a", "b", "c")
        )
        questions.append(
            Question(id=question, rev=1, stem=f"What about {at}?", options=options, topic="data", concepts=(lesson,))
        )
    term = Term(
        id="core:term/drift", rev=1, term="Drift", short="It moves.", plain="It moves.", precise="It moves.",
        topic="data", owner="teaching", reviewed="2026-01-01",
    )  # fmt: skip
    return Pack(
        id="core",
        version="1.0.0",
        title="Generated",
        topics=(Topic("data", "Data"),),
        tracks=(Track(TRACK, "Everyone", tuple(one.id for one in lessons)),),
        lessons=tuple(lessons),
        questions=tuple(questions),
        terms=(term,),
    )


class Town(Conversation):
    """People who learn by their own clock, over the generated pack."""

    teaches_files = False
    body = loader.encode(generated())

    def __init__(self, folder: Path, now: datetime) -> None:
        self._is_new = True
        super().__init__(folder, now)

    def _open(self) -> None:
        if self._is_new:
            self._is_new = False
            engine = open_engine(self._url)
            with engine.begin() as conn:
                mark = loader.fingerprint(self._pack)
                packs.activate(conn, loader.version(self.body), mark, self.body, self.now)
            engine.dispose()
        super()._open()

    def settle_in(self, people: dict[str, Rhythm]) -> None:
        """Members with accounts who learn from now on, each by their own rhythm."""

        def add(parts: Parts) -> None:
            for name, rhythm in people.items():
                parts.people.add_member(Member(id=name, name=name.title(), zone=rhythm.zone), self.now)
                parts.people.add_account(f"a-{name}", WORKSPACE, name, f"u-{name}", f"d-{name}")
                parts.lessons.save(learner(name, rhythm))

        self.store(add)


def learner(name: str, rhythm: Rhythm) -> Learner:
    """Somebody in the one track, by a rhythm."""
    return Learner(member=name, tracks=(Enrolment(TRACK),), zone=rhythm.zone, minute=rhythm.minute, days=rhythm.days)


def rhythm(zone: str, minute: int = 570, days: int = WORKDAYS) -> Rhythm:
    return Rhythm(zone, minute, days)
