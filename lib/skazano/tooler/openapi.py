"""The OpenAPI document, made from the very types that requests are checked against."""

from typing import Any

import msgspec

from skazano.tooler.wire import FAR, FILE, PROBLEM, RUN, Problem, View, Wanted

VERSION = "1.0"

_REASONS = {
    "400": "Not JSON, or cut off.",
    "401": "The token is missing or wrong.",
    "403": "The project may not use this tool.",
    "404": "There is no such thing here.",
    "408": "The body did not arrive in time.",
    "409": "Another request has this name, or the tool is of another kind here.",
    "413": "The body is too large.",
    "415": "The body is not declared as JSON.",
    "422": "The request has wrong values.",
    "500": "A fault of the tooler.",
    "503": "This box's configuration is wrong.",
    "507": "It could not be stored.",
}


def document() -> dict[str, Any]:
    """The whole document, OpenAPI 3.1."""
    (wanted, view, problem), parts = msgspec.json.schema_components(
        [Wanted, View, Problem], ref_template="#/components/schemas/{name}"
    )
    parts["Wanted"]["properties"]["earlier"]["items"] = _pair(parts)
    run = {"name": "id", "in": "path", "required": True, "schema": {"type": "string", "pattern": RUN}}
    file = {"name": "name", "in": "path", "required": True, "schema": {"type": "string", "pattern": FILE}}
    offsets = [_offset("stdout"), _offset("stderr")]
    name_of_run = {"operationId": "look", "parameters": {"id": "$response.body#/id"}}
    stop_run = {"operationId": "stop", "parameters": {"id": "$response.body#/id"}}
    begun = {
        **_answer("Accepted; the same request again gives the same run.", view),
        "headers": {"Location": {"description": "Where the run is.", "schema": {"type": "string"}}},
        "links": {"look": name_of_run, "stop": stop_run},
    }
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Skazano tooler",
            "version": VERSION,
            "description": "Runs the tools of this box's projects: one run a project at a time, in order.",
        },
        "security": [{"token": []}],
        "paths": {
            "/runs": {
                "post": {
                    "operationId": "begin",
                    "summary": "Ask for a run. Repeat it freely: task and attempt name the run.",
                    "requestBody": {"required": True, "content": {"application/json": {"schema": wanted}}},
                    "responses": {
                        "202": begun,
                        **_problems(problem, "400 401 403 404 408 409 413 415 422 500 503 507"),
                    },
                }
            },
            "/runs/{id}": {
                "parameters": [run],
                "get": {
                    "operationId": "look",
                    "summary": "How the run stands, what its tool wrote, and what came of it in the end.",
                    "parameters": offsets,
                    "responses": {"200": _answer("The run.", view), **_problems(problem, "401 404 422 500")},
                },
                "delete": {
                    "operationId": "stop",
                    "summary": "Stop the run; it stays to be looked at. One that is over is left as it is.",
                    "responses": {
                        "202": _answer("It is being stopped.", view),
                        **_problems(problem, "401 404 500 507"),
                    },
                },
            },
            "/runs/{id}/files/{name}": {
                "parameters": [run, file],
                "get": {
                    "operationId": "fetch",
                    "summary": "A file of a run that is over; result.files has their names.",
                    "responses": {
                        "200": {
                            "description": "The file.",
                            "content": {"application/octet-stream": {"schema": {"type": "string"}}},
                        },
                        **_problems(problem, "401 404 500"),
                    },
                },
            },
        },
        "components": {
            "schemas": parts,
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
    }


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
