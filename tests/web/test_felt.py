"""A request that fails because of the database is an outage, however short: it is told of once it is over."""

from __future__ import annotations

from typing import Any

from hub.db import current, rows
from hub.felt import FELT
from hub.models import Event
from hub.services.outages import Outages
from hub.web.app import make_app


async def test_what_a_request_met_is_told(hub: Any, admin: Any) -> None:
    FELT.taken()
    client = make_app(hub).test_client()  # with its last answer for all that goes wrong
    (size,) = await rows("PRAGMA page_count")
    await current().root.execute_script(f"PRAGMA max_page_count = {size['page_count']}")
    try:
        for number in range(5000):  # until the last free page is full
            answer = await client.post("/api/projects", headers=admin._headers, json={"name": f"{number}" * 20})
            if answer.status_code == 500:
                break
        assert "error of its own" in await answer.get_data(as_text=True)
    finally:
        await current().root.execute_script("PRAGMA max_page_count = 1000000000")
    outages = Outages(hub)
    for _ in range(3):
        await outages.look()
    told = [one.description for one in await Event.filter(object_type="system")]
    assert told == [f"The database had no room for what {hub.node} wrote for 1 s; it has room again"]
    assert (await admin.call("POST", "/projects", {"name": "Later"})).status == 201
