"""What the description of the API tells in words, and how callers prove who they are."""

from __future__ import annotations

from typing import Any

TITLE = "Hub API"

VERSION = "1.0.0"
"""Version of the contract: within 1, things are only added."""

INTRODUCTION = """\
Everything that the pages of the hub do can be done here. Routes marked `x-contract: wire` keep the contract that
clients of other products speak; those marked `own` stand beside it.

**Signing in.** Send a token as `Authorization: Bearer …`; everybody makes tokens for themselves in their account. A
token may be limited to scopes (`read`, `run`, `manage`, `admin`) and to one project. Browsers use their session.

**Bodies** are JSON. Members that are not known are ignored, names match in any case, and `null` leaves a member at its
default.

**Refusals** are `{"error": "a sentence"}`, with `field` where one member is to blame. Only a path that there is not, or
not by this method, answers 404 as plain text.

**Once only.** A `POST` with an `Idempotency-Key` is done once, however often it is sent within a day.

**No lost changes.** A `GET` of one thing answers an `ETag`. A `PUT` or `DELETE` with it in `If-Match` goes through only
if nobody changed the thing meanwhile; otherwise it is refused with 412.

**Lists** come in pages: `limit` says how many rows, up to as many as the list tells, and `Link` leads to the pages
around. A list is searched with `q`, sorted with `sort` and `order`, and filtered by its columns. Parameters that it
does not know are ignored, unless `Prefer: handling=strict` is sent; then they are refused with 400.
"""

SECURITY: dict[str, Any] = {
    "token": {
        "type": "http",
        "scheme": "bearer",
        "description": "A token of an account, limited to its scopes if any.",
    },
    "session": {"type": "apiKey", "in": "cookie", "name": "semaphore", "description": "The session of a browser."},
    "runner": {"type": "apiKey", "in": "header", "name": "X-Runner-Token", "description": "The token of a runner."},
}

PARAMETERS: dict[str, Any] = {
    "IdempotencyKey": {
        "name": "Idempotency-Key",
        "in": "header",
        "description": "A text of the caller's choice. The same request with the same key is done once; sent again, it "
        "gets the answer of the first time, with the header `Idempotent-Replayed`.",
        "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[\\x20-\\x7e]+$"},
    },
    "IfMatch": {
        "name": "If-Match",
        "in": "header",
        "description": "The `ETag` of what was read; the change is refused with 412 if it is not that any more.",
        "schema": {"type": "string", "pattern": '^(\\*|"[0-9a-f]{32}")$'},
    },
}

HEADERS: dict[str, Any] = {
    "ETag": {"description": "The version of what was read, for `If-Match`.", "schema": {"type": "string"}},
}
