"""The core pack: lint and compile from its files, and start from the compiled bytes, beside a bare JSON parse of the same bytes."""

from __future__ import annotations

import json
from datetime import date

from bench.figures import heading, row, timed
from content import check, loader
from content.catalog import CompiledCatalog
from content.prose import visible
from content.reader import read_pack

TODAY = date(2026, 11, 20)


def run() -> None:
    """Print every figure."""
    compiled = loader.compile_pack()
    body = loader.encode(compiled.pack)
    items = sum(len(getattr(compiled.pack, part)) for part in ("lessons", "questions", "terms"))
    heading(f"Content: the core pack, {items} lessons, questions and terms, {len(body) / 1e6:.1f} MB compiled")

    def lint() -> None:
        visible.cache_clear()  # a process lints once
        check.check(read_pack(loader.CORE), TODAY)

    def start() -> None:
        CompiledCatalog(loader.decode(body), "v")

    row("every rule and compile, from the files", timed(lint, 5))
    row("compile alone, from the files", timed(loader.compile_pack, 5))
    floor = row("parse the compiled bytes as bare JSON", timed(lambda: json.loads(body), 20))
    row("start from the compiled pack", timed(start, 20), floor=floor)
    catalog = CompiledCatalog(loader.decode(body), "v")
    row("build the indexes of search", timed(lambda: CompiledCatalog(catalog.pack, "v").warm(), 5))
