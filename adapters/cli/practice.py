"""What people practise with, as neutral messages: drills node by node, checklists, forms, stories, kits, badges."""

from __future__ import annotations

from collections.abc import Iterator

from bot import markdown
from bot.domain.pack import Badge, Case, Checklist, Kit, Scenario, SurveyItem, Template
from bot.domain.pack.practice import Move, Node, TemplateField
from bot.messages import (
    LABEL_LIMIT,
    TITLE_LIMIT,
    Block,
    Button,
    Buttons,
    Choice,
    DateInput,
    Divider,
    Form,
    FormField,
    Heading,
    MemberInput,
    Message,
    MultiInput,
    Note,
    NumberInput,
    Pick,
    Plain,
    SelectInput,
    Strong,
    Table,
    Text,
    TextInput,
    clip,
)
from content.variables import PLACEHOLDER

EXERCISE = "EXERCISE"
PICK_LIMIT = 75

Practised = Scenario | Checklist | Template | Case | Kit | SurveyItem | Badge


def screens(item: Practised) -> Iterator[Message]:
    """The item as the messages that show it, in order."""
    match item:
        case Scenario():
            yield from _drill(item)
        case Checklist():
            yield _checklist(item)
        case Template():
            yield from _template(item)
        case Case():
            yield _case(item)
        case Kit():
            yield _kit(item)
        case SurveyItem():
            yield _survey(item)
        case Badge():
            yield _badge(item)


def _drill(drill: Scenario) -> Iterator[Message]:
    aims = "\n".join(f"\N{BULLET} {one}" for one in drill.objectives)
    seats: list[Block] = [Text((Strong(f"{one.name}. "), *markdown.spans(one.brief))) for one in drill.roles]
    size = f"{drill.minutes} minutes, {' or '.join(drill.modes)}, {len(drill.roles)} seats"
    yield _exercise(drill.title, [Note((Plain(size),)), Text((Plain(aims),)), Divider(), *seats])
    names = {seat.id: seat.name for seat in drill.roles}
    for name, node in drill.nodes.items():
        yield _exercise(
            drill.title, [Note((Plain(_asked(name, node, names)),)), *markdown.blocks(node.say), *_moves(node)]
        )
        for seat, told in node.private.items():
            yield _exercise(f"For {names.get(seat, seat)}", list(markdown.blocks(told)))
        for option in node.options:
            yield _exercise(
                drill.title, [Text((Strong(f"{option.text} "), *markdown.spans(option.why))), Note(_grade(option))]
            )
    for inject in drill.injects:
        to = ", ".join(names.get(seat, seat) for seat in inject.to) or "everybody"
        moment = f"after {inject.after}" if inject.at is None else f"after {inject.at} minutes"
        rule = inject.condition
        only = f", if {rule.state} {rule.sign} {rule.than}" if rule else ""
        yield _exercise(drill.title, [Note((Plain(f"News for {to}, {moment}{only}"),)), *markdown.blocks(inject.say)])
    asked = [Text(markdown.spans(f"\N{BULLET} {question}")) for question in drill.debrief.questions]
    yield _exercise(
        f"{drill.title}: looking back", [*asked, Note((Plain(", ".join(drill.debrief.measures) or "no measures"),))]
    )


def _exercise(title: str, blocks: list[Block]) -> Message:
    return Message(clip(f"{EXERCISE}: {title}", 300), (Heading(f"{EXERCISE}: {title}"), *blocks))


def _asked(name: str, node: Node, names: dict[str, str]) -> str:
    if node.end:
        return f"{name} (the end)"
    timer = f", {node.timer} seconds, then {node.on_timeout}" if node.timer is not None else ""
    return f"{name}, asks {names.get(node.ask, node.ask)}{timer}"


def _moves(node: Node) -> list[Block]:
    lines = [Text((Strong(f"{one.id.upper()}. "), *markdown.spans(one.text))) for one in node.options]
    buttons = tuple(
        Button(clip(f"{one.id.upper()}. {one.text}", LABEL_LIMIT), "preview.move", one.id) for one in node.options
    )
    return [*lines, Buttons(buttons)] if buttons else []


