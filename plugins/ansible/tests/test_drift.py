"""Looks for drift: hosts that are not as the playbook describes, and everything that tells nothing of it."""

from __future__ import annotations

from typing import Any

import pytest

PLAY = """
- hosts: all
  gather_facts: false
  tasks:
    - copy: {content: as it is, dest: "PLACE/{{ inventory_hostname }}"}
"""


@pytest.fixture
def place(bench: Any) -> Any:
    """A folder outside of the checkout that the playbook describes."""
    folder = bench.io.folder / "outside"
    folder.mkdir()
    bench.file("site.yml", PLAY.replace("PLACE", str(folder)))
    return folder


def told(bench: Any) -> list[Any]:
    found = [data for kind, data in bench.io.results if kind == "drift"]
    bench.io.results.clear()
    return found


async def test_a_look_names_the_hosts_that_differ_and_changes_none(bench: Any, place: Any) -> None:
    await bench.run()
    assert told(bench) == [{"drifted": False, "resources": []}]  # a run puts everything right
    (place / "h2").write_text("changed by somebody")
    assert (await bench.run(drift=True)).kind == "success"
    assert told(bench) == [{"drifted": True, "resources": [{"name": "h2", "action": "change"}], "look": True}]
    assert (place / "h2").read_text() == "changed by somebody"
    (place / "h2").write_text("as it is")
    await bench.run(drift=True)
    assert told(bench) == [{"drifted": False, "resources": [], "look": True}]


async def test_what_runs_on_a_part_or_only_checks_tells_nothing(bench: Any, place: Any) -> None:
    bench.file("broken.yml", "- hosts: all\n  gather_facts: false\n  tasks: [{fail: }]\n")
    await bench.run(dry_run=True)
    await bench.run({"allow_override_limit": True}, limit=["h1"])
    bench.set(script="broken.yml")
    await bench.run(drift=True)
    assert told(bench) == []
    outcome = await bench.run({"allow_override_limit": True}, drift=True, limit=["h1"])
    assert outcome.reason.startswith("A look for drift is at everything")
