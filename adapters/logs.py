"""The log of a server: JSON lines, or readable ones at a terminal, made of what is allowed here and of nothing else.

A sentence of ours is written in the code, so it is safe; what varies goes into ``extra`` under a name of :data:`FIELDS`. A library's sentence
may hold anything (a payload, a statement with its values, an address with a token), so only its place is told. So with exceptions: type,
places and codes, never the message, because messages of drivers and platforms hold values.
"""

from __future__ import annotations

import json
import logging
import re
import secrets
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from errno import errorcode
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, TextIO

from typing_extensions import override

from adapters.watch import REASONS

Format = Literal["auto", "json", "text"]
Level = Literal["debug", "info", "warning", "error"]
Json = dict[str, Any]

RINGS = ("adapters", "bot", "content", "scheduler", "storage")
PLACES, CAUSES = 12, 4  # the innermost places of an exception, and how many of its causes
ROOT = Path(__file__).parents[1]


def _shaped(pattern: str) -> Callable[[object], object]:
    matches = re.compile(pattern).fullmatch
    return lambda value: value if isinstance(value, str) and matches(value) else None


def _listed(words: frozenset[str]) -> Callable[[object], object]:
    return lambda value: value if isinstance(value, str) and value in words else None


def _number(value: object) -> object:
    return value if isinstance(value, int | float) and not isinstance(value, bool) else None


def _either(*checks: Callable[[object], object]) -> Callable[[object], object]:
    return lambda value: next((told for check in checks if (told := check(value)) is not None), None)


OUR_REASONS = frozenset(
    {
        "a file is missing", "answer without ts", "conversations.open without a channel", "credentials refused", "message gone", "never met here", "no address",
        "no connection", "no id in the answer", "not installed", "our own pace", "rate limited", "response_url refused",
        "service address not allowed", "token refused", "token unreadable", "unknown conversation", "unreadable answer",
        "workspace not served",
    }
)  # fmt: skip


# Every field a line may have besides its own; a value of another shape is left out. None of them has room for a sentence, a name with a
# space, an e-mail address, a token or an address.
FIELDS: Mapping[str, Callable[[object], object]] = {
    "platform": _shaped(r"slack|teams|local"),
    "role": _shaped(r"both|answers|sends"),
    "workspace": _shaped(r"[0-9a-z]{16}|teams-[0-9a-f-]{36}"),  # our own id
    "kind": _shaped(r"[A-Za-z][a-z_]{1,30}(?:[A-Z][a-z]+){0,2}"),  # of a delivery, an event, a job: from our code
    "what": _listed(frozenset({"an answer", "typing", "a file"})),
    "why": _listed(REASONS),
    "method": _shaped(r"[A-Za-z]{1,20}(?:\.[A-Za-z]{1,30}){0,2}|response_url"),  # of a platform
    # Ours are sentences of the code, listed above. A platform's word for what is wrong is a word, with its status.
    "reason": _either(
        _listed(OUR_REASONS),
        _shaped(r"(?:(?:status|token|upload|response_url|conversations\.open:) )?(?:\d{3} ?)?[A-Za-z_]{0,60}"),
    ),
    "attempt": _number,
    "of": _number,
    "count": _number,
    "bytes": _number,
    "status": _number,
    "seconds": _number,
}


class Allowed(logging.Formatter):
    """What of a record may be written, as one JSON object or as a readable line."""

    def __init__(self, *, is_json: bool) -> None:
        super().__init__()
        self._is_json = is_json

    @override
    def format(self, record: logging.LogRecord) -> str:
        line = allowed(record)
        return json.dumps(line, separators=(",", ":")) if self._is_json else _readable(line)


def allowed(record: logging.LogRecord) -> Json:
    """A record as the fields that may leave this process."""
    place = _place(record)
    line: Json = {
        "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
        "level": record.levelname.lower() if record.levelno in _LEVELS else "other",
        "logger": _name(record.name),
    }
    if place is None:
        line |= {"event": "said by a library", "at": f"{_name(record.module)}:{record.lineno}"}
    else:
        line |= {"event": str(record.msg), "at": f"{place}:{record.lineno}"}
        line |= {
            name: told for name, check in FIELDS.items() if (told := check(getattr(record, name, None))) is not None
        }
    error = record.exc_info[1] if record.exc_info else None
    if error is not None:
        line |= {"incident": secrets.token_hex(4), **_explained(error)}
        causes = [_explained(one) for one in _causes(error)]
        if causes:
            line["causes"] = causes
    return line


