"""Rules about ids: their form, what they point to, and in which order things may come."""

from __future__ import annotations

from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from itertools import chain
from typing import Any

from bot.domain.pack import Badge, Kit, SurveyItem, Track
from content.ids import FULL_ID, SLUG
from content.kinds import REFERENCES, AnyItem, items
from content.problems import Path
from content.rules.rule import Finding, Rule
from content.source import Source

CLOSE = 5  # lessons, a week: as far apart as a confusable pair may be taught
_ANY_TOPIC = (Kit, SurveyItem, Badge)  # these may belong to the whole programme


def bad_ids(source: Source) -> Iterator[Finding]:
    for item in items(source.pack):
        if not FULL_ID.fullmatch(item.id):
            yield Finding(item.id, f"{item.id!r} is not an id", ("id",))
    names = [("topic", topic.id) for topic in source.pack.topics] + [
        ("track", track.id) for track in source.pack.tracks
    ]
    for kind, name in names:
        if not SLUG.fullmatch(name):
            yield Finding(f"{kind}/{name}", f"{name!r} is not an id")


def dead_references(source: Source) -> Iterator[Finding]:
    for item in chain[AnyItem | Track](items(source.pack), source.pack.tracks):
        subject = f"track/{item.id}" if isinstance(item, Track) else item.id
        for field in REFERENCES.get(type(item), {}):
            for path, target in _targets(item, field):
                if target and target not in source.places:
                    yield Finding(subject, f"{field}: there is no {target}", path)


def dead_topics(source: Source) -> Iterator[Finding]:
    known = {topic.id for topic in source.pack.topics}
    for lesson in source.pack.lessons:
        for also in set(lesson.also) - known:
            yield Finding(lesson.id, f"there is no topic {also!r}", ("also",))
    for item in items(source.pack):
        if item.topic not in known and (item.topic or not isinstance(item, _ANY_TOPIC)):
            yield Finding(item.id, f"there is no topic {item.topic!r}", ("topic",))


def dead_covers(source: Source) -> Iterator[Finding]:
    known = {requirement.id for requirement in source.requirements}
    for requirement, by in source.covers.items():
        if requirement not in known:
            yield Finding("covers.yaml", f"there is no requirement {requirement!r}", ("covers", requirement))
        for at, one in enumerate(by):
            if one not in source.places:
                yield Finding("covers.yaml", f"{requirement}: there is no {one}", ("covers", requirement, at))


def dead_sources(source: Source) -> Iterator[Finding]:
    for item in items(source.pack):
        for at, name in enumerate(item.sources):
            if name not in source.pack.sources:
                yield Finding(item.id, f"there is no source {name!r} in sources.yaml", ("sources", at))


def dead_pairs(source: Source) -> Iterator[Finding]:
    for at, pair in enumerate(source.pack.confusable):
        for term in pair:
            if term not in source.places:
                yield Finding("map.yaml", f"confusable: there is no {term}", ("confusable", at))


def dead_moves(source: Source) -> Iterator[Finding]:
    for old, new in source.pack.moved.items():
        if new is not None and new not in source.places and new not in source.pack.moved:
            yield Finding("moved.yaml", f"{old} moved to {new}, which is not there")
        if old in source.places:
            yield Finding("moved.yaml", f"{old} is said to have moved but is still there")


def cycles(source: Source) -> Iterator[Finding]:
    graph = {lesson.id: set(lesson.prereqs) for lesson in source.pack.lessons}
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        ring: list[str] = error.args[1]
        yield Finding(ring[0], "needs itself: " + " -> ".join(reversed(ring)), ("prereqs",))


def too_early(source: Source) -> Iterator[Finding]:
    prereqs = {lesson.id: lesson.prereqs for lesson in source.pack.lessons}
    for track in source.pack.tracks:
        position = {lesson: at for at, lesson in enumerate(track.lessons)}
        for lesson, at in position.items():
            for needed in prereqs.get(lesson, ()):
                if position.get(needed, -1) > at:
                    yield Finding(
                        f"track/{track.id}", f"{lesson} comes before {needed}, which it needs", ("lessons", at)
                    )


def repeated(source: Source) -> Iterator[Finding]:
    for track in source.pack.tracks:
        seen: set[str] = set()
        for at, lesson in enumerate(track.lessons):
            if lesson in seen:
                yield Finding(f"track/{track.id}", f"{lesson} is in the track twice", ("lessons", at))
            seen.add(lesson)


def trackless(source: Source) -> Iterator[Finding]:
    taught = set(chain.from_iterable(track.lessons for track in source.pack.tracks))
    for lesson in source.pack.lessons:
        if lesson.id not in taught:
            yield Finding(lesson.id, "no track holds this lesson, so nobody gets it")


def thin_topics(source: Source) -> Iterator[Finding]:
    for topic in source.pack.topics:
        written = sum(lesson.topic == topic.id for lesson in source.pack.lessons)
        if written < topic.planned:
            yield Finding(
                f"topic/{topic.id}", f"{written} of {topic.planned} planned lessons are written", ("planned",)
            )


def torn_pairs(source: Source) -> Iterator[Finding]:
    """What people mix up is told apart best while both are fresh; what the later lesson needs may stand between."""
    lessons = {lesson.id: lesson for lesson in source.pack.lessons}
    for track in source.pack.tracks:
        known = [id for id in track.lessons if id in lessons]
        for pair in source.pack.confusable:
            places = [next((at for at, id in enumerate(known) if term in lessons[id].terms), None) for term in pair]
            taught = sorted(at for at in places if at is not None)
            if len(taught) < len(pair):
                continue
            first, last = taught
            needed = [known.index(one) for one in lessons[known[last]].prereqs if one in known]
            if last - max(first, *needed, 0) > CLOSE:
                names = " and ".join(one.rpartition("/")[2] for one in pair)
                yield Finding(f"track/{track.id}", f"{names} are {last - first} lessons apart", ("lessons", last))


def _targets(item: AnyItem | Track, field: str) -> list[tuple[Path, str]]:
    path = tuple(field.split("."))
    value: Any = item
    for name in path:
        value = getattr(value, name)
    return [(path, value)] if isinstance(value, str) else [((*path, at), one) for at, one in enumerate(value)]


RULES = (
    Rule("E111", "A reference points to nothing", "Correct the slug, or add what it names.", dead_references),
    Rule("E112", "Lessons need each other in a circle", "Remove one of the prerequisites.", cycles),
    Rule("E115", "An id is not a slug", "Use small letters, digits and single hyphens.", bad_ids),
    Rule(
        "E116",
        "A topic is not on the map",
        "Correct the folder or file name, or add the topic to map.yaml.",
        dead_topics,
    ),
    Rule("E117", "A source is not in the list", "Add it to sources.yaml.", dead_sources),
    Rule("E118", "A pair names a term that is not there", "Correct map.yaml.", dead_pairs),
    Rule("E119", "A move leads nowhere", "Correct moved.yaml.", dead_moves),
    Rule("E124", "covers.yaml names something that is not there", "Correct the id in covers.yaml.", dead_covers),
    Rule("E160", "A track teaches a lesson before one it needs", "Change the order in map.yaml.", too_early),
    Rule("E161", "A track holds a lesson twice", "Remove one of them.", repeated),
    Rule("W225", "A confusable pair is taught far apart", "Move the later lesson up in map.yaml.", torn_pairs),
    Rule("W223", "A lesson is in no track", "Add it to a track in map.yaml.", trackless),
    Rule("W224", "A topic is under its planned count", "Write the missing lessons, or plan fewer.", thin_topics),
)
