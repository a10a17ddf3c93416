"""The OpenAPI document, made from the very types that requests are checked against."""

from typing import Any

import msgspec

from skazano.tooler.wire import BOX, FAR, FILE, ORIGIN, PROBLEM, RUN, VERSION, Here, Problem, View, Wanted

_Schema = dict[str, Any]
_REASONS = {
    "400": "Not JSON, or cut off.",
    "401": "The token is missing or wrong.",
    "403": "The project may not use this tool.",
    "404": "There is no such thing here.",
    "408": "The body did not arrive in time.",
    "409": "Another request has this name, another box is meant, or tool or rules do not fit.",
    "413": "The body is too large.",
    "415": "The body is not declared as JSON.",
    "422": "The request has wrong values.",
    "500": "A fault of the tooler.",
    "503": "This box's configuration is wrong.",
    "507": "It could not be stored.",
}


def document() -> dict[str, Any]:
    """The whole document, OpenAPI 3.1."""
    (wanted, view, here, problem), parts = msgspec.json.schema_components(
        [Wanted, View, Here, Problem], ref_template="#/components/schemas/{name}"
    )
    parts["Wanted"]["properties"]["earlier"]["items"] = _pair(parts)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Skazano tooler",
            "version": VERSION,
            "description": "Runs the tools of this box's projects: one run a project at a time, in order.",
        },
        "security": [{"token": []}],
        "paths": {
            "/box": {"get": _greet(here, problem)},
            "/runs": {"post": _begin(wanted, view, problem)},
            "/runs/{id}": {
                "parameters": [_in_path("id", RUN)],
                "get": _look(view, problem),
                "delete": _stop(view, problem),
            },
            "/runs/{id}/files/{name}": {
                "parameters": [_in_path("id", RUN), _in_path("name", FILE)],
                "get": _fetch(problem),
            },
        },
        "components": {
            "schemas": parts,
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
    }


def _greet(here: _Schema, problem: _Schema) -> dict[str, Any]:
    return {
        "operationId": "greet",
        "summary": "Whose box this is, its clock, its projects and their tools.",
        "responses": {"200": _answer("The box.", here), **_problems(problem, "401 500 503")},
    }


def _begin(wanted: _Schema, view: _Schema, problem: _Schema) -> dict[str, Any]:
    begun = {
        **_answer("Accepted; the same request again gives the same run.", view),
        "headers": {"Location": {"description": "Where the run is.", "schema": {"type": "string"}}},
        "links": {
            name: {"operationId": name, "parameters": {"id": "$response.body#/id"}}
            for name in ("look", "stop")
        },
    }
    meant = {
        "name": BOX,
        "in": "header",
        "description": "The box that is meant, as GET /box names it; another one answers 409.",
        "schema": {"type": "string", "pattern": ORIGIN},
    }
    return {
        "operationId": "begin",
        "parameters": [meant],
        "summary": "Ask for a run. Repeat it freely: task, attempt and origin name the run.",
        "requestBody": {"required": True, "content": {"application/json": {"schema": wanted}}},
        "responses": {"202": begun, **_problems(problem, "400 401 403 404 408 409 413 415 422 500 503 507")},
    }


def _look(view: _Schema, problem: _Schema) -> dict[str, Any]:
    return {
        "operationId": "look",
        "summary": "How the run stands, what its tool wrote, and what came of it in the end.",
        "parameters": [_offset("stdout"), _offset("stderr")],
        "responses": {"200": _answer("The run.", view), **_problems(problem, "401 404 422 500")},
    }


def _stop(view: _Schema, problem: _Schema) -> dict[str, Any]:
    return {
        "operationId": "stop",
        "summary": "Stop the run; it stays to be looked at. One that is over is left as it is.",
        "responses": {"202": _answer("It is being stopped.", view), **_problems(problem, "401 404 500 507")},
    }


def _fetch(problem: _Schema) -> dict[str, Any]:
    content = {"application/octet-stream": {"schema": {"type": "string"}}}
    return {
        "operationId": "fetch",
        "summary": "A file of a run that is over; result.files has their names.",
        "responses": {
            "200": {"description": "The file.", "content": content},
            **_problems(problem, "401 404 500"),
        },
    }


def _in_path(name: str, pattern: str) -> dict[str, Any]:
    return {"name": name, "in": "path", "required": True, "schema": {"type": "string", "pattern": pattern}}


def _pair(parts: dict[str, Any]) -> dict[str, Any]:
    """msgspec says prefixItems and items: false of a pair; the same, so that every reader understands it."""
    pair: dict[str, Any] = parts["Wanted"]["properties"]["earlier"]["items"]
    return {"type": "array", "items": pair["prefixItems"][0], "minItems": 2, "maxItems": 2}


def _offset(stream: str) -> dict[str, Any]:
    return {
        "name": f"{stream}_from",
        "in": "query",
        "description": f"Where in {stream} to begin: 0, or {stream}_next of the answer before.",
        "schema": {"type": "integer", "minimum": 0, "maximum": FAR, "default": 0},
    }


def _answer(description: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {"description": description, "content": {"application/json": {"schema": schema}}}


def _problems(schema: dict[str, Any], codes: str) -> dict[str, Any]:
    return {
        code: {"description": _REASONS[code], "content": {PROBLEM: {"schema": schema}}}
        for code in codes.split()
    }
