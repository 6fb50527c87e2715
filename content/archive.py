"""A pack as a zip file: unpacked only when nothing in it can leave its folder or fill the disk.

The names and sizes that the archive states are checked first, the sizes that arrive are counted again while reading:
a zip bomb lies in its header.
"""

from __future__ import annotations

import re
import stat
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from content.folder import BYTES_LIMIT, FILES_LIMIT, Refused

ARCHIVE_LIMIT = 32 * 1024 * 1024  # bytes of the zip file
TOTAL_LIMIT = 64 * 1024 * 1024  # bytes of everything in it
RATIO_LIMIT = 200  # no text shrinks so well; the best text of ours reaches 4
DEPTH = 8
SUFFIXES = frozenset({".md", ".yaml", ".txt", ".csv"})

_PART = re.compile(r"[A-Za-z0-9_][A-Za-z0-9 ._-]{0,99}")
_PLAIN_KINDS = {0, stat.S_IFREG, stat.S_IFDIR}
_ENCRYPTED = 0x1


def unpack(archive: Path, folder: Path) -> list[str]:
    """Write the files into ``folder``, which must be new or empty; returns their names. Raises :class:`Refused`.

    A folder that holds the whole pack inside the archive is left out: ``mypack/pack.yaml`` becomes ``pack.yaml``.
    What was written before a refusal is for the caller to throw away.
    """
    if archive.stat().st_size > ARCHIVE_LIMIT:
        raise Refused(f"larger than {ARCHIVE_LIMIT // 1024 // 1024} MiB")
    folder.mkdir(parents=True, exist_ok=True)
    if any(folder.iterdir()):
        raise Refused("the folder is not empty")
    try:
        with zipfile.ZipFile(archive) as opened:
            entries = list(_checked(opened))
            top = _wrapped({name for name, _ in entries})
            names = [_write(opened, entry, folder / name.relative_to(top)) for name, entry in entries]
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, EOFError, RuntimeError, OSError) as error:
        raise Refused(f"not a zip file that can be read: {error}") from error
    return sorted(name.relative_to(folder).as_posix() for name in names)


def _checked(opened: zipfile.ZipFile) -> Iterator[tuple[PurePosixPath, zipfile.ZipInfo]]:
    """Every file with its name, once all of them are known to be harmless."""
    entries = opened.infolist()
    if len(entries) > FILES_LIMIT:
        raise Refused(f"more than {FILES_LIMIT:,} files")
    if sum(entry.file_size for entry in entries) > TOTAL_LIMIT:
        raise Refused(f"unpacked larger than {TOTAL_LIMIT // 1024 // 1024} MiB")
    seen: set[str] = set()
    for entry in entries:
        name = _name(entry)
        if stat.S_IFMT(entry.external_attr >> 16) not in _PLAIN_KINDS:
            raise Refused(f"{entry.filename[:80]!r} is a link or a device")
        if entry.is_dir():
            continue
        if (key := str(name).casefold()) in seen:
            raise Refused(f"{entry.filename[:80]!r} is there twice")
        seen.add(key)
        if any(part.startswith(".") for part in name.parts) or name.parts[0] == "__MACOSX":
            continue
        _check_size(entry, name)
        yield name, entry


def _name(entry: zipfile.ZipInfo) -> PurePosixPath:
    """The name as a relative path. ``orig_filename`` still has what zipfile cut off or turned around."""
    said = entry.orig_filename
    parts = said.rstrip("/").split("/")
    harmless = all(_PART.fullmatch(part) or (part.startswith(".") and part.strip(".")) for part in parts)
    if not harmless or "\\" in said or "\0" in said or len(parts) > DEPTH:
        raise Refused(f"{said[:80]!r} is not a name that is unpacked")
    return PurePosixPath(*parts)


def _check_size(entry: zipfile.ZipInfo, name: PurePosixPath) -> None:
    if name.suffix not in SUFFIXES:
        raise Refused(f"{str(name)[:80]!r} is no text of a pack")
    if entry.flag_bits & _ENCRYPTED:
        raise Refused(f"{str(name)[:80]!r} is encrypted")
    if entry.file_size > BYTES_LIMIT:
        raise Refused(f"{str(name)[:80]!r} is larger than {BYTES_LIMIT // 1024} KiB")
    if entry.file_size > RATIO_LIMIT * max(entry.compress_size, 1):
        raise Refused(f"{str(name)[:80]!r} is packed too tightly to be text")


def _wrapped(names: set[PurePosixPath]) -> PurePosixPath:
    """The one folder that holds everything, or the top."""
    tops = {name.parts[0] for name in names}
    if len(tops) == 1 and all(len(name.parts) > 1 for name in names):
        return PurePosixPath(tops.pop())
    return PurePosixPath()


def _write(opened: zipfile.ZipFile, entry: zipfile.ZipInfo, target: Path) -> Path:
    with opened.open(entry) as stream:
        data = stream.read(BYTES_LIMIT + 1)
    if len(data) > BYTES_LIMIT:
        raise Refused(f"{entry.filename[:80]!r} is larger than it says")
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(data)
    return target
