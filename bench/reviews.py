"""Reviews over half a year: what our schedule costs and keeps, beside no review, a weekly quiz, and FSRS without limits.

``python -m bench reviews`` prints the figures; ``python -m bench.reviews --docs`` also writes them, and the picture,
into ``docs/``.

People forget here by a model that knows nothing of FSRS: activation and power-law decay with spacing (P. I. Pavlik and
J. R. Anderson, "Practice and forgetting effects on vocabulary memory", Cognitive Science 29, 2005). Learners and
lessons differ in strength, people miss days, and who does not know guesses one time in two.
"""

from __future__ import annotations

import math
import random
import sys
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import lru_cache
from pathlib import Path
from statistics import fmean, quantiles

import msgspec

from bench.figures import heading
from bot.domain.reviews import A_DAY, RETENTION, Memory, answered, due, joins

MEMBERS, WEEKS, SEED = 1_000, 26, 1
OTHER_SEEDS, FEWER = (2, 3, 4), 250  # the comparison once more, by other people
USUAL = 0.85  # what FSRS without limit aims at; ours is the product's own
FIRST = date(2027, 1, 4)  # a Monday
ATTENDS = 0.77  # of the days (Kerfoot's residents finished 77 % of daily question e-mails)
QUIZ_ATTENDS = 0.6
QUIZ = 5  # questions a week
CORE_A_WEEK = 2  # concepts marked for review, of five lessons
OPTIONS, GUESSES = 3, 0.5

# Pavlik and Anderson 2005: decay, its growth with activation, threshold, noise; and how much slower time runs between sittings.
DECAY, GROWTH, THRESHOLD, NOISE = 0.177, 0.217, -0.704, 0.255
SECONDS_A_DAY, SLOWED = 86_400.0, 0.025
READ = 60.0  # seconds between a lesson and its question
# Their pairs of words fade faster than an idea with a case: with this, a lesson and its question are recalled by six
# in ten after a week, three in ten after a month, one in ten after half a year.
STRENGTH = 0.79
BEGIN, END = "<!-- written by `python -m bench.reviews --docs` -->", "<!-- until here -->"
AIMS_BEGIN, AIMS_END = "<!-- aims, by `python -m bench.reviews --docs` -->", "<!-- until here, the aims -->"
AIMS = (0.80, 0.85, 0.88, 0.92, 0.95)  # what a company may choose, by ``admin reviews``


@dataclass
class Trace:
    """What one person has of one concept: when it was met, and how fast each meeting fades."""

    strength: float
    met: list[tuple[float, float]] = field(default_factory=list)  # (day, decay)

    def activation(self, day: float) -> float:
        ages = ((max(READ, (day - at) * SECONDS_A_DAY * SLOWED), decay) for at, decay in self.met)
        return math.log(sum(age**-decay for age, decay in ages)) + self.strength

    def recall(self, day: float) -> float:
        return 1 / (1 + math.exp((THRESHOLD - self.activation(day)) / NOISE)) if self.met else 0.0

    def meet(self, day: float) -> None:
        decay = GROWTH * math.exp(self.activation(day)) + DECAY if self.met else DECAY
        self.met.append((day, decay))


@dataclass
class Person:
    """One learner: their traces, what FSRS thinks of each, and what is under review."""

    chance: random.Random
    ability: float
    retention: float = USUAL
    traces: dict[int, Trace] = field(default_factory=dict)
    believed: dict[int, Memory] = field(default_factory=dict)
    under_review: set[int] = field(default_factory=set)
    load: int = 0
    busiest: int = 0
    days: int = 0

    def ask(self, concept: int, day: int) -> bool:
        """Put a question; its reason is read whatever the answer was."""
        trace = self.traces[concept]
        knows = self.chance.random() < trace.recall(day)
        right = knows or (self.chance.random() < GUESSES and self.chance.random() < 1 / OPTIONS)
        trace.meet(day)
        before = self.believed.get(concept)
        self.believed[concept] = _answered(before, right, FIRST + timedelta(days=day), self.retention)
        return right


@lru_cache(maxsize=400_000)
def _answered(before: Memory | None, right: bool, day: date, retention: float) -> Memory:
    """One concept is like another to FSRS: equal histories are computed once."""
    return answered(before, "c", "q", 1, right, day, retention)


Found = dict[str, dict[str, float]]
Review = Callable[[Person, int, Sequence[int]], int]
Order = Callable[[date, Mapping[int, Memory]], list[int]]


def no_review(_person: Person, _day: int, _new: Sequence[int]) -> int:
    return 0


def weekly_quiz(person: Person, day: int, _new: Sequence[int]) -> int:
    """Five questions on Thursday from the lessons of the last two weeks."""
    if day % 7 != 3 or person.chance.random() > QUIZ_ATTENDS:
        return 0
    recent = [one for one, trace in person.traces.items() if day - trace.met[0][0] <= 14]
    chosen = person.chance.sample(recent, min(QUIZ, len(recent)))
    for one in chosen:
        person.ask(one, day)
    return len(chosen)


def _marked(concept: int) -> bool:
    return concept % 5 < CORE_A_WEEK


