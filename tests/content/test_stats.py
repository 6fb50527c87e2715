"""Counts of what is written."""

from content.loader import compile_pack
from content.source import Requirement
from content.stats import by_role, by_topic
from tests.content.samples import edited, write


def test_counts_by_topic(tmp_path):
    pack = compile_pack(write(tmp_path, {})).pack
    data, monitoring = by_topic(
        pack, [Requirement("C1", "concept", "x", "data"), Requirement("C2", "concept", "x", "cost")]
    )
    assert (data.topic, data.planned, data.lessons, data.levels) == ("data", 1, 1, (1, 0, 0))
    assert (data.questions, data.core_questions, data.terms, data.quizzes, data.required) == (3, 1, 1, 1, 1)
    assert (monitoring.quizzes, monitoring.required) == (0, 0)


def test_counts_by_role(tmp_path):
    pack = compile_pack(write(tmp_path, edited("lessons/data/skew.md", "prereqs: []", "roles: [pm]"))).pack
    roles = {count.role: count for count in by_role(pack)}
    assert (roles["pm"].lessons, roles["pm"].in_tracks, roles["pm"].reasons, roles["pm"].terms) == (2, 1, 2, 2)
    assert (roles["ops"].lessons, roles["ops"].in_tracks, roles["ops"].reasons) == (1, 0, 0)
    assert len(roles) == 8