def _grade(option: Move) -> tuple[Plain]:
    effects = "".join(f", {state} {delta:+d}" for state, delta in option.effect.items())
    return (Plain(f"{option.grade}{effects}, leads to {option.goto}"),)


def _checklist(checklist: Checklist) -> Message:
    lines: list[Block] = []
    for at, item in enumerate(checklist.items, 1):
        wanted = {"none": "", "text": " Evidence: a sentence.", "link": " Evidence: a link."}[item.evidence]
        extra = "" if item.required else " Optional."
        lines.append(Text((Strong(f"{at}. "), *markdown.spans(item.text))))
        lines.append(Note((*markdown.spans(item.why), Plain(wanted + extra))))
    return Message(checklist.title, (Heading(checklist.title), Note(markdown.spans(checklist.when)), *lines))


def _template(template: Template) -> Iterator[Message]:
    form = Form(
        id="preview.template",
        title=clip(template.title, TITLE_LIMIT),
        intro=markdown.spans(template.purpose),
        fields=tuple(_input(field) for field in template.fields),
    )
    yield Message(template.title, (Heading(template.title), Text(markdown.spans(template.purpose)), form))
    labels = {field.id: f"[{field.label}]" for field in template.fields}
    body = PLACEHOLDER.sub(lambda match: labels.get(match[1].strip(), match[0]), template.body)
    yield Message(f"{template.title}, filled in", tuple(_document(body)))


def _document(body: str) -> Iterator[Block]:
    """The body with its headings; our Markdown subset has none of its own."""
    for part in body.split("\n\n"):
        head, _, rest = part.strip().partition("\n")
        if head.startswith("#"):
            yield Heading(head.lstrip("# "))
            part = rest  # noqa: PLW2901 - what stands below the heading without an empty line
        yield from markdown.blocks(part)


def _input(field: TemplateField) -> FormField:
    name, label, hint, required = field.id, field.label, field.help, field.required
    picks = tuple(Pick(str(at), choice) for at, choice in enumerate(field.choices))
    match field.type:
        case "text" | "link":
            return TextInput(name=name, label=label, hint=hint, required=required)
        case "long":
            return TextInput(name=name, label=label, hint=hint, required=required, multiline=True, max_length=2_000)
        case "choice":
            return SelectInput(name=name, label=label, hint=hint, required=required, options=picks)
        case "multi":
            return MultiInput(name=name, label=label, hint=hint, required=required, options=picks)
        case "date":
            return DateInput(name=name, label=label, hint=hint, required=required)
        case "number":
            return NumberInput(name=name, label=label, hint=hint, required=required)
        case "member":
            return MemberInput(name=name, label=label, hint=hint, required=required)


def _case(case: Case) -> Message:
    blocks: list[Block] = [Heading(case.title)]
    for heading, text in case.scenes:
        blocks += [Text((Strong(heading),)), *markdown.blocks(text)]
    return Message(case.title, (*blocks, Note((Plain("An invented story."),))))


def _kit(kit: Kit) -> Message:
    rows = tuple((str(line.minutes), line.what) for line in kit.agenda)
    materials = "\n".join(f"\N{BULLET} {one}" for one in kit.materials)
    blocks: list[Block] = [Heading(kit.title), Note((Plain(f"{kit.minutes} minutes. {kit.audience}"),))]
    if rows:
        blocks.append(Table(("minutes", "what"), rows))
    if materials:
        blocks.append(Text(markdown.spans(materials)))
    return Message(kit.title, (*blocks, *_document(kit.body)))


def _survey(survey: SurveyItem) -> Message:
    answers = tuple(Pick(str(at), clip(label, PICK_LIMIT)) for at, label in enumerate(survey.scale or survey.choices))
    said: list[Block] = [Text(markdown.spans(survey.text))]
    return Message(
        clip(survey.text, 300), (*said, *((Choice("Answer", "preview.answer", answers),) if answers else ()))
    )


def _badge(badge: Badge) -> Message:
    return Message(
        badge.title,
        (
            Heading(badge.title),
            Text((Strong("For. "), *markdown.spans(badge.criteria))),
            Text((Strong("Evidence. "), *markdown.spans(badge.evidence))),
            Note((Plain(f"Signed by a {badge.signed_by}."),)),
        ),
    )
