"""The smallest rows that a test of units stores."""

from __future__ import annotations

from hub.db import rows
from hub.models import Option


async def names():
    return {row["key"] for row in await rows('SELECT "key" FROM "option"')}


def storing(key):
    async def work():
        await Option.create(key=key, value="")
        return key

    return work
