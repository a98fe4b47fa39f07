"""Hashes that were made here, hashes that came from elsewhere, and hashes that are traps."""

from __future__ import annotations

import asyncio
import threading

import argon2
import bcrypt
import pytest

from hub.errors import Invalid
from hub.services import passwords
from hub.services.passwords import MAX_PASSWORD, dummy_verify, hash_password, needs_rehash, verify_password


@pytest.fixture
def cheap_hashes() -> None:
    """Not here: these are the hashes that people get."""


def foreign(text: bytes, kind: str = "$2b$") -> str:
    return bcrypt.hashpw(text, bcrypt.gensalt(4)).decode().replace("$2b$", kind, 1)


async def test_a_password_fits_its_own_hash_and_no_other_does() -> None:
    hashed = await hash_password("pässword")
    assert hashed.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert await verify_password(hashed, "pässword")
    assert not await verify_password(hashed, "pässwor")
    assert not await verify_password(hashed, "password")
    assert not needs_rehash(hashed)


async def test_the_same_password_never_has_the_same_hash_twice() -> None:
    assert await hash_password("same") != await hash_password("same")


@pytest.mark.parametrize("kind", ["$2a$", "$2b$", "$2y$"])
async def test_an_imported_hash_lets_its_owner_in_and_is_replaced(kind: str) -> None:
    hashed = foreign(b"imported", kind)
    assert await verify_password(hashed, "imported")
    assert not await verify_password(hashed, "Imported")
    assert needs_rehash(hashed)


async def test_a_hash_made_by_the_former_product_is_understood() -> None:
    hashed = "$2a$11$" + bcrypt.hashpw(b"changeme", b"$2a$11$abcdefghijklmnopqrstuu").decode()[7:]
    assert await verify_password(hashed, "changeme")


async def test_a_weaker_hash_of_our_own_kind_is_replaced() -> None:
    weak = argon2.PasswordHasher(time_cost=1, memory_cost=64, parallelism=1).hash("old")
    assert await verify_password(weak, "old")
    assert needs_rehash(weak)


async def test_bcrypt_takes_72_bytes_and_a_longer_password_never_fits_by_its_beginning() -> None:
    hashed = foreign(b"x" * 72)
    assert await verify_password(hashed, "x" * 72)
    assert not await verify_password(hashed, "x" * 73)
    assert not await verify_password(hashed, "x" * 72 + "anything")


async def test_long_passwords_count_in_full() -> None:
    hashed = await hash_password("x" * 200)
    assert await verify_password(hashed, "x" * 200)
    assert not await verify_password(hashed, "x" * 199 + "y")


@pytest.mark.parametrize(
    "hashed",
    [
        "",
        "x",
        "$argon2id$",
        "$argon2id$v=19$m=a",
        "$2a$",
        "$2x$04$" + "a" * 53,
        "$1$abc$def",
        "plain",
        "$2a$04$" + "." * 52,
    ],
)
async def test_an_empty_or_broken_hash_fits_nothing(hashed: str) -> None:
    for text in ("", "x", "plain", hashed):
        assert not await verify_password(hashed, text)
    assert needs_rehash(hashed)


async def test_an_empty_password_fits_nothing_even_where_its_hash_is_stored() -> None:
    assert not await verify_password(foreign(b""), "")
    assert not await verify_password(argon2.PasswordHasher(1, 64, 1).hash(""), "")


@pytest.mark.parametrize("text", ["", "x" * (MAX_PASSWORD + 1), "\ud800"])
async def test_a_password_that_could_never_sign_in_is_refused_when_set(text: str) -> None:
    with pytest.raises(Invalid, match="Choose another one"):
        await hash_password(text)
    assert not await verify_password(await hash_password("x"), text)


async def test_a_nul_in_a_password_is_part_of_it() -> None:
    hashed = await hash_password("a\0b")
    assert await verify_password(hashed, "a\0b")
    assert not await verify_password(hashed, "a")
    assert not await verify_password(foreign(b"a"), "a\0b")


@pytest.mark.parametrize(
    "trap",
    [
        "$argon2id$v=19$m=4194304,t=2,p=1$c29tZXNhbHQ$" + "A" * 43,
        "$argon2id$v=19$m=19456,t=4000000,p=1$c29tZXNhbHQ$" + "A" * 43,
        "$2a$31$" + "a" * 53,
    ],
)
async def test_an_imported_hash_that_would_stop_the_server_is_not_even_tried(trap: str) -> None:
    assert not await verify_password(trap, "x")


async def test_at_most_two_hashes_are_computed_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    running, most, lock = 0, 0, threading.Lock()
    both = threading.Barrier(2)

    def counted(secret: bytes) -> str:
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)
        both.wait(timeout=30)
        with lock:
            running -= 1
        return "$done"

    monkeypatch.setattr(passwords, "_hash", counted)
    await asyncio.gather(*(hash_password("x") for _ in range(6)))
    assert most == 2


async def test_a_name_that_nobody_has_costs_one_hash_like_any_other(monkeypatch: pytest.MonkeyPatch) -> None:
    real, seen = passwords._hash, []

    def counted(secret: bytes) -> str:
        seen.append(secret)
        return real(secret)

    monkeypatch.setattr(passwords, "_hash", counted)
    await dummy_verify()
    assert len(seen) == 1
    await verify_password("", "somebody who signs in elsewhere")
    assert len(seen) == 2
