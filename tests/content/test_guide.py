"""The author's guide tells the truth: its examples have the fields that the reader knows."""

import re
from pathlib import Path
from typing import Any, cast

import pytest

from bot.domain.pack import Badge, Case, Checklist, Kit, Lesson, Question, Quiz, Scenario, SurveyItem, Template, Term
from content.conditions import with_conditions
from content.front_matter import split
from content.problems import Place
from content.records import record
from content.yaml_reader import read

Fields = dict[str, Any]
GUIDE = (Path(__file__).parents[2] / "docs/howto/write-content.md").read_text()
SECTIONS = {
    "A lesson": Lesson, "A question": Question, "A term": Term, "A weekly quiz": Quiz, "A drill": Scenario, "A checklist": Checklist,
    "A template": Template, "A case story": Case, "A session kit": Kit,
}  # fmt: skip


def example(title: str, at: int = 0) -> str:
    section = GUIDE.partition(f"\n## {title}\n")[2]
    return str(re.findall(r"```(?:yaml|markdown)\n(.*?)```", section, re.DOTALL)[at])


@pytest.mark.parametrize(("title", "shape"), SECTIONS.items())
def test_an_example_of_every_kind(title, shape):
    text = example(title)
    if text.startswith("---"):
        page = split(text)
        fields = {"topic": "data", **cast("Fields", page.fields.value), "body": page.body}
    else:
        value: Any = read(text).value
        fields = {"topic": "data", **(value[0] if isinstance(value, list) else value)}
    if shape is Scenario:
        fields, refused = with_conditions(fields)
        assert refused == []
    found, problems = record(shape, fields, Place("guide"), title)
    assert problems == []
    assert found is not None


@pytest.mark.parametrize(("at", "key", "shape"), [(0, "surveys", SurveyItem), (1, "badges", Badge)])
def test_an_example_of_a_list(at, key, shape):
    value: Any = read(example("Survey items and badges", at)).value
    (fields,) = value[key]
    assert record(shape, fields, Place("guide"), key)[1] == []
