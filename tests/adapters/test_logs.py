"""The log writes what is allowed and nothing else: fields of a shape, sentences of our code, exceptions without their words."""

import ast
import io
import json
import logging
import sys
import threading
import warnings
from pathlib import Path

import pytest

from adapters import logs
from adapters.logs import FIELDS, OUR_REASONS, written
from adapters.teams.tokens import TokenRefused
from adapters.watch import REASONS
from bot.errors import DeliveryFailed

ROOT = Path(__file__).parents[2]
HERE = str(ROOT / "adapters" / "somewhere.py")


class Terminal(io.StringIO):
    def isatty(self):
        return True


def record(
    message="it happened", *args, path=HERE, level=logging.WARNING, error=None, name="adapters.somewhere", **extra
):
    made = logging.LogRecord(
        name, level, path, 7, message, args, (type(error), error, error.__traceback__) if error else None
    )
    for field, value in extra.items():
        setattr(made, field, value)
    return logs.allowed(made)


def raised(error):
    try:
        raise error
    except type(error) as found:
        return found


def test_a_line_has_our_sentence_its_place_and_the_fields_that_are_listed():
    line = record(
        platform="slack", reason="channel_not_found", method="chat.postMessage", words="hello", color_message="x"
    )
    assert line.pop("time").endswith("+00:00")
    assert line == {
        "level": "warning", "logger": "adapters.somewhere", "event": "it happened", "at": "adapters.somewhere:7",
        "platform": "slack", "reason": "channel_not_found", "method": "chat.postMessage",
    }  # fmt: skip


def test_what_is_filled_into_a_sentence_is_not_written():
    assert record("it happened to %s", "Ana")["event"] == "it happened to %s"


@pytest.mark.parametrize(
    "value",
    [
        "Ana Doe said so",
        "ana@example.com",
        "xoxb-12-34",
        "https://x.example/y?token=z",
        "eyJhbGciOi.J9.e30",
        "",
        7,
        None,
        ["a"],
        "a\nb",
        "4f3a9c017bd2",
    ],
)
def test_a_field_has_no_room_for_what_people_write(value):
    words = {name for name in FIELDS if name not in {"attempt", "of", "count", "bytes", "status", "seconds"}}
    said = record(**dict.fromkeys(words, value))
    assert [name for name in words if said.get(name)] == []


@pytest.mark.parametrize("value", ["7", None, True, [1]])
def test_a_number_is_a_number(value):
    assert not {"count", "status"} & set(record(count=value, status=value))


def test_every_reason_of_ours_can_be_read():
    """Whatever our code calls a failure is in the list, or one word."""
    kinds = {DeliveryFailed.__name__, TokenRefused.__name__}
    found = {
        call.args[0].value
        for path in [*(ROOT / "adapters").rglob("*.py"), *(ROOT / "scheduler").glob("*.py")]
        if "DeliveryFailed" in path.read_text()
        for call in ast.walk(ast.parse(path.read_text()))
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id in kinds
        and isinstance(call.args[0], ast.Constant)
    }  # fmt: skip
    assert len(found) > 10
    assert [one for one in found if FIELDS["reason"](one) is None] == []
    assert [one for one in OUR_REASONS if one not in found] == []


def test_why_a_request_is_refused_is_in_one_list():
    found = {
        argument.value
        for path in (ROOT / "adapters/slack/guard.py", ROOT / "adapters/teams/app.py", ROOT / "adapters/teams/verify.py", ROOT / "adapters/teams/read.py")
        for call in ast.walk(ast.parse(path.read_text()))
        if isinstance(call, ast.Call) and getattr(call.func, "id", "") in {"Refused", "Rejected", "Denied", "Malformed"}
        for argument in call.args
        if isinstance(argument, ast.Constant) and isinstance(argument.value, str)
    }  # fmt: skip
    assert len(found) > 30
    assert found <= REASONS
    assert {one for one in REASONS - found if not one.endswith("Error")} == set()


def _calls_of_logs():
    for ring in logs.RINGS:
        for path in (ROOT / ring).rglob("*.py"):
            source = path.read_text()
            for call in ast.walk(ast.parse(source)) if "getLogger" in source else ():
                if (
                    isinstance(call, ast.Call)
                    and isinstance(call.func, ast.Attribute)
                    and getattr(call.func.value, "id", "") == "log"
                ):
                    yield path.relative_to(ROOT).as_posix(), call


