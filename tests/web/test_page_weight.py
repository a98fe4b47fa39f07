"""Every page with what it loads by itself: how much that is, and that its styles are all there."""

from __future__ import annotations

import pytest
from quart import Quart

from hub.context import Hub
from hub.testing.reader import Marks, Reader
from hub.testing.scene import Scene
from hub.testing.weight import BUDGET, classes, named, weigh
from hub.web.app import make_app
from hub.web.pages import assets

from .addresses import every_address


@pytest.fixture
def app(hub: Hub) -> Quart:
    return make_app(hub)


async def test_every_page_keeps_to_its_budget_and_finds_its_styles(scene: Scene, reader: Reader) -> None:
    whole, main = (assets._manifest()[f"{name}.css"] for name in ("whole", "main"))
    cut = classes(whole) - classes(main)
    assert cut, "nothing is left out of the styles of the hub's own pages"
    heavy, bare = [], []
    for address in [*await every_address(scene), "/api/docs"]:
        text = (await reader.follow(await reader.get(address))).text
        loaded = named(text)
        assert main in loaded, address
        size = weigh(text)
        print(f"{size:>7} {address}")
        if size > BUDGET:
            heavy.append((address, size))
        lost = {word for _, one in Marks(text).tags for word in one.get("class", "").split()} & cut
        if lost:
            bare.append((address, sorted(lost)))
    assert not heavy
    assert not bare, "run `python build_assets.py`: these classes are of Tabler, and its styles are not there"
