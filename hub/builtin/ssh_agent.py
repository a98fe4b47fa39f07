"""An SSH agent inside the hub, so that private keys are used without ever being written to a disk.

It speaks the part of the agent protocol that signing in needs: listing identities and signing. Everything else (adding,
removing, locking, extensions) is answered with a failure, as clients expect of an agent that does not know it.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import struct
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Final, Self

if TYPE_CHECKING:
    from asyncssh import SSHKey

MAX_MESSAGE: Final = 256 * 1024
"""The same limit as OpenSSH's own agent."""

MAX_SOCKET_PATH: Final = 103
"""Bytes of a socket's path that fit everywhere: Linux takes 107, macOS and the BSDs 103."""

FAILURE: Final = b"\x05"
_REQUEST_IDENTITIES: Final = 11
_IDENTITIES_ANSWER: Final = b"\x0c"
_SIGN_REQUEST: Final = 13
_SIGN_RESPONSE: Final = b"\x0e"
_RSA_SHA2_256: Final = 2
_RSA_SHA2_512: Final = 4
_COMMENT: Final = b"hub"


class SshAgent:
    """Holds keys and signs with them for programs of the same user that connect to its socket.

    A certificate is one more identity of its key, and stands before it: servers that know the authority ask no further.
    """

    def __init__(
        self, keys: Sequence[SSHKey], path: Path, *, certificates: Mapping[bytes, SSHKey] | None = None
    ) -> None:
        self._keys = {**(certificates or {}), **{key.public_data: key for key in keys}}
        self._path = path
        self._server: asyncio.Server | None = None
        self._is_open = False
        self._conversations: dict[asyncio.Task[None], asyncio.StreamWriter] = {}

    async def start(self) -> None:
        """Begin to listen. The socket is private before anybody can connect to it."""
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            listener.bind(os.fspath(self._path))
            self._path.chmod(0o600)
            self._is_open = True
            self._server = await asyncio.start_unix_server(self._converse, sock=listener)
        except BaseException:
            listener.close()
            raise

    async def close(self) -> None:
        """Stop listening, end every conversation, forget the keys and remove the socket."""
        self._is_open = False
        server, self._server = self._server, None
        if server is not None:
            server.close()
        self._keys.clear()
        for writer in self._conversations.values():
            writer.transport.abort()  # not a cancel: some versions of Python report that as an error of their own
        await asyncio.gather(*self._conversations, return_exceptions=True)
        self._path.unlink(missing_ok=True)

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        me = asyncio.current_task()
        assert me is not None
        self._conversations[me] = writer
        try:
            # A client that was accepted in the very moment of closing comes too late.
            if self._is_open and self._is_meant_for(writer):
                # A client that leaves in the middle of a message ends the conversation, and nothing else.
                with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
                    await self._answer_all(reader, writer)
        finally:
            del self._conversations[me]
            writer.close()

    def _is_meant_for(self, writer: asyncio.StreamWriter) -> bool:
        """Serve the hub's own user, and the one that the socket was given to: programs of tasks may have their own."""
        option = getattr(socket, "SO_PEERCRED", None)
        if option is None:
            # Elsewhere than on Linux the private folder around the socket is the only guard.
            return True
        layout = struct.Struct("3i")
        peer = writer.get_extra_info("socket")
        _pid, uid, _gid = layout.unpack(peer.getsockopt(socket.SOL_SOCKET, option, layout.size))
        return bool(uid == os.geteuid() or uid == _owner_of(self._path))

    async def _answer_all(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            (size,) = struct.unpack(">I", await reader.readexactly(4))
            if not 1 <= size <= MAX_MESSAGE:
                return
            answer = await self._answer(await reader.readexactly(size))
            writer.write(_text(answer))
            await writer.drain()

    async def _answer(self, message: bytes) -> bytes:
        if message == bytes([_REQUEST_IDENTITIES]):
            identities = [_text(blob) + _text(_COMMENT) for blob in self._keys]
            return _IDENTITIES_ANSWER + struct.pack(">I", len(identities)) + b"".join(identities)
        if message[0] == _SIGN_REQUEST:
            return await self._sign(message[1:])
        return FAILURE

    async def _sign(self, request: bytes) -> bytes:
        try:
            blob, rest = _take_text(request)
            data, rest = _take_text(rest)
            (flags,) = struct.unpack(">I", rest)
        except (struct.error, ValueError):
            return FAILURE
        key = self._keys.get(blob)
        if key is None:
            return FAILURE
        try:
            # A large RSA key takes milliseconds, and Ansible asks for dozens of signatures at once.
            signature = await asyncio.to_thread(key.sign, data, _signature_algorithm(key, flags))
        except Exception:  # noqa: BLE001 - the crypto library refuses in many ways, the protocol knows one
            return FAILURE
        return _SIGN_RESPONSE + _text(signature)


def _owner_of(path: Path) -> int | None:
    with contextlib.suppress(FileNotFoundError):
        return path.stat().st_uid
    return None


def _signature_algorithm(key: SSHKey, flags: int) -> bytes:
    if key.algorithm == b"ssh-rsa":
        if flags & _RSA_SHA2_512:
            return b"rsa-sha2-512"
        if flags & _RSA_SHA2_256:
            return b"rsa-sha2-256"
    return key.algorithm


def _text(data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + data


def _take_text(data: bytes) -> tuple[bytes, bytes]:
    (size,) = struct.unpack_from(">I", data)
    if len(data) - 4 < size:
        raise ValueError("the text is shorter than it says")
    return data[4 : 4 + size], data[4 + size :]
