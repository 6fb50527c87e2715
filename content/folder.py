"""The files of a pack folder, within limits: text only, no links, not too many, not too large."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import NamedTuple

FILES_LIMIT = 2_000
BYTES_LIMIT = 256 * 1024
PACKS = Path(__file__).parent / "packs"  # the packs that come with the product; others may extend them


class Refused(Exception):
    """A file or folder that is not read, and why."""


class File(NamedTuple):
    """A file and its name relative to the pack, with forward slashes."""

    name: str
    path: Path

    def text(self) -> str:
        """The file's text. Raises :class:`Refused`."""
        if self.path.is_symlink():
            raise Refused("links are not followed")
        data = self._bytes()
        if len(data) > BYTES_LIMIT:
            raise Refused(f"larger than {BYTES_LIMIT // 1024} KiB")
        try:
            return data.decode("utf-8-sig").replace("\r\n", "\n")
        except UnicodeDecodeError as error:
            raise Refused(f"not UTF-8 text at byte {error.start}") from error

    def _bytes(self) -> bytes:
        try:
            with self.path.open("rb") as stream:
                return stream.read(BYTES_LIMIT + 1)
        except OSError as error:
            raise Refused(error.strerror or "cannot be read") from error


def files(folder: Path) -> list[File]:
    """Every visible file in the order of its name. Raises :class:`Refused` when there are too many."""
    found = [File(path.relative_to(folder).as_posix(), path) for path in islice(_visible(folder), FILES_LIMIT + 1)]
    if len(found) > FILES_LIMIT:
        raise Refused(f"more than {FILES_LIMIT:,} files")
    return sorted(found)


def fingerprint(folder: Path) -> str:
    """A hash over names, sizes and times of change: the same as before means nothing needs compiling."""
    digest = hashlib.sha256()
    for file in files(folder):
        status = file.path.lstat()
        digest.update(f"{file.name}\0{status.st_size}\0{status.st_mtime_ns}\n".encode())
    return digest.hexdigest()


def is_base(name: str) -> bool:
    """Whether a pack of that name comes with the product."""
    return re.fullmatch("[a-z0-9-]{1,60}", name) is not None and (PACKS / name / "pack.yaml").is_file()


def _visible(folder: Path) -> Iterator[Path]:
    try:
        entries = os.scandir(folder)  # four times as fast as pathlib, and every start waits for it
    except OSError:
        return
    with entries:
        for entry in entries:
            if entry.name.startswith("."):
                continue
            if entry.is_dir(follow_symlinks=False):
                yield from _visible(Path(entry.path))
            elif entry.is_symlink() or entry.is_file():
                yield Path(entry.path)
