"""Content in and out: questions as GIFT, CSV and Anki, whole packs as zip files and compiled JSON."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import typer

from adapters.cli.output import FOUND, MISUSED, fail
from bot.domain.pack import Pack, Question
from content import gift, loader, sheet, written
from content.archive import unpack
from content.folder import BYTES_LIMIT, Refused
from content.gift import Entry
from content.reader import read_pack

IMPORT_LIMIT = 4 * 1024 * 1024  # bytes of a file of questions

_READERS: dict[str, Callable[[str, str, str], Iterator[Entry]]] = {
    ".gift": gift.read,
    ".txt": gift.read,
    ".csv": sheet.read,
}


def take_questions(file: Path, folder: Path, topic: str, *, dry: bool) -> None:
    """Append the questions of a file to the topic's bank as drafts; what cannot be used is listed with its line."""
    read = _READERS.get(file.suffix.lower())
    if read is None:
        fail(f"{file.name} is neither GIFT (.gift, .txt) nor a table (.csv).", code=MISUSED)
    source = read_pack(folder)
    if topic not in {one.id for one in source.pack.topics}:
        fail(f"There is no topic {topic!r}.", "Give one of map.yaml with --topic.", MISUSED)
    taken: dict[str, Question] = {}
    left = 0
    for entry in read(_text(file), topic, source.pack.id):
        question, why = entry.question, entry.problem
        if question and (question.id in source.places or question.id in taken):
            why = f"{question.id} is there already"
        if question is None or why:
            typer.echo(f"{file.name}:{entry.line}: left out: {why}", err=True)
            left += 1
        else:
            taken[question.id] = question
    text = written.entries(taken.values())
    if dry:
        typer.echo(f"questions:\n{text}", nl=False)
    elif taken:
        append(folder / "questions" / f"{topic}.yaml", "questions:\n", text)
    typer.echo(f"{len(taken)} taken as drafts, {left} left out. Now run `mlops-coach content check`.", err=True)
    if left:
        raise typer.Exit(FOUND)


def take_pack(archive: Path, folder: Path) -> None:
    """Unpack a pack beside its place, compile it in a process of its own, and move it there only when it is sound."""
    from adapters.wiring import foreign

    if folder.exists():
        fail(f"{folder} is there already.", "Give a new folder with --into.", MISUSED)
    folder.parent.mkdir(parents=True, exist_ok=True)
    room = Path(tempfile.mkdtemp(prefix=".pack-", dir=folder.parent))
    try:
        names = unpack(archive, room / "pack")
        compiled = foreign.compile_apart(room / "pack")
        for problem in compiled.problems:
            typer.echo(problem.as_line(), err=True)
        if not compiled.usable:
            fail(f"{len(compiled.problems)} errors; nothing was kept.", "Ask its author to run `content check`.")
        (room / "pack").rename(folder)
    except (Refused, foreign.Refused) as refusal:
        fail(f"{archive.name} was not taken: {refusal}.")
    finally:
        shutil.rmtree(room, ignore_errors=True)
    typer.echo(f"{len(names)} files in {folder}. To teach it, set MLOPS_PACK={folder}.")


def give(pack: Pack, form: str, output: Path, topic: str) -> None:
    """Write the questions (with Anki, the terms as well) of a topic or of all; ``json`` writes the compiled pack."""
    questions = [one for one in pack.questions if topic in {"", one.topic} and one.status not in {"draft", "retired"}]
    match form:
        case "gift":
            output.write_text(gift.written(questions), encoding="utf-8")
        case "csv":
            output.write_text(sheet.written(questions), encoding="utf-8")
        case "json":
            output.write_bytes(loader.encode(pack))
        case "anki":
            _give_anki(pack, questions, output, topic)
        case _:
            fail(f"There is no format called {form}.", "Use gift, csv, anki or json.", MISUSED)
    typer.echo(f"{output}: {len(questions)} questions")


def append(path: Path, opening: str, text: str) -> None:
    """Add entries to a list file; one whole new file takes the old one's place, so a full disk loses nothing."""
    before = path.read_text(encoding="utf-8") if path.exists() else opening
    if before.rstrip().endswith("[]"):
        before = opening
    after = f"{before.rstrip()}\n{text}"
    if len(after.encode()) > BYTES_LIMIT:
        fail(f"{path.name} would be larger than {BYTES_LIMIT // 1024} KiB.", "Choose another topic, or split the file.")
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f".{path.name}.new")
    beside.write_text(after, encoding="utf-8")
    beside.replace(path)


def _text(file: Path) -> str:
    if file.stat().st_size > IMPORT_LIMIT:
        fail(f"{file.name} is larger than {IMPORT_LIMIT // 1024 // 1024} MiB.", "Split it.")
    try:
        return file.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        fail(f"{file.name} is not UTF-8 text at byte {error.start}.", "Save it as UTF-8.")


def _give_anki(pack: Pack, questions: Iterable[Question], output: Path, topic: str) -> None:
    try:
        from adapters.cli import anki
    except ImportError:
        fail("Anki files need a package that is not installed.", "Run: pip install 'mlops-coach[anki]'", MISUSED)
    terms = [one for one in pack.terms if topic in {"", one.topic} and one.status not in {"draft", "retired"}]
    anki.write(pack.title, questions, terms, output)