def test_sentences_are_written_in_the_code_and_values_go_into_listed_fields():
    calls = list(_calls_of_logs())
    assert len(calls) > 40
    filled = [
        (path, call.lineno) for path, call in calls if len(call.args) != 1 or not isinstance(call.args[0], ast.Constant)
    ]
    assert filled == [], "put what varies into extra, under a name that adapters/logs.py allows"
    fields = {
        key.value
        for _, call in calls
        for word in call.keywords
        if word.arg == "extra" and isinstance(word.value, ast.Dict)
        for key in word.value.keys
        if isinstance(key, ast.Constant)
    }  # fmt: skip
    assert fields <= set(FIELDS)


def test_an_exception_is_its_type_its_places_and_its_codes():
    inner = raised(OSError(28, "No space left", "/data/ana/secret.txt"))
    outer = RuntimeError("Ana's words")
    outer.__cause__ = inner
    line = record(error=raised(outer))
    assert line["error"] == "builtins.RuntimeError"
    assert line["trace"][-1].endswith(" raised")
    assert [(one["error"], one["code"]) for one in line["causes"]] == [("builtins.OSError", "ENOSPC")]
    assert len(line["incident"]) == 8
    assert "Ana" not in json.dumps(line)
    assert "secret" not in json.dumps(line)


def test_an_exception_with_a_name_that_holds_a_value_and_one_that_goes_in_circles():
    odd = type("said <ana@example.com>", (Exception,), {})
    first, second = ValueError("a"), KeyError("b")
    first.__cause__, second.__cause__ = second, first
    assert record(error=raised(odd("x")))["error"] == "other"
    assert [one["error"] for one in record(error=first)["causes"]] == ["builtins.KeyError"]
    group = record(error=raised(ExceptionGroup("words", [ValueError("a"), TypeError("b")])))
    assert [one["error"] for one in group["causes"]] == ["builtins.ValueError", "builtins.TypeError"]


@pytest.mark.parametrize(
    "path", ["/usr/lib/python3/site-packages/library.py", str(ROOT / "tests" / "x.py"), "<string>"]
)
def test_what_a_library_says_is_its_place_alone(path):
    line = record("Ana said %s", "hello", path=path, name="library", reason="budget", stack_info="x = 'hello'")
    del line["time"]
    module = "<string>" if path == "<string>" else Path(path).stem
    assert line == {"level": "warning", "logger": "library", "event": "said by a library", "at": f"{module}:7"}


def test_json_elsewhere_and_readable_lines_at_a_terminal():
    log, text = logging.getLogger("adapters.here"), ""
    for stream, shown in ((io.StringIO(), True), (Terminal(), False)):
        with written(to=stream):
            _log_here(log)
        text = stream.getvalue()
        assert (text[0] == "{") is shown
        assert "RuntimeError" in text
        assert "Ana" not in text
    assert "WARNING adapters.here: it failed  reason=gone  incident=" in text
    assert "\n  builtins.RuntimeError\n    " in text


def _log_here(log):
    line = "try:\n    raise RuntimeError('Ana')\nexcept RuntimeError:\n    log.warning('it failed', exc_info=True, extra={'reason': 'gone'})"
    exec(compile(line, HERE, "exec"), {"log": log, "__name__": "adapters.somewhere"})


def test_libraries_are_heard_from_warning_on_until_all_is_asked_for():
    heard = {}
    for level in ("error", "warning", "info", "debug"):
        stream = io.StringIO()
        with written("json", level, to=stream):
            for spoken in (logging.DEBUG, logging.INFO, logging.WARNING, logging.ERROR):
                logging.getLogger("library").log(spoken, "words")
        heard[level] = [json.loads(line)["level"] for line in stream.getvalue().splitlines()]
    assert heard == {
        "error": ["error"], "warning": ["warning", "error"], "info": ["warning", "error"], "debug": ["debug", "info", "warning", "error"],
    }  # fmt: skip


def test_what_nobody_catches_and_warnings_are_written_the_same_way(monkeypatch):
    monkeypatch.setattr(threading, "excepthook", threading.__excepthook__)
    stream = io.StringIO()
    before = sys.excepthook, threading.excepthook, logging.getLogger().level, [*logging.getLogger().handlers]
    with warnings.catch_warnings(), written("json", to=stream):
        warnings.simplefilter("always")
        sys.excepthook(ValueError, raised(ValueError("Ana")), None)
        thread = threading.Thread(target=lambda: int("Ana"))
        thread.start()
        thread.join()
        warnings.warn("Ana", stacklevel=1)
    lines = [json.loads(line) for line in stream.getvalue().splitlines()]
    assert [line.get("error") for line in lines] == ["builtins.ValueError", "builtins.ValueError", None]
    assert "Ana" not in stream.getvalue()
    assert before == (sys.excepthook, threading.excepthook, logging.getLogger().level, [*logging.getLogger().handlers])
