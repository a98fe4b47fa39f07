"""Texts of Terraform states: heads, other serials, and what differs between two."""

from __future__ import annotations

import json

import pytest

from hub.errors import Invalid
from hub.services import state_changes, state_locks, state_texts

LINEAGE = "3b1e4f6a-0000-4000-8000-000000000001"


def test_a_state_gets_another_serial_and_keeps_every_other_byte() -> None:
    body = b'{\n  "version": 4,\n  "serial": 7,\n  "lineage": "L",\n  "resources": [{"serial": 7, "n": 1.50e3}]\n}\n'
    assert state_texts.with_serial(body, 12) == body.replace(b'"serial": 7,\n', b'"serial": 12,\n')
    # A member of the same name above the head's is not taken for it.
    other = state_texts.with_serial(b'{"resources": [{"serial": 7}], "serial": 7, "lineage": "L"}', 12)
    assert json.loads(other) == {"resources": [{"serial": 7}], "serial": 12, "lineage": "L"}
    sealed = b'{"serial": 7, "lineage": "L", "encrypted_data": "x", "encryption_version": "v0"}'
    with pytest.raises(Invalid, match="encrypted by OpenTofu"):
        state_texts.with_serial(sealed, 8)


def test_a_packed_state_is_small_and_comes_back() -> None:
    body = json.dumps({"serial": 1, "lineage": LINEAGE, "resources": [{"type": "terraform_data"}] * 1000}).encode()
    packed = state_texts.pack(body)
    assert len(packed) < len(body) / 20
    assert state_texts.unpack(packed) == body
    assert state_texts.unpack('{"serial": 1}') == b'{"serial": 1}'  # as early versions stored it


def test_differences_name_modules_data_deposed_and_tainted_ones() -> None:
    def state(*instances: dict[str, object]) -> bytes:
        block = {"mode": "data", "module": "module.net", "type": "aws_vpc", "name": "it", "instances": list(instances)}
        return json.dumps({"resources": [block]}).encode()

    before = state({"index_key": 0, "attributes": {"id": 1}}, {"attributes": {"id": 2}, "deposed": "ab12"})
    after = state({"index_key": 0, "attributes": {"id": 1}, "status": "tainted"})
    found = state_changes.between(before, after)
    assert found["resources"] == [
        {"name": "module.net.data.aws_vpc.it (deposed ab12)", "action": "destroy", "attributes": []},
        {"name": "module.net.data.aws_vpc.it[0]", "action": "change", "attributes": ["(tainted)"]},
    ]
    assert found["counts"] == {"add": 0, "change": 1, "destroy": 1}
    assert state_changes.between(after, after)["resources"] == []
    assert state_changes.between(None, before)["counts"] == {"add": 2, "change": 0, "destroy": 0}


@pytest.mark.parametrize(
    "odd", [b"[]", b"no JSON", b'{"resources": 5, "outputs": []}', b'{"resources": [7, {}, {"instances": [8]}]}']
)
def test_whatever_a_state_holds_it_is_read(odd: bytes) -> None:
    assert state_changes.between(odd, odd)["counts"] == {"add": 0, "change": 0, "destroy": 0}


def test_an_encrypted_state_tells_that_it_cannot_be_compared() -> None:
    assert state_changes.between(None, b'{"encrypted_data": "x"}')["readable"] is False


def test_a_lock_says_who_holds_it() -> None:
    given = state_locks.parse(b'{"ID": "one", "Who": "jane@laptop", "Operation": "OperationTypePlan", "Extra": [1]}')
    assert state_locks.sentence(state_locks.text_of(given, 41)) == "The state is locked by task 41 for plan (lock one)."
    assert state_locks.sentence(state_locks.text_of(given, None)) == (
        "The state is locked by jane@laptop for plan (lock one)."
    )
    assert state_locks.sentence('{"ID": "one"}') == "The state is locked by somebody who left no name (lock one)."
