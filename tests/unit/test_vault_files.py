"""Files at rest: sealed piece by piece, and nothing of them can be changed, moved, cut off or read without the key."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from hub.errors import Unavailable
from hub.vault import with_new_key

WHERE = b"blob.data.tasks/1/plan"
PIECE = 64 * 1024
LENGTHS = (0, 1, PIECE - 1, PIECE, PIECE + 1, 3 * PIECE, 3 * PIECE + 7)


async def blocks(data: bytes, size: int = 10_000) -> AsyncIterator[bytes]:
    for start in range(0, len(data), size):
        yield data[start : start + size]


async def sealed(vault, data: bytes) -> bytes:
    return b"".join([one async for one in vault.seal_file(blocks(data), WHERE)])


async def opened(vault, data: bytes, where: bytes = WHERE, size: int = 7_777) -> bytes:
    return b"".join([one async for one in vault.open_file(blocks(data, size), where)])


@pytest.mark.parametrize("length", LENGTHS)
async def test_a_file_comes_back_as_it_was(length):
    vault = with_new_key(None)
    data = bytes(range(256)) * (length // 256 + 1)
    data = data[:length]
    stored = await sealed(vault, data)
    assert await opened(vault, stored) == data
    assert await opened(vault, stored, size=1) == data or length > PIECE
    assert length < 16 or data[:16] not in stored


async def test_a_file_that_was_changed_cut_or_moved_does_not_open():
    vault = with_new_key(None)
    stored = await sealed(vault, b"x" * (2 * PIECE + 5))
    cut = len(stored) - 5 - 16
    for wrong in (stored[:cut], stored[:-1], stored + b"x", stored[:60], b"", b"HUBF1", b"plain text of a file",
                  stored[:100] + bytes([stored[100] ^ 1]) + stored[101:]):  # fmt: skip
        with pytest.raises(Unavailable):
            await opened(vault, wrong)
    with pytest.raises(Unavailable):
        await opened(vault, stored, b"blob.data.tasks/2/plan")


async def test_a_file_outlives_the_rotation_of_keys_and_equal_files_look_different():
    vault = with_new_key(None)
    one, other = await sealed(vault, b"plan"), await sealed(vault, b"plan")
    assert one != other
    assert await opened(with_new_key(vault), one) == b"plan"
    with pytest.raises(Unavailable, match="not in the key ring"):
        await opened(type(vault)("other", {"other": b"1" * 31 + b"2"}), one)
