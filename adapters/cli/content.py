"""``content``: check what is taught, look at it as people will see it, and write more of it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from datetime import date

    from bot.domain.pack import Pack
    from content.diff import Difference

app = typer.Typer(help="What is taught.", no_args_is_help=True, rich_markup_mode=None)

Folder = Annotated[Path | None, typer.Option("--pack", help="Folder of the pack; the core pack if not given.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Topic = Annotated[str, typer.Option(help="A topic of map.yaml, such as monitoring.")]


@app.command()
def check(
    pack: Folder = None,
    strict: Annotated[bool, typer.Option("--strict", help="Let warnings fail as well.")] = False,
    fast: Annotated[bool, typer.Option("--fast", help="Do not render every screen for both platforms.")] = False,
    as_json: AsJson = False,
) -> None:
    """Lint a pack: errors and warnings with file, line and a suggestion."""
    import msgspec

    from adapters.cli.output import FOUND
    from content import check as rules
    from content.reader import read_pack

    def fits(one: Pack) -> list[tuple[str, str]]:
        from adapters.cli.fit import misfits

        return list(misfits(one, _today()))

    folder = _folder(pack)
    problems = rules.check(read_pack(folder), _today(), None if fast else fits)
    errors = sum(one.is_error for one in problems)
    if as_json:
        typer.echo(msgspec.json.encode({"errors": errors, "problems": problems}))
    else:
        for one in problems:
            typer.echo(one.as_line())
        typer.echo(f"{errors} errors, {len(problems) - errors} warnings")
    if errors or (strict and problems):
        raise typer.Exit(FOUND)


@app.command()
def preview(
    id: Annotated[str, typer.Argument(help="Any item, such as lesson/models-fail-silently or template/runbook.")],
    role: Annotated[str | None, typer.Option(help="Show it in the words of a role, such as pm.")] = None,
    platform: Annotated[str, typer.Option(help="plain, slack, teams, or both for the JSON of each.")] = "plain",
    words: Annotated[
        Path | None, typer.Option("--vars", help="YAML file with a company's words, or its pack.yaml.")
    ] = None,
    pack: Folder = None,
) -> None:
    """Print one item as the platforms show it, message by message."""
    import json

    from adapters.cli import preview as shown
    from adapters.cli.output import MISUSED, fail
    from adapters.slack import render as slack
    from adapters.teams import render as teams

    if platform not in {"plain", "slack", "teams", "both"}:
        fail(f"There is no platform called {platform}.", "Use plain, slack, teams or both.", MISUSED)
    values = {} if words is None else shown.company_words(words)
    for message in shown.screens(_folder(pack), id, role, values, _today()):
        if platform == "plain":
            typer.echo(shown.words(message))
        if platform in {"slack", "both"}:
            typer.echo(json.dumps(slack.message(message), indent=2, ensure_ascii=False))
        if platform in {"teams", "both"}:
            typer.echo(json.dumps(teams.card(message), indent=2, ensure_ascii=False))


@app.command()
def stats(pack: Folder = None, as_json: AsJson = False) -> None:
    """Count what is written, by kind, topic and role, and say which requirements are taught and by what."""
    from adapters.cli import figures
    from content.reader import read_pack

    source = read_pack(_folder(pack))
    if as_json:
        typer.echo(figures.as_json(source))
    else:
        figures.show(source)


@app.command()
def new(
    kind: Annotated[str, typer.Argument(help="lesson, question, term, quiz, scenario, checklist, template, ...")],
    slug: Annotated[str, typer.Argument(help="Small letters, digits and single hyphens.")],
    topic: Topic = "",
    pack: Folder = None,
) -> None:
    """Write the first version of an item, sound in form, for you to fill with words."""
    from adapters.cli.output import MISUSED, fail
    from content.ids import SLUG
    from content.kinds import PARTS
    from content.reader import read_pack
    from content.skeletons import WRITE, skeleton

    folder = _folder(pack)
    kinds = {one: one for one in PARTS}
    if kind not in kinds:
        fail(f"There is no kind called {kind}.", f"Use one of: {', '.join(kinds)}.", MISUSED)
    if not SLUG.fullmatch(slug):
        fail(f"{slug} is not a slug.", "Use small letters, digits and single hyphens.", MISUSED)
    source = read_pack(folder)
    topics = [one.id for one in source.pack.topics]
    if topic not in topics:
        fail(f"There is no topic {topic!r}.", f"Give one with --topic: {', '.join(topics)}.", MISUSED)
    if f"{source.pack.id}:{kind}/{slug}" in source.places:
        fail(f"{kind}/{slug} is there already.", "Choose another slug.")
    made = skeleton(kinds[kind], slug, topic, _today().isoformat())
    path = folder / made.file
    if made.opening:
        from adapters.cli.exchange import append

        append(path, made.opening, made.text)
    elif path.exists():
        fail(f"{path} is there already.", "Choose another slug.")
    else:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(made.text, encoding="utf-8")
    typer.echo(f"{path}\nNow replace every {WRITE!r}, then run `mlops-coach content check`.")


@app.command()
def diff(
    old: Annotated[Path, typer.Argument(help="Folder of a pack, or a compiled pack (pack.json).")],
    new: Annotated[Path, typer.Argument(help="The same, after the edit.")],
    as_json: AsJson = False,
) -> None:
    """Say what changed between two versions, of which class each change is, and what it means for learners."""
    import msgspec

    from adapters.cli.output import print_table
    from content.diff import differences

    found = differences(_compiled(old), _compiled(new))
    if as_json:
        typer.echo(msgspec.json.encode(found))
        return
    rows = [[one.id, _class(one), f"{one.rev[0]} to {one.rev[1]}", ", ".join(one.fields), one.means] for one in found]
    print_table(f"{len(found)} items changed", ("item", "change", "rev", "fields", "for learners"), rows)


@app.command("import")
def import_(
    file: Annotated[Path, typer.Argument(help="Questions as .gift or .csv, or a whole pack as .zip.")],
    topic: Topic = "",
    into: Annotated[Path | None, typer.Option(help="New folder for the pack in a .zip.")] = None,
    dry: Annotated[bool, typer.Option("--dry-run", help="Print what would be written and write nothing.")] = False,
    pack: Folder = None,
) -> None:
    """Take questions of another tool into a pack as drafts, or unpack somebody's pack safely."""
    from adapters.cli import exchange
    from adapters.cli.output import MISUSED, fail

    if not file.is_file():
        fail(f"There is no file {file}.", code=MISUSED)
    if file.suffix == ".zip":
        if into is None:
            fail("Where shall the pack go?", "Give a new folder with --into.", MISUSED)
        exchange.take_pack(file, into)
    else:
        exchange.take_questions(file, _folder(pack), topic, dry=dry)


