"""Sealing: what opens, what does not, and the key ring's file."""

from __future__ import annotations

import base64
import json
import stat
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.errors import SettingsError, Unavailable
from hub.vault import Vault, new_key_text, parse_ring, place, read_ring, ring_file, with_new_key, write_ring

HERE = place("key", "secret", 1)
ONE_KEY = base64.b64encode(bytes(range(32))).decode()  # fixed, because they are part of test names
OTHER_KEY = base64.b64encode(bytes(range(32, 64))).decode()


@pytest.fixture
def vault() -> Vault:
    return with_new_key(None)


@given(st.text())
def test_every_text_comes_back_as_it_was(text: str) -> None:
    vault = with_new_key(None)
    try:
        text.encode()
    except UnicodeEncodeError:
        return
    assert vault.open(vault.seal(text, HERE), HERE) == text


def test_a_sealed_text_shows_neither_itself_nor_that_it_is_the_same(vault: Vault) -> None:
    one, two = vault.seal("canary", HERE), vault.seal("canary", HERE)
    assert one != two
    assert "canary" not in one + base64.b64decode(one.rpartition(":")[2]).decode("latin-1")


def test_a_secret_that_was_moved_to_another_row_does_not_open(vault: Vault) -> None:
    sealed = vault.seal("x", HERE)
    for other in (place("key", "secret", 2), place("key", "other", 1), place("task", "secret", 1)):
        with pytest.raises(Unavailable, match="damaged or belongs elsewhere"):
            vault.open(sealed, other)


def test_a_changed_secret_does_not_open(vault: Vault) -> None:
    head, _, body = vault.seal("x", HERE).rpartition(":")
    raw = bytearray(base64.b64decode(body))
    raw[-1] ^= 1
    for broken in (f"{head}:{base64.b64encode(raw).decode()}", f"{head}:%%%", f"{head}:", f"{head}:AAAA"):
        with pytest.raises(Unavailable):
            vault.open(broken, HERE)


def test_an_unknown_format_or_key_is_told_as_such(vault: Vault) -> None:
    with pytest.raises(Unavailable, match="unknown format"):
        vault.open("plain text", HERE)
    with pytest.raises(Unavailable, match="key k9, which is not in the key ring"):
        vault.open("v1:k9:AAAA", HERE)


def test_older_keys_still_open_and_the_newest_seals(vault: Vault) -> None:
    old = vault.seal("x", HERE)
    ring = with_new_key(vault)
    fresh = ring.seal("x", HERE)
    assert ring.open(old, HERE) == ring.open(fresh, HERE) == "x"
    assert (ring.is_current(old), ring.is_current(fresh)) == (False, True)
    with pytest.raises(Unavailable):
        vault.open(fresh, HERE)


def test_new_keys_never_take_a_name_that_is_taken() -> None:
    ring = parse_ring(f"k2:{new_key_text()}")
    assert with_new_key(ring).active == "k3"


def test_the_keys_do_not_show_when_a_vault_is_printed(vault: Vault) -> None:
    assert repr(vault.keys["k1"]) not in repr(vault)
    assert "keys" not in repr(vault)


@pytest.mark.parametrize(
    "text",
    [
        "", "k1", "k1:", "k1:AAAA", f"k 1:{ONE_KEY}", f":{ONE_KEY}",
        f"k1:{base64.b64encode(bytes(32)).decode()}", f"k1:{base64.b64encode(b'a' * 32).decode()}",
        f"k1:{ONE_KEY},k1:{OTHER_KEY}", f"k1:{ONE_KEY}x",
    ],
)  # fmt: skip
def test_a_wrong_or_weak_ring_is_refused_without_being_repeated(text: str) -> None:
    with pytest.raises(SettingsError) as error:
        parse_ring(text)
    for part in text.split(","):
        secret = part.partition(":")[2]
        assert not secret or secret not in str(error.value)


def test_the_ring_is_kept_for_its_owner_only_and_read_back(tmp_path: Path, vault: Vault) -> None:
    folder = tmp_path / "data"
    assert read_ring(folder) is None
    ring = with_new_key(vault)
    write_ring(folder, ring)
    assert stat.S_IMODE(ring_file(folder).stat().st_mode) == 0o600
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert read_ring(folder) == ring
    assert [path.name for path in folder.iterdir()] == ["vault.json"]


def test_a_ring_that_others_may_read_is_refused(tmp_path: Path, vault: Vault) -> None:
    write_ring(tmp_path, vault)
    ring_file(tmp_path).chmod(0o640)
    with pytest.raises(SettingsError, match="chmod 600"):
        read_ring(tmp_path)


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"active": "k1", "keys": {}}', '{"active": 1, "keys": 2}'])
def test_a_damaged_ring_is_told(tmp_path: Path, text: str) -> None:
    ring_file(tmp_path).write_text(text)
    ring_file(tmp_path).chmod(0o600)
    with pytest.raises(SettingsError, match="damaged"):
        read_ring(tmp_path)


def test_the_rings_file_says_which_key_is_active(tmp_path: Path, vault: Vault) -> None:
    write_ring(tmp_path, with_new_key(vault))
    stored = json.loads(ring_file(tmp_path).read_text())
    assert (stored["active"], sorted(stored["keys"])) == ("k2", ["k1", "k2"])