def _ours(today: date, waiting: Mapping[int, Memory]) -> list[int]:
    """The product's own order."""
    named = {f"{one:04}": msgspec.structs.replace(memory, concept=f"{one:04}") for one, memory in waiting.items()}
    return [int(one.concept) for one in due(named.values(), today, [f"{one:04}" for one in waiting if _marked(one)])]


def _most_forgotten(today: date, waiting: Mapping[int, Memory]) -> list[int]:
    """The lowest probability of recall first, by FSRS: what is done where nothing is limited."""
    late = [one for one, memory in waiting.items() if memory.due <= today]
    return sorted(late, key=lambda one: (waiting[one].recall(today), one))


def _fsrs(limit: int | None, order: Order, *, everything: bool) -> Review:
    def review(person: Person, day: int, new: Sequence[int]) -> int:
        for one in new:
            first = person.believed[one]
            if everything or joins(first.misses == 0, _marked(one), is_known=False):
                person.under_review.add(one)
        waiting = {
            one: person.believed[one]
            for one in sorted(person.under_review - set(new))
            if everything or person.believed[one].state == "active"
        }
        chosen = order(FIRST + timedelta(days=day), waiting)[:limit]
        for one in chosen:
            person.ask(one, day)
        return len(chosen)

    return review


OURS, REFERENCE = "ours: two a day, marked first", "FSRS without limit, every lesson"
STRATEGIES: dict[str, tuple[Review, float]] = {
    "no review": (no_review, USUAL),
    "weekly quiz only": (weekly_quiz, USUAL),
    OURS: (_fsrs(A_DAY, _ours, everything=False), RETENTION),
    "two a day, most forgotten first": (_fsrs(A_DAY, _most_forgotten, everything=False), RETENTION),
    "FSRS without limit, marked and missed": (_fsrs(None, _most_forgotten, everything=False), USUAL),
    "FSRS, two a day, every lesson": (_fsrs(A_DAY, _most_forgotten, everything=True), USUAL),
    REFERENCE: (_fsrs(None, _most_forgotten, everything=True), USUAL),
    f"the same, at {RETENTION:.0%}": (_fsrs(None, _most_forgotten, everything=True), RETENTION),
}


def live(seed: int, review: Review, weeks: int, retention: float = USUAL) -> Person:
    """Half a year of one person: a lesson and its question on each working day they come, then the reviews."""
    chance = random.Random(seed)
    person = Person(random.Random(seed + 1), chance.gauss(STRENGTH, 0.15), retention)
    strengths = [chance.gauss(0, 0.15) for _ in range(weeks * 5)]
    attends = [chance.random() < ATTENDS for _ in range(weeks * 7)]
    concept = 0
    for day in range(weeks * 7):
        if day % 7 > 4 or not attends[day]:
            continue
        person.traces[concept] = Trace(person.ability + strengths[concept])
        person.traces[concept].meet(day)
        person.ask(concept, day)
        count = review(person, day, [concept])
        concept += 1
        person.load += count
        person.busiest = max(person.busiest, count)
        person.days += 1
    return person


def figures(people: Sequence[Person], weeks: int) -> dict[str, float]:
    """Load in reviews a day attended, and recall a day after the last lesson and four weeks later, over all concepts."""
    end, later = weeks * 7, weeks * 7 + 28

    def recall(day: int, only: Callable[[Person, int], bool] = lambda _person, _one: True) -> float:
        chances = (fmean([t.recall(day) for one, t in p.traces.items() if only(p, one)] or [0.0]) for p in people)
        return fmean(chances)

    def believed(only: Callable[[int], bool]) -> float:
        last = FIRST + timedelta(days=end)
        return fmean(fmean(m.recall(last) for one, m in p.believed.items() if only(one)) for p in people)

    loads = [one.load / one.days for one in people]
    return {
        "load": fmean(loads),
        "p95": quantiles(loads, n=20)[-1],
        "busiest": max(one.busiest for one in people),
        "recall": recall(end),
        "marked": recall(end, lambda _person, one: _marked(one)),
        "later": recall(later),
        "fsrs": believed(lambda _one: True),
        "fsrs_m": believed(_marked),
    }


def simulate(
    members: int = MEMBERS, weeks: int = WEEKS, seed: int = SEED, names: Collection[str] = tuple(STRATEGIES)
) -> Found:
    return {
        name: figures([live(seed * 1_000_003 + at * 2, review, weeks, share) for at in range(members)], weeks)
        for name, (review, share) in STRATEGIES.items()
        if name in names
    }


def aims(members: int = FEWER) -> Found:
    """Our own schedule with other aims."""
    review, _share = STRATEGIES[OURS]
    people = {aim: [live(SEED * 1_000_003 + at * 2, review, WEEKS, aim) for at in range(members)] for aim in AIMS}
    return {f"{aim:.0%}": figures(some, WEEKS) for aim, some in people.items()}


