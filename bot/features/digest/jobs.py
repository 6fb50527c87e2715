"""Publishing: when a week is over in every zone, all teams are computed together, each once."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, time, timedelta
from typing import Any

from bot.domain.calendar import week_start
from bot.domain.deliveries import Outgoing
from bot.domain.digests import KEPT, WEEK, closed_week, closes_at, figures, next_close, sent_at
from bot.domain.privacy import is_hard, next_set
from bot.ports.digest import Edition
from bot.ports.people import Team
from bot.router import Done, Job, Next, Window, Work


def _plan(work: Work, window: Window) -> None:
    """Start the job of the last closed week once; a second start finds its row."""
    week = closed_week(window.end)
    if window.start < closes_at(week) <= window.end:
        work.store.jobs.start("digest_publish", week, closes_at(week))


def _next_due(_work: Work, after: datetime) -> datetime | None:
    return next_close(after)


def _step(work: Work, week: str, cursor: Mapping[str, Any]) -> Next | Done:
    """First freeze every team's set at one moment; then one team a step."""
    teams = {team.id: team for team in work.store.people.teams() if team.manager is not None}
    if "waiting" not in cursor:
        for team in teams.values():
            _freeze(work, team)
        return Next({"waiting": sorted(teams)}, f"0/{len(teams)}")
    waiting = list(cursor["waiting"])
    if not waiting:
        return Done()
    if waiting[0] in teams:
        _publish(work, teams[waiting[0]], week)
    return Next({"waiting": waiting[1:]}, f"{len(waiting) - 1} to go")


def _freeze(work: Work, team: Team) -> None:
    """The reader is not one of the people the figures are about."""
    k = work.store.people.settings().group_floor
    present = work.store.digest.seal(
        [one.id for one in work.store.people.team_members(team.id) if one.id != team.manager]
    )
    reader = team.manager or ""
    before = work.store.digest.published_set(team.id, reader)
    after = next_set(before, present, k)
    if after != before:
        work.store.digest.publish_set(team.id, reader, after)


def _publish(work: Work, team: Team, week: str) -> None:
    settings = work.store.people.settings()
    reader = team.manager or ""
    people = work.store.digest.unseal(work.store.digest.published_set(team.id, reader))
    first = week_start(week)
    activity = work.store.digest.activity(people, first, first + WEEK - timedelta(days=1))
    hard = _hard_topics(work, people, week, settings.group_floor)
    edition = Edition(team.id, reader, week, figures(activity, people, hard, settings.group_floor))
    if work.store.digest.publish(edition, work.now) and reader:
        weekday, minute = settings.digest_time
        due = sent_at(week, work.store.people.zone_in_force(reader), weekday, minute)
        digest = Outgoing(kind="digest", subject=team.id, period=week, member=reader, due_at=due, expires_at=due + KEPT)
        work.store.ledger.put([digest], work.now)


def _hard_topics(work: Work, people: Sequence[str], week: str, k: int) -> list[str]:
    """Names of topics the group finds hard, hardest first; no figure goes with them."""
    start = datetime.combine(week_start(week), time(), UTC)
    who: dict[str, set[str]] = defaultdict(set)
    answers: Counter[str] = Counter()
    wrong: Counter[str] = Counter()
    questions, topics = work.catalog.questions, work.catalog.topics
    for member, question, correct in work.store.digest.answers(people, start, start + WEEK):
        topic = questions[question].topic if question in questions else ""
        who[topic].add(member)
        answers[topic] += 1
        wrong[topic] += not correct
    hard = [topic for topic in answers if topic in topics and is_hard(answers[topic], wrong[topic], len(who[topic]), k)]
    return [topics[one].name for one in sorted(hard, key=lambda one: wrong[one] / answers[one], reverse=True)[:3]]


PUBLISH = Job(name="digest_publish", step=_step, plan=_plan, next_due=_next_due)