@app.command()
def export(
    form: Annotated[str, typer.Option("--format", help="gift, csv, anki (needs the extra `anki`), or json.")],
    output: Annotated[Path, typer.Option(help="The file to write.")],
    topic: Annotated[str, typer.Option(help="Only this topic.")] = "",
    pack: Folder = None,
) -> None:
    """Write the questions for another tool, or the whole compiled pack as JSON."""
    from adapters.cli import exchange

    exchange.give(_compiled(_folder(pack)), form, output, topic)


def _today() -> date:
    from datetime import UTC, datetime

    return datetime.now(UTC).date()


def _folder(pack: Path | None) -> Path:
    """The pack's folder; leaves when there is none."""
    from adapters.cli.output import MISUSED, fail
    from content.loader import CORE

    folder = pack or CORE
    if not (folder / "pack.yaml").is_file():
        fail(f"There is no pack.yaml in {folder}.", "Give the folder of a pack with --pack.", MISUSED)
    return folder


def _compiled(where: Path) -> Pack:
    """A pack from its folder or from its compiled bytes; leaves when it is neither, or has errors."""
    import msgspec

    from adapters.cli.output import fail
    from content.loader import compile_pack, decode

    if where.is_file():
        try:
            return decode(where.read_bytes())
        except msgspec.DecodeError as error:
            fail(f"{where} is not a compiled pack: {error}.", "Make one with `content export --format json`.")
    compiled = compile_pack(_folder(where))
    if not compiled.usable:
        fail(f"{where} has {len(compiled.problems)} errors.", "Run `mlops-coach content check` on it.")
    return compiled.pack


def _class(one: Difference) -> str:
    return one.change if one.declared or one.change in {"added", "gone", "retire"} else f"{one.change} (guessed)"
