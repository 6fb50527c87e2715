"""From a folder of files to one compiled pack, and from its bytes back again.

Linting YAML takes tenths of a second, decoding the compiled JSON milliseconds: compile once, then load the bytes.
"""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

import msgspec

from bot.domain.pack import Pack
from content import folder as folders
from content.folder import PACKS, is_base
from content.problems import Problem

CORE = PACKS / "core"
FORMAT = 2  # raised when the shape of a compiled pack changes, so that it is compiled again

_EXTENDS = re.compile(r"^extends:[ \t]*[\"']?([a-z0-9-]+)", re.MULTILINE)

__all__ = ["CORE", "Compiled", "compile_pack", "decode", "encode", "fingerprint", "version"]


class Compiled(msgspec.Struct, frozen=True):
    """A pack and the errors found in it; with any error the pack must not be activated."""

    pack: Pack
    problems: tuple[Problem, ...] = ()

    @property
    def usable(self) -> bool:
        return not self.problems


def compile_pack(folder: Path = CORE) -> Compiled:
    """Read and check a pack folder. Never raises for what its files hold; warnings are left to ``content check``."""
    # Only who compiles needs the reader and the rules; a start from the compiled pack does without them.
    from content.check import errors
    from content.reader import read_pack

    source = read_pack(folder)
    return Compiled(source.pack, tuple(errors(source)))


def fingerprint(folder: Path) -> str:
    """The same as before means that nothing needs compiling: neither these files nor those of the pack below."""
    digest = hashlib.sha256(f"{FORMAT}\n{folders.fingerprint(folder)}".encode())
    head = folder / "pack.yaml"
    text = head.read_text("utf-8", errors="replace") if head.is_file() else ""
    for name in _EXTENDS.findall(text):
        digest.update(folders.fingerprint(PACKS / name).encode() if is_base(name) else b"?")
    return digest.hexdigest()


def encode(pack: Pack) -> bytes:
    """The pack as JSON; the same pack always gives the same bytes."""
    return msgspec.json.encode(pack, order="deterministic")


def version(data: bytes) -> str:
    """The name of a compiled pack: the sha256 of its bytes."""
    return hashlib.sha256(data).hexdigest()


def decode(data: bytes) -> Pack:
    """The pack in ``data``. Raises ``msgspec.ValidationError`` or ``msgspec.DecodeError`` for anything else."""
    return msgspec.json.decode(data, type=Pack)
