"""Health and readiness over HTTP."""

from __future__ import annotations

from typing import Any

import pytest

from hub.context import Hub
from hub.services.readiness import Readiness
from hub.web.app import make_app


async def test_health_needs_no_database_and_readiness_does(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    client = make_app(hub).test_client()
    alive = await client.get("/healthz")
    assert await alive.get_json() == {"status": "ok"}
    assert "default-src 'self'" in alive.headers["Content-Security-Policy"]
    ready = await client.get("/readyz")
    assert (ready.status_code, await ready.get_json()) == (
        200, {"status": "ok", "database": "ok", "migrations": "ok", "queue": "ok"},
    )  # fmt: skip

    async def broken(*_: Any) -> None:
        raise OSError("no route to host db.internal")

    monkeypatch.setattr("hub.services.readiness.rows", broken)
    client = make_app(hub).test_client()
    away = await client.get("/readyz")
    assert away.status_code == 503
    assert await away.get_json() == {
        "status": "not ready", "database": "away", "migrations": "unknown", "queue": "ok",
    }  # fmt: skip
    assert (await client.get("/healthz")).status_code == 200


async def test_a_database_of_another_version_is_not_ready(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    from hub.db import schema

    async def behind(_: str) -> schema.State:
        return schema.State.BEHIND

    monkeypatch.setattr(schema, "check", behind)
    assert (await Readiness(hub).look())["migrations"] == "behind"


async def test_asking_again_and_again_looks_once(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    looks = []

    async def look(_: Any) -> dict[str, str]:
        looks.append(1)
        return {"database": "ok"}

    monkeypatch.setattr(Readiness, "look", look)
    client = make_app(hub).test_client()
    for _ in range(20):
        assert (await client.get("/readyz")).status_code == 200
    assert len(looks) == 1