def plot(found: Found) -> str:
    """Load against recall of the marked concepts, as a picture that needs nothing but a browser."""
    width, height, left, bottom = 640, 360, 50, 310
    most = max(one["load"] for one in found.values()) * 1.45
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" font-family="sans-serif" font-size="12">',
        "<title>Reviews a day against recall of the concepts marked for review, after 26 weeks</title>",
        f'<rect width="{width}" height="{height}" fill="white"/>',
        f'<path d="M{left} 20V{bottom}H{width - 10}" fill="none" stroke="black"/>',
        f'<text x="{left}" y="{height - 12}">reviews a day attended</text>',
        f'<text x="{left + 6}" y="16">recall after 26 weeks</text>',
    ]
    shares = (0.0, 0.2, 0.4, 0.6, 0.8)
    lines += [f'<text x="{left - 34}" y="{bottom - one * 320 + 4:.0f}">{one:.1f}</text>' for one in shares]
    places = [(load, left + load / most * (width - 70) - 3) for load in range(int(most) + 1)]
    lines += [f'<text x="{x:.0f}" y="{bottom + 16}">{load}</text>' for load, x in places]
    for name, one in found.items():
        x, y = left + one["load"] / most * (width - 70), bottom - one["marked"] * 320
        is_ours = name.startswith("ours")
        lines.append(
            f'<circle cx="{x:.0f}" cy="{y:.0f}" r="{6 if is_ours else 4}" fill="{"#0050b0" if is_ours else "#777"}"/>'
        )
        lines.append(
            f'<text x="{x + 9:.0f}" y="{y + 4:.0f}"{" font-weight=" + chr(34) + "bold" + chr(34) if is_ours else ""}>{name}</text>'
        )
    return "\n".join([*lines, "</svg>"]) + "\n"


def distance(found: Found) -> str:
    """Ours beside FSRS without limit, over the lessons marked for review, by both models."""
    ours, most = found[OURS], found[REFERENCE]
    return (
        f"load {ours['load'] / most['load']:.2f}x, recall {ours['marked'] - most['marked']:+.3f} by the independent "
        f"model, {ours['fsrs_m'] - most['fsrs_m']:+.3f} by FSRS"
    )


def table(found: Found) -> str:
    """The figures as a table of the docs."""
    heads: tuple[str, ...] = (
        "schedule",
        "reviews a day",
        "busiest day",
        "recall, all lessons",
        "recall, marked lessons",
    )
    heads += ("all lessons four weeks later", "marked lessons, as FSRS believes")
    lines = ["| " + " | ".join(heads) + " |", "|" + "---|" * len(heads)]
    for name, one in found.items():
        figures = [f"{one['load']:.2f}", f"{one['busiest']:.0f}"]
        figures += [f"{one[key]:.2f}" for key in ("recall", "marked", "later", "fsrs_m")]
        lines.append("| " + " | ".join([f"**{name}**" if name == OURS else name, *figures]) + " |")
    return "\n".join(lines)


def aims_table(found: Found) -> str:
    """What another aim costs and keeps."""
    lines = ["| aim | reviews a day | recall, all lessons | recall, marked lessons |", "|---|---|---|---|"]
    lines += [
        f"| {aim} | {one['load']:.2f} | {one['recall']:.2f} | {one['marked']:.2f} |" for aim, one in found.items()
    ]
    return "\n".join(lines)


def write(found: Found, others: Mapping[int, str], tried: Found, docs: Path) -> None:
    """Put the tables, the distances and the picture into the docs."""
    page = docs / "explain" / "learning.md"
    seeds = "\n".join(f"* people of seed {seed}: {said}" for seed, said in others.items())
    text = _between(page.read_text(), BEGIN, END, f"{table(found)}\n\nOurs beside {REFERENCE}:\n\n{seeds}")
    page.write_text(_between(text, AIMS_BEGIN, AIMS_END, aims_table(tried)))
    (docs / "images" / "reviews.svg").write_text(plot(found))


def _between(text: str, begin: str, end: str, new: str) -> str:
    before, _, rest = text.partition(begin)
    return f"{before}{begin}\n\n{new}\n\n{end}{rest.partition(end)[2]}"


def run(members: int = MEMBERS, docs: Path | None = None) -> None:
    heading(f"Reviews: {members} members, {WEEKS} weeks, forgetting by Pavlik and Anderson 2005")
    found = simulate(members)
    columns = ("load", "p95", "busiest", "recall", "marked", "later", "fsrs", "fsrs_m")
    print(f"{'':40}" + "".join(f"{one:>9}" for one in columns))
    for name, numbers in found.items():
        print(f"{name:40}" + "".join(f"{numbers[one]:9.2f}" for one in columns))
    others = {SEED: f"{distance(found)} ({members} people)"}
    fewer = min(members, FEWER)
    for seed in OTHER_SEEDS:
        others[seed] = f"{distance(simulate(fewer, seed=seed, names=(OURS, REFERENCE)))} ({fewer} people)"
    for seed, said in others.items():
        print(f"ours to {REFERENCE}, seed {seed}: {said}")
    tried = aims(fewer)
    print(aims_table(tried))
    if docs is not None:
        write(found, others, tried, docs)


if __name__ == "__main__":
    run(docs=Path(__file__).parents[1] / "docs" if "--docs" in sys.argv else None)
