"""The live view of a task, which stands outside of the table of routes because it never ends by itself."""

from __future__ import annotations

from typing import Any

STREAM_PATH = "/project/{project_id}/tasks/{task_id}/stream"

_ID = {"type": "integer", "minimum": 1, "maximum": 2**31 - 1}

STREAM: dict[str, Any] = {
    "operationId": "stream_task",
    "tags": ["Tasks"],
    "summary": "Follow a task",
    "description": (
        "Server-Sent Events: `lines` with a piece of the log, `unfinished` with what a program has written of the line "
        "that it is at (such as a prompt), `state` with where the task stands whenever it changed, "
        "and `end` after the last line. The id of an event is the number of the line to go on with.\n\n"
        "For members of the project. Scope of a limited token: `read`."
    ),
    "parameters": [
        {"name": "project_id", "in": "path", "required": True, "schema": _ID},
        {"name": "task_id", "in": "path", "required": True, "schema": _ID},
        {
            "name": "from", "in": "query", "description": "Number of the line to begin with.",
            "schema": {"type": "integer", "minimum": 0},
        },
        {
            "name": "Last-Event-ID", "in": "header", "description": "The same, as browsers send it.",
            "schema": {"type": "string", "pattern": "^[0-9]{1,10}$"},
        },
    ],
    "responses": {
        "200": {
            "description": "Events, until the task has ended.",
            "content": {"text/event-stream": {"schema": {"type": "string"}}},
        },
        "400": {"$ref": "#/components/responses/Invalid"},
        "401": {"$ref": "#/components/responses/Unauthenticated"},
        "403": {"$ref": "#/components/responses/Forbidden"},
        "404": {"$ref": "#/components/responses/NotFound"},
        "413": {"$ref": "#/components/responses/TooLarge"},
        "429": {"$ref": "#/components/responses/TooMany"},
        "503": {"$ref": "#/components/responses/Unavailable"},
    },
    "security": [{"token": ["read"]}, {"session": []}],
    "x-contract": "own",
}  # fmt: skip
