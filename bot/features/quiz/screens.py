"""What people see of a quiz: the parent message, its questions, the private feedback and the results."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from bot import markdown
from bot.asking import asked, feedback, right_option, shown_options, solution, verdict
from bot.domain.calendar import day_words, zone_named
from bot.domain.pack import Question
from bot.domain.quizzes import Figures, shown_count
from bot.domain.settings import TenantSettings
from bot.messages import (
    LABEL_LIMIT,
    SUMMARY_LIMIT,
    Block,
    Button,
    Buttons,
    Divider,
    Heading,
    Message,
    Note,
    Spans,
    Text,
    clip,
    plain,
)
from bot.ports.catalog import Catalog
from bot.ports.lessons import Asking, Given
from bot.ports.quiz import Run
from bot.ports.texts import Texts


@dataclass(frozen=True, slots=True, kw_only=True)
class Parent:
    """A quiz in one channel at one moment; ``zone`` is the channel's."""

    run: Run
    zone: str
    closes_at: datetime
    is_open: bool
    people: int
    total: int


def when(at: datetime, zone: str) -> str:
    """An instant on a wall clock that says whose it is."""
    local = at.astimezone(zone_named(zone))
    return f"{day_words(local)}, {local:%H:%M} ({zone})"


def parent(texts: Texts, quiz: Parent, settings: TenantSettings) -> Message:
    """The message the thread hangs on: theme, state and how many took part."""
    closes, theme = when(quiz.closes_at, quiz.zone), quiz.run.theme
    summary = (
        texts.render("quiz.opened_summary", theme=theme, total=quiz.total, closes=closes)
        if quiz.is_open
        else texts.render("quiz.closed_summary", theme=theme)
    )
    blocks: list[Block] = [Heading(plain(texts.render("quiz.title", theme=theme)))]
    if quiz.is_open:
        blocks.append(Text(texts.render("quiz.how", total=quiz.total)))
    blocks += [Text(_state(texts, quiz)), Text(took_part(texts, quiz.people, settings, is_open=quiz.is_open))]
    if quiz.is_open:
        blocks.append(Buttons((Button("My next question", "quiz.next", quiz.run.week),)))
        blocks.append(Note(texts.render("quiz.who_sees", floor=settings.quiz_pick_floor)))
    return Message(clip(plain(summary), SUMMARY_LIMIT), tuple(blocks))


def _state(texts: Texts, quiz: Parent) -> Spans:
    if quiz.is_open:
        return texts.render("quiz.open_until", closes=when(quiz.closes_at, quiz.zone))
    if quiz.closes_at < quiz.run.closes_at:
        return texts.render("quiz.closed_results_later", results=when(quiz.run.closes_at, quiz.zone))
    return texts.render("quiz.closed_results_here")


def took_part(texts: Texts, people: int, settings: TenantSettings, *, is_open: bool) -> Spans:
    floor = settings.group_floor
    return texts.render("quiz.took_part", people=shown_count(people, floor), floor=floor, open=is_open)


def question_card(texts: Texts, catalog: Catalog, asking: Asking, total: int) -> Message:
    """One question with a button for each option; it shows nothing of what others chose."""
    question = catalog.questions[asking.question]
    stem = plain(markdown.spans(question.stem))
    summary = texts.render("quiz.question_summary", position=asking.position, total=total, stem=stem)
    place = texts.render("quiz.place", position=asking.position, total=total)
    return Message(clip(plain(summary), SUMMARY_LIMIT), (Note(place), *asked(texts, question, asking, "quiz.answer")))


def answered(
    texts: Texts, question: Question, asking: Asking, given: Given | None, total: int, told: Sequence[Block]
) -> Message:
    """The private reply to a press: what counted with its reason, or the explanation alone; then what ``told`` says."""
    place = texts.render("quiz.place", position=asking.position, total=total)
    if given is None:
        shown, summary = solution(texts, question, asking), plain(right_option(texts, question, asking))
    else:
        shown, summary = feedback(texts, question, asking, given), f"{verdict(texts, given)} {plain(place)}"
    return Message(clip(summary, SUMMARY_LIMIT), (Note(place), *shown, *told))


def results(
    texts: Texts,
    catalog: Catalog,
    run: Run,
    askings: Sequence[tuple[Asking, Question]],
    figures: Figures,
    settings: TenantSettings,
) -> Message:
    """The message after the close: each answer with its reason, and figures where enough people answered."""
    title = plain(texts.render("quiz.results_title", theme=run.theme))
    people = figures.took_part
    blocks: list[Block] = [
        Heading(title),
        Text(texts.render("quiz.took_part", people=people, floor=settings.group_floor, open=False)),
    ]
    for asking, question in askings:
        blocks += _result(texts, question, asking, figures, len(askings))
    if any(figures.picks.get(one.id) is None for one, _question in askings):
        blocks.append(Note(texts.render("quiz.few_picks", floor=settings.quiz_pick_floor)))
    blocks += _look_up(catalog, run)
    return Message(clip(plain(texts.render("quiz.results_summary", theme=run.theme)), SUMMARY_LIMIT), tuple(blocks))


def _result(texts: Texts, question: Question, asking: Asking, figures: Figures, total: int) -> list[Block]:
    stem = markdown.spans(question.stem)
    blocks: list[Block] = [
        Divider(),
        Text(texts.render("quiz.result_question", position=asking.position, total=total, stem=stem)),
        Text(right_option(texts, question, asking)),
    ]
    picks = figures.picks.get(asking.id)
    if picks is not None:
        options = [(letter, picks.get(option.id, 0)) for letter, option in shown_options(question, asking)]
        blocks.append(Note(texts.render("quiz.picks", options=options)))
    return blocks


def _look_up(catalog: Catalog, run: Run) -> list[Block]:
    quiz = next((one for one in catalog.quizzes if one.id == run.quiz), None)
    term = catalog.terms.get(quiz.look_up) if quiz else None
    if term is None:
        return []
    return [Buttons((Button(clip(f"Look up: {term.term}", LABEL_LIMIT), "glossary.show", term.id),))]
