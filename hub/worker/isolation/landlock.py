"""Landlock, the Linux kernel's own way to let a process see less of the file system than its user may.

A thread that restricts itself restricts all that it starts and nobody else, so a program is started by a thread that
was made for it, and then ends. That costs a fraction of a millisecond, and needs neither a launcher nor rights.

A process that is restricted so may not trace, nor read the memory, environment and descriptors of, any process outside.
"""

from __future__ import annotations

import ctypes
import errno
import os
import struct
import sys
import threading
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Final, TypeVar

from hub.worker.isolation.view import View

T = TypeVar("T")

_CREATE_RULESET: Final = 444
_ADD_RULE: Final = 445
_RESTRICT_SELF: Final = 446
_ASK_VERSION: Final = 1
_PATH_BENEATH: Final = 1
_SET_DUMPABLE: Final = 4
_DROP_FROM_BOUNDS: Final = 24
_SET_NO_NEW_PRIVS: Final = 38

_BEYOND: Final = (2, 16, 17, 19, 21, 38, 39)
"""Capabilities that lead around all this, for programs of root: DAC_READ_SEARCH (files by handle), SYS_MODULE,
SYS_RAWIO, SYS_PTRACE, SYS_ADMIN and PERFMON (the environment of any process), BPF."""

_EXECUTE, _WRITE_FILE, _READ_FILE, _READ_DIR, _TRUNCATE = 1 << 0, 1 << 1, 1 << 2, 1 << 3, 1 << 14
_FIRST_RIGHTS: Final = (1 << 13) - 1
"""All of the first version: running, reading, writing, listing, making and removing of every kind."""
_REFER: Final = 1 << 13
_SIGNALS: Final = 1 << 1
_READING: Final = _EXECUTE | _READ_FILE | _READ_DIR
_OF_FILES: Final = _EXECUTE | _WRITE_FILE | _READ_FILE | _TRUNCATE


@cache
def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)


@cache
def _form(*types: type[ctypes.c_long | ctypes.c_char_p]) -> Callable[..., int]:
    """Return `syscall` for arguments of these types; told once, a call costs half."""
    call = ctypes.CDLL(None, use_errno=True).syscall
    call.argtypes = (ctypes.c_long, *types)
    call.restype = ctypes.c_long
    return call


def _checked(result: int) -> int:
    if result < 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))
    return result


def _create(attributes: bytes | None, size: int, flags: int) -> int:
    call = _form(ctypes.c_char_p, ctypes.c_long, ctypes.c_long)
    return _checked(call(_CREATE_RULESET, attributes, size, flags))


def _add(rules: int, rights: int, descriptor: int) -> None:
    call = _form(ctypes.c_long, ctypes.c_long, ctypes.c_char_p, ctypes.c_long)
    _checked(call(_ADD_RULE, rules, _PATH_BENEATH, struct.pack("=Qi", rights, descriptor), 0))


def _restrict(rules: int) -> None:
    _checked(_form(ctypes.c_long, ctypes.c_long)(_RESTRICT_SELF, rules, 0))


@cache
def version() -> int:
    """Return the version of Landlock that this kernel offers; 0 for none."""
    if sys.platform != "linux":
        return 0
    try:
        return _create(None, 0, _ASK_VERSION)
    except OSError:
        return 0


def forbid_looking_in() -> bool:
    """Close the memory, environment and descriptors of this process to others of its user; no core dumps either."""
    return sys.platform == "linux" and int(_libc().prctl(_SET_DUMPABLE, 0, 0, 0, 0)) == 0


def restricted(view: View, start: Callable[[], T]) -> T:
    """Call `start` where only what `view` shows can be used; whatever it starts is restricted for good."""
    answer: list[T] = []
    failure: list[BaseException] = []

    def work() -> None:
        try:
            _restrict_thread(view)
            answer.append(start())
        except BaseException as error:  # noqa: BLE001 - raised again by the thread that waits for this one
            failure.append(error)

    thread = threading.Thread(target=work, name="restricted")
    thread.start()
    thread.join()
    if failure:
        raise failure[0]
    return answer[0]


def _restrict_thread(view: View) -> None:
    rights = _FIRST_RIGHTS | (_REFER if version() >= 2 else 0) | (_TRUNCATE if version() >= 3 else 0)
    # Root manages the machine it is on, and may signal its services; others have only the hub and its tasks to signal.
    scope = _SIGNALS if version() >= 6 and os.geteuid() != 0 else 0
    rules = _create(struct.pack("=QQQ", rights, 0, scope), 24 if scope else 8, 0)
    try:
        for shown, folder in view.around():
            _allow(rules, shown, rights if folder else rights & _OF_FILES)
        for lent in view.writable:
            _allow(rules, lent, rights)
        for lent in view.readable:
            _allow(rules, lent, rights & _READING)
        try:
            _restrict(rules)
        except PermissionError:
            # Without rights of its own, a thread has to forgo those that programs such as sudo would give.
            _libc().prctl(_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
            _restrict(rules)
        if os.geteuid() == 0:
            for capability in _BEYOND:
                _libc().prctl(_DROP_FROM_BOUNDS, capability, 0, 0, 0)
    finally:
        os.close(rules)


def _allow(rules: int, place: Path | str, rights: int) -> None:
    """Allow a folder with all below it, or a file. What is gone, or may not be reached at all, needs no rule.

    Rights of folders on what is a file are refused by the kernel, which is quicker to ask than the file system.
    """
    try:
        descriptor = os.open(place, os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError:
        return
    try:
        try:
            _add(rules, rights, descriptor)
        except OSError as error:
            if error.errno != errno.EINVAL or rights == rights & _OF_FILES:
                raise
            _add(rules, rights & _OF_FILES, descriptor)
    finally:
        os.close(descriptor)
