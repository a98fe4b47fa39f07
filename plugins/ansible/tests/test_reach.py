"""Runs that must not touch more hosts than allowed, or other ones than asked for."""

from __future__ import annotations

from typing import Any

import pytest
from hub_ansible.browse import natural
from hub_ansible.reach import named, read_listing

LISTING = """
playbook: site.yml

  play #1 (all): hosts (3):\tTAGS: []
    pattern: ['all']
    hosts (2):
      h1
      h 2

  play #2 (web): Web\tTAGS: [a]
    pattern: ['web']
    hosts (0):

  play #3 (h1,h3): Last\tTAGS: []
    pattern: ['h1', 'h3']
    hosts (2):
      h3
      h1
"""


def test_the_hosts_of_a_run_are_those_of_all_its_plays() -> None:
    assert read_listing(LISTING) == ["h1", "h 2", "h3"]
    assert read_listing("") == []
    assert named([f"h{number}" for number in range(12)]).endswith("h9 and 2 more")


@pytest.mark.parametrize("words", [[""], [" ", ","], [" ,, "], [":"]])
async def test_a_limit_of_blanks_is_refused_and_never_means_every_host(bench: Any, words: list[str]) -> None:
    for outcome in (
        await bench.run({"allow_override_limit": True}, limit=words),
        await bench.run({"limit": words}),
        await bench.run(hosts=words),
    ):
        assert outcome.kind == "failure"
        assert "every host" in outcome.reason
    assert not bench.calls


async def test_a_host_that_is_added_while_it_runs_counts_too(bench: Any) -> None:
    """W-75."""
    bench.file(
        "site.yml",
        "- hosts: h1\n  gather_facts: false\n  tasks:\n"
        "    - add_host: {name: h9, groups: fresh, ansible_connection: local}\n"
        "- hosts: fresh\n  gather_facts: false\n  tasks: [{debug: {msg: reached}}]\n",
    )
    bench.set(host_limit=1)
    refused = await bench.run()
    assert refused.reason.startswith("It was ended before it touched the host h9, which was added while it ran")
    assert "reached" not in bench.io.output
    bench.set(host_limit=2)
    assert (await bench.run()).kind == "success", bench.io.output


async def test_a_limit_that_no_play_fits_is_a_failure_and_not_a_success_on_nothing(bench: Any) -> None:
    with bench.task.inventory.path.open("a") as file:
        file.write("[db]\ndb1\n")
    bench.file("site.yml", "- hosts: web\n  gather_facts: false\n  tasks: [{ping: }]\n")
    outcome = await bench.run({"limit": ["db1"]})
    assert (outcome.kind, outcome.code) == ("failure", 1)
    assert outcome.reason == "No host of this run fits the limit “db1”, so nothing was run."


async def test_a_run_touches_no_more_hosts_than_its_template_allows_and_only_those_asked_for(bench: Any) -> None:
    """W-75."""
    bench.set(host_limit=1)
    refused = await bench.run()
    assert refused.reason.startswith("This run would touch 2 hosts, and its template allows 1 at most. Nothing was run")
    assert not bench.calls
    bench.set(task_arguments=["--limit", "all"])
    done = await bench.run(hosts=["h2", "gone"])
    assert done.kind == "success", bench.io.output
    assert "on h2" in bench.io.output
    assert "on h1" not in bench.io.output
    assert [line for line in bench.io.lines if "galaxy" not in line] == [
        "Left out, because the playbook does not touch them any more: 1 host: gone.",
        "This run touches 1 host: h2.",
    ]
    nobody = await bench.run(hosts=["gone"])
    assert nobody.reason == "The playbook does not touch 1 host: gone any more. Nothing was run."
    assert len(bench.calls) == 1


def test_hosts_are_listed_as_people_count() -> None:
    names = ["web10.example", "web2.example", "db", "web1.example", "10.0.0.9", "10.0.0.10"]
    counted = ["10.0.0.9", "10.0.0.10", "db", "web1.example", "web2.example", "web10.example"]
    assert sorted(names, key=natural) == counted
