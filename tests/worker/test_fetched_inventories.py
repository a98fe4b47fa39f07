"""What inventory sources return becomes files that Ansible reads; layers of files stay in their checkout."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from hub.errors import Invalid
from hub.worker.inventories import as_groups, layers


@pytest.mark.parametrize(
    ("printed", "wanted"),
    [
        (
            {"web": {"hosts": ["a", "b"], "vars": {"x": 1}}, "_meta": {"hostvars": {"a": {"size": 3}}}},
            {"web": {"hosts": {"a": {"size": 3}, "b": {}}, "vars": {"x": 1}}},
        ),
        ({"all": {"children": ["web"]}, "web": ["a"]}, {"all": {"children": {"web": {}}}, "web": {"hosts": {"a": {}}}}),
        ({"all": {"hosts": {"a": {"x": 1}}}}, {"all": {"hosts": {"a": {"x": 1}}}}),
        ({"_meta": 3, "odd": 4}, {"odd": 4}),
    ],
)
def test_what_scripts_print_becomes_groups_as_files_have_them(printed: Any, wanted: Any) -> None:
    assert json.loads(as_groups(json.dumps(printed))) == wanted


@pytest.mark.parametrize("text", ["[1]", "{", "[" * 100_000])
def test_what_is_no_inventory_is_refused(text: str) -> None:
    with pytest.raises(Invalid, match="What the inventory's source returned"):
        as_groups(text)


def test_layers_are_found_in_their_order_and_only_inside_of_the_checkout(tmp_path: Path) -> None:
    root = (tmp_path / "root").resolve()
    for name in ("hosts.ini", "more/x.yml", "odd, name.ini"):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).touch()
    assert layers(root, " hosts.ini ") == (root / "hosts.ini",)
    assert layers(root, "more, hosts.ini") == layers(root, "more\n\nhosts.ini\n") == (root / "more", root / "hosts.ini")
    assert layers(root, "odd, name.ini") == (root / "odd, name.ini",)
    with pytest.raises(Invalid, match="does not exist in the repository"):
        layers(root, "hosts.ini, gone.ini")
    (root / "out").symlink_to("/etc")
    for text in ("hosts.ini\n../x", "hosts.ini,/etc/passwd", "hosts.ini\nout/passwd", "", " \n "):
        with pytest.raises(Invalid):
            layers(root, text)