_LEVELS = frozenset({logging.DEBUG, logging.INFO, logging.WARNING, logging.ERROR, logging.CRITICAL})
_NAME = re.compile(r"[A-Za-z0-9_.<>]{1,80}")


def _name(name: str) -> str:
    """A name from code; whatever does not look like one is somebody's value."""
    return name if _NAME.fullmatch(name) else "other"


def _place(record: logging.LogRecord) -> str | None:
    """Our module that wrote this, by its file: a library may have been given a logger of ours."""
    path = Path(record.pathname)
    if not path.is_relative_to(ROOT):
        return None
    inside = path.relative_to(ROOT).with_suffix("")
    return ".".join(inside.parts) if inside.parts[0] in RINGS else None


def _explained(error: BaseException) -> Json:
    kind = type(error)
    code = _code(error)
    return {
        "error": _name(f"{kind.__module__}.{kind.__qualname__}"),
        **({"code": code} if code else {}),
        "trace": [*_places(error.__traceback__)][-PLACES:],
    }


def _causes(error: BaseException) -> Iterator[BaseException]:
    """What led to it, as Python would print it; of a group, what is in it."""
    seen, waiting = {id(error)}, [error]
    while waiting and len(seen) <= CAUSES:
        one = waiting.pop(0)
        inner = [*one.exceptions] if isinstance(one, BaseExceptionGroup) else []
        before = one.__cause__ or (None if one.__suppress_context__ else one.__context__)
        for cause in [*inner, *([before] if before is not None else [])]:
            if id(cause) not in seen:
                seen.add(id(cause))
                waiting.append(cause)
                yield cause


def _places(trace: TracebackType | None) -> Iterator[str]:
    while trace is not None:
        frame = trace.tb_frame
        yield f"{_name(str(frame.f_globals.get('__name__', 'other')))}:{trace.tb_lineno} {_name(frame.f_code.co_name)}"
        trace = trace.tb_next


def _code(error: BaseException) -> str | None:
    """The database's or the system's code of an error: it says what is wrong, and nothing of the values."""
    origin = getattr(error, "orig", None) or error
    found = getattr(origin, "sqlstate", None) or getattr(origin, "sqlite_errorname", None)
    if found is None and isinstance(origin, OSError):
        found = errorcode.get(origin.errno or 0)
    return found if isinstance(found, str) and re.fullmatch(r"[A-Z0-9_]{1,40}", found) else None


def _readable(line: Json) -> str:
    own = {name: value for name, value in line.items() if name in FIELDS or name in {"incident", "code"}}
    said = [f"{line['time'][11:19]} {line['level'].upper():8}{line['logger']}: {line['event']}"]
    said += [f"{name}={value}" for name, value in own.items()]
    if line["event"] == "said by a library":
        said.append(f"at={line['at']}")
    rows = ["  ".join(said)]
    for one in [line, *line.get("causes", ())]:
        if "error" in one:
            rows += [f"  {one['error']} {one.get('code', '')}".rstrip(), *(f"    {place}" for place in one["trace"])]
    return "\n".join(rows)


@contextmanager
def written(form: Format = "auto", level: Level = "info", to: TextIO | None = None) -> Iterator[None]:
    """Write the log of this process like this from here on, also what nobody catches; at the end everything is as before.

    Libraries are heard from "warning" on, or from "debug" on when that is asked for.
    """
    stream = to or sys.stderr
    is_json = form == "json" or (form == "auto" and not stream.isatty())
    handler = logging.StreamHandler(stream)
    handler.setFormatter(Allowed(is_json=is_json))
    handler.addFilter(lambda record: record.levelno >= _least(record, level))
    root = logging.getLogger()
    before = root.level, sys.excepthook, threading.excepthook, logging.raiseExceptions
    root.addHandler(handler)
    root.setLevel(level.upper())
    logging.captureWarnings(capture=True)
    logging.raiseExceptions = False  # else a record that cannot be written is printed as it is
    sys.excepthook = _uncaught
    threading.excepthook = lambda told: _uncaught(told.exc_type, told.exc_value, told.exc_traceback)
    try:
        yield
    finally:
        level_before, sys.excepthook, threading.excepthook, logging.raiseExceptions = before
        logging.captureWarnings(capture=False)
        root.setLevel(level_before)
        root.removeHandler(handler)


def _least(record: logging.LogRecord, level: Level) -> int:
    return logging.WARNING if level == "info" and _place(record) is None else logging.DEBUG


def _uncaught(kind: type[BaseException], error: BaseException | None, _trace: object) -> None:
    if error is not None and not issubclass(kind, KeyboardInterrupt):
        logging.getLogger(__name__).critical("nobody caught an error", exc_info=error)
