"""The API's description, made from the same types that read and write it: OpenAPI 3.1, and a page for people."""

from __future__ import annotations

from typing import Any

import msgspec

from adapters.local import api, read
from adapters.local.clock import ClockState
from adapters.local.problems import ProblemView
from adapters.local.turns import Turn

Json = dict[str, Any]
_REF = "#/components/schemas/{name}"


class Operation(msgspec.Struct, frozen=True, kw_only=True):
    """One thing the API does. ``query`` holds (name, what it is, needed, JSON type)."""

    method: str
    path: str
    summary: str
    gives: type | None = None
    takes: type | None = None
    query: tuple[tuple[str, str, bool, str], ...] = ()
    media: str = "application/json"


_AS = ("as", "Account of the person who looks", True, "string")
OPERATIONS = (
    Operation(method="get", path="/api/people", summary="Everybody one can be", gives=api.People),
    Operation(method="post", path="/api/people", summary="Somebody new joins", takes=read.Join, gives=Turn),
    Operation(method="get", path="/api/places", summary="A person's conversations", gives=api.Places, query=(_AS,)),
    Operation(method="get", path="/api/commands", summary="Every command, for completion", gives=api.Commands),
    Operation(
        method="get",
        path="/api/picks",
        summary="What a search field of a form offers",
        gives=api.Picks,
        query=(_AS, ("source", "Which field's", True, "string"), ("words", "Typed so far", True, "string")),
    ),
    Operation(
        method="get",
        path="/api/messages",
        summary="What a person may see of a place, or of one thread with its root; the newest 200",
        gives=api.Messages,
        query=(
            _AS,
            ("place", "Id of the place", True, "string"),
            ("thread", "Id of the root message", False, "integer"),
            ("after", "Only messages with a higher id", False, "integer"),
        ),
    ),
    Operation(
        method="get",
        path="/api/message/{id}/inspect",
        summary="One message as each platform would get it",
        gives=api.Inspection,
        query=(("as", "Only if this person may see it", False, "string"),),
    ),
    Operation(
        method="get",
        path="/api/message/{id}/files/{at}",
        summary="The file or calendar entry in the block at this place, counted from 0",
        media="application/octet-stream",
        query=(("as", "Only if this person may see it", False, "string"),),
    ),
    Operation(method="get", path="/api/home", summary="The home view of a person", gives=api.HomeView, query=(_AS,)),
    Operation(method="post", path="/api/say", summary="Type something", takes=read.Say, gives=Turn),
    Operation(
        method="post", path="/api/press", summary="Press a button or pick an option", takes=read.Press, gives=Turn
    ),
    Operation(method="post", path="/api/submit", summary="Send a form", takes=read.Submit, gives=Turn),
    Operation(method="get", path="/api/clock", summary="Where the clock stands", gives=ClockState),
    Operation(method="post", path="/api/clock", summary="Move the clock", takes=read.Move, gives=ClockState),
    Operation(method="post", path="/api/clock/stop", summary="Stop a moving clock after its step", gives=ClockState),
    Operation(
        method="get",
        path="/api/events",
        summary="Server-sent events for one person: message, update, private, clock",
        media="text/event-stream",
        query=(_AS,),
    ),
)


def document() -> Json:
    """The whole description."""
    named = {one for operation in OPERATIONS for one in (operation.gives, operation.takes) if one is not None}
    types = sorted([*named, ProblemView], key=lambda one: one.__name__)
    _, components = msgspec.json.schema_components(types, ref_template=_REF)
    paths: dict[str, Json] = {}
    for one in OPERATIONS:
        paths.setdefault(one.path, {})[one.method] = _operation(one)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "mlops-coach playground",
            "version": "1",
            "description": "Loopback only. Send the token that the playground printed as a bearer token.",
        },
        "security": [{"token": []}],
        "paths": paths,
        "components": {"schemas": components, "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}}},
    }


def _operation(one: Operation) -> Json:
    refused = {"description": "Refused, with what to do about it", "content": _content(ProblemView)}
    good: Json = {"description": one.summary, "content": _content(one.gives) if one.gives else {one.media: {}}}
    made: Json = {
        "operationId": f"{one.method}{one.path}".replace("/", "_").replace("{", "").replace("}", ""),
        "summary": one.summary,
        "parameters": [*_path_parameters(one.path), *(_parameter(*given) for given in one.query)],
        "responses": {"200": good, "4XX": refused},
    }
    if one.takes is not None:
        made["requestBody"] = {"required": True, "content": _content(one.takes)}
    return made


def _content(kind: type) -> Json:
    return {"application/json": {"schema": {"$ref": _REF.format(name=kind.__name__)}}}


def _path_parameters(path: str) -> list[Json]:
    names = [part.strip("{}") for part in path.split("/") if part.startswith("{")]
    return [{"name": name, "in": "path", "required": True, "schema": {"type": "integer"}} for name in names]


def _parameter(name: str, what: str, needed: bool, kind: str) -> Json:
    return {"name": name, "in": "query", "description": what, "required": needed, "schema": {"type": kind}}


def fields(kind: type | None) -> list[tuple[str, str, str]]:
    """(name, type, needed or not) of the fields of a body, for the page."""
    if kind is None:
        return []
    found = msgspec.inspect.type_info(kind)
    if not isinstance(found, msgspec.inspect.StructType):
        return []
    schema = msgspec.json.schema(kind)["$defs"][kind.__name__]["properties"]
    return [
        (one.encode_name, _type_name(schema[one.encode_name]), "needed" if one.required else "optional")
        for one in found.fields
    ]


def _type_name(schema: Json) -> str:
    if "anyOf" in schema:
        return " or ".join(_type_name(one) for one in schema["anyOf"])
    if "$ref" in schema:
        return str(schema["$ref"]).rsplit("/", maxsplit=1)[-1]
    if schema.get("type") == "array":
        return f"list of {_type_name(schema.get('items', {}))}"
    return str(schema.get("format") or schema.get("type") or "anything")
