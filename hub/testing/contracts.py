"""Contracts: test classes to subclass, that hold an extension to what the hub expects of its kind.

    class TestHello(ExecutorContract):
        executor = HelloExecutor()

        def sample(self):
            return task_view(app="hello"), HelloParams(greeting="Hi"), NoParams()

They need pytest and nothing else; async verbs are run with `asyncio.run`.
"""

from __future__ import annotations

import asyncio
import json
import os
import socket
import stat
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar

import pytest
from pydantic import ValidationError

from hub.plugin import (
    BlobStore,
    Executor,
    Extension,
    KeyType,
    Notice,
    Notifier,
    NotReady,
    Outcome,
    Params,
    PluginError,
    Refused,
    Retry,
    Stopped,
    TaskView,
)
from hub.registry.extensions import KINDS, fault
from hub.testing.recording import Call, RecordingIO, stop
from hub.testing.watch import writes_outside

_Asked = tuple[TaskView, Params, Params]

_FAILED = 7
_SECRETS = {"CONTRACT_TOKEN": "contract-secret-one", "CONTRACT_PASSWORD": "contract-secret-two"}


class _ExtensionContract:
    """What holds for every kind."""

    def extension(self) -> Extension:
        raise NotImplementedError

    def params(self) -> Sequence[Params]:
        """Return one filled example of each params class."""
        raise NotImplementedError

    def test_the_registry_would_take_it(self) -> None:
        extension = self.extension()
        kinds = [kind for kind in KINDS if isinstance(extension, kind.shape)]
        assert kinds, f"{type(extension).__name__} is no kind of extension that hub.plugin knows"
        assert fault(kinds[0], extension) is None

    def test_every_param_is_described(self) -> None:
        for params in self.params():
            silent = list(_undescribed(type(params).model_json_schema()))
            assert not silent, f"write a docstring below these fields: {', '.join(silent)}"

    def test_params_are_frozen_and_strict(self) -> None:
        for params in self.params():
            for name in type(params).model_fields:
                with pytest.raises(ValidationError):
                    setattr(params, name, getattr(params, name))
            with pytest.raises(ValidationError):
                type(params).model_validate({**params.model_dump(), "no_such_member": 1})

    def test_params_survive_json(self) -> None:
        for params in self.params():
            stored = json.loads(params.model_dump_json())
            assert type(params).model_validate(stored) == params, "stored params do not read back as they were"


class ExecutorContract(_ExtensionContract):
    """Subclass it, set `executor`, and return an example from `sample`."""

    executor: Executor
    writes_checkout: ClassVar[bool] = False
    """True for an executor that must write files into the checkout itself."""
    keys: ClassVar[Mapping[int, Mapping[str, str]]] = {}
    """Keys that the sample refers to, as `RecordingIO` takes them; one that is missing is made up with every role."""

    def sample(self) -> tuple[TaskView, Params, Params]:
        """Return a task, its template's params and its own. A checkout that does not exist is put in place."""
        raise NotImplementedError

    def prepare(self, io: RecordingIO) -> None:
        """Say what programs answer, where the executor reads their output."""

    def fails(self, call: Call) -> bool:
        """Say whether `call` is a program whose failure must fail the task; by default each one that is run."""
        return not call.captured

    def extension(self) -> Extension:
        return self.executor

    def params(self) -> Sequence[Params]:
        return self.sample()[1:]

    def test_it_succeeds_or_asks_when_its_programs_succeed(self, tmp_path: Path) -> None:
        for outcome in self._play(self._io(tmp_path)):
            assert isinstance(outcome, Outcome), f"run returned {outcome!r} and no Outcome"
            assert outcome.kind in {"success", "awaiting"}, f"every program exited with 0, and still {outcome}"
            if outcome.kind == "awaiting":
                assert self.executor.capabilities.approval, "only an executor with capabilities.approval may ask"
                json.dumps(dict(outcome.summary))

    def test_a_failing_program_fails_the_task_with_its_code(self, tmp_path: Path) -> None:
        io = self._io(tmp_path)
        io.answer(code=_FAILED, when=self.fails)
        outcome = self._play(io)[-1]
        assert any(self.fails(call) for call in io.calls), "it ran no program that could fail"
        assert (outcome.kind, outcome.code) == ("failure", _FAILED)

    def test_stopped_passes_through(self, tmp_path: Path) -> None:
        io = self._io(tmp_path)
        io.answer(effect=stop)
        with pytest.raises(Stopped):
            self._play(io)

    def test_secrets_stay_out_of_command_lines_logs_and_results(self, tmp_path: Path) -> None:
        io = self._io(tmp_path)
        outcomes = self._play(io)
        told = [word for call in io.calls for word in call.argv]
        told += [*io.lines, *io.stages, json.dumps(io.results), repr(outcomes)]
        told += self.executor.preview(*self._asked(io))
        leaked = [mask for mask in {*io.masks, *_SECRETS.values()} if any(mask in text for text in told)]
        assert not leaked, f"these secrets left by a command line, a log line or a result: {leaked}"

    def test_it_writes_into_its_workspace_only(self, tmp_path: Path) -> None:
        io = self._io(tmp_path)
        own = (io.workspace, io.artifacts, io.cache, *((io.checkout,) if self.writes_checkout else ()))
        asked = self._asked(io)
        with writes_outside(*own) as outside:
            self._play(io, asked)
        assert not outside, f"it wrote outside of io.workspace: {', '.join(outside)}"

    def _io(self, folder: Path) -> RecordingIO:
        io = RecordingIO(folder / "io", keys=self.keys, secret_values=_SECRETS, invent_keys=True)
        self.prepare(io)
        return io

    def _asked(self, io: RecordingIO) -> _Asked:
        task, params, task_params = self.sample()
        if task.repository is not None and not task.repository.path.is_dir():
            task = replace(task, repository=replace(task.repository, path=io.checkout))
            script = io.checkout / task.working_directory / task.script
            script.parent.mkdir(parents=True, exist_ok=True)
            if not script.exists():
                script.touch()
        return task, params, task_params

    def _play(self, io: RecordingIO, asked: _Asked | None = None) -> list[Outcome]:
        """Run the sample, and again after Confirm when it asks; return how each pass ended."""
        task, params, task_params = asked or self._asked(io)
        outcomes: list[Any] = [asyncio.run(self.executor.run(task, params, task_params, io))]
        if isinstance(outcomes[0], Outcome) and outcomes[0].kind == "awaiting":
            # Through JSON and back, because days and another worker may lie between the passes.
            task = replace(task, resumed=json.loads(json.dumps(dict(outcomes[0].state))))
            outcomes.append(asyncio.run(self.executor.run(task, params, task_params, io)))
        return outcomes


class KeyTypeContract(_ExtensionContract):
    """Subclass it, set `key_type`, and return a filled example from `sample`."""

    key_type: KeyType

    def sample(self) -> Params:
        """Return an example whose every member is set."""
        raise NotImplementedError

    def extension(self) -> Extension:
        return self.key_type

    def params(self) -> Sequence[Params]:
        return (self.sample(),)

    def test_files_are_private_and_inside_the_folder(self, tmp_path: Path) -> None:
        folder = tmp_path / "key"
        folder.mkdir(mode=0o700)
        with writes_outside(folder) as outside:
            material = asyncio.run(self._materialise_and_release(folder))
        assert not outside, f"it wrote outside of the folder that it was given: {', '.join(outside)}"
        for role, path in material.files.items():
            assert path.resolve().is_relative_to(folder.resolve()), f"{role} lies outside of the folder"
        for path in folder.rglob("*"):
            if path.is_file():
                mode = stat.S_IMODE(path.stat().st_mode)
                assert not mode & 0o077, f"{path.name} has mode {mode:o} and must be 600"

    def test_every_secret_member_is_masked(self, tmp_path: Path) -> None:
        params = self.sample()
        material = asyncio.run(self._materialise_and_release(tmp_path))
        masks = [mask.strip() for mask in material.masks if mask.strip()]
        for name in type(params).model_fields:
            value = getattr(params, name)
            if isinstance(value, str) and value.strip() and name not in self.key_type.shown:
                whole = value.strip() in masks
                # Of a long secret, such as a private key, the lines that matter are enough.
                assert whole or ("\n" in value.strip() and any(mask in value for mask in masks)), (
                    f"{name} is secret, so its value belongs into Material.masks"
                )

    def test_shown_names_members(self) -> None:
        assert set(self.key_type.shown) <= set(self.key_type.params_type.model_fields)

    async def _materialise_and_release(self, folder: Path) -> Any:
        material = await self.key_type.materialise(self.sample(), folder)
        await self.key_type.release(material)
        return material


class BlobStoreContract(_ExtensionContract):
    """Subclass it and return a store that is empty, with its params, from `empty`."""

    def empty(self, folder: Path) -> tuple[BlobStore, Params]:
        """Return a store and params under which it holds nothing; called once for each test, each with a folder."""
        raise NotImplementedError

    @pytest.fixture(autouse=True)
    def _open(self, tmp_path: Path) -> None:
        self.store, self.configured = self.empty(tmp_path)

    def extension(self) -> Extension:
        return self.store

    def params(self) -> Sequence[Params]:
        return (self.configured,)

    def test_what_was_put_comes_back(self) -> None:
        async def play() -> None:
            pieces = [b"one", b"", os.urandom(100_000), b"\x00end"]
            assert await self._put("logs/7.bin", *pieces) == sum(map(len, pieces))
            assert await self._get("logs/7.bin") == b"".join(pieces)
            assert await self._put("logs/7.bin", b"again") == len(b"again")
            assert await self._get("logs/7.bin") == b"again"

        asyncio.run(play())

    def test_a_source_that_breaks_changes_nothing(self) -> None:
        async def broken() -> AsyncIterator[bytes]:
            yield b"half"
            raise ConnectionError

        async def play() -> None:
            await self._put("plan", b"whole")
            for name in ("plan", "new"):
                with pytest.raises((ConnectionError, PluginError)):
                    await self.store.put(self.configured, name, broken())
            assert await self._get("plan") == b"whole"
            assert await self._list("") == ["plan"]

        asyncio.run(play())

    def test_list_names_a_prefix_in_order(self) -> None:
        async def play() -> None:
            for name in ("b/2", "a/10", "a/1", "ab"):
                await self._put(name, b"x")
            assert await self._list("a/") == ["a/1", "a/10"]
            assert await self._list("a") == ["a/1", "a/10", "ab"]
            assert await self._list("none") == []

        asyncio.run(play())

    def test_deleting_is_final_and_may_be_repeated(self) -> None:
        async def play() -> None:
            await self._put("gone", b"x")
            await self.store.delete(self.configured, "gone")
            await self.store.delete(self.configured, "gone")
            with pytest.raises(Refused):
                await self._get("gone")

        asyncio.run(play())

    def test_a_name_that_climbs_out_is_refused(self) -> None:
        async def play() -> None:
            for name in ("../outside", "a/../../outside", "/outside", ""):
                with pytest.raises((PluginError, ValueError)):
                    await self._put(name, b"x")

        asyncio.run(play())

    async def _put(self, name: str, *pieces: bytes) -> int:
        async def source() -> AsyncIterator[bytes]:
            for piece in pieces:
                yield piece

        return await self.store.put(self.configured, name, source())

    async def _get(self, name: str) -> bytes:
        return b"".join([piece async for piece in self.store.get(self.configured, name)])

    async def _list(self, prefix: str) -> list[str]:
        return [name async for name in self.store.list(self.configured, prefix)]


class NotifierContract(_ExtensionContract):
    """Subclass it, set `notifier`, and return params and a notice from `sample`, sent to a closed port."""

    notifier: Notifier

    def sample(self, port: int) -> tuple[Params, Notice]:
        """Return params that lead to `port` on 127.0.0.1, where nobody listens, and a notice with its secrets."""
        raise NotImplementedError

    def extension(self) -> Extension:
        return self.notifier

    def params(self) -> Sequence[Params]:
        return (self.sample(9)[0],)

    def test_an_address_where_nobody_answers_is_tried_again_later(self) -> None:
        with _closed_port() as port:
            params, notice = self.sample(port)
            with pytest.raises((Retry, NotReady)) as raised:
                asyncio.run(self.notifier.send(params, notice))
        leaked = [name for name, value in notice.secrets.items() if value and value in str(raised.value)]
        assert not leaked, f"the error tells the secret of {', '.join(leaked)}"


class _closed_port:  # noqa: N801 - a context manager that reads as a verb
    """A port that is bound, so that nobody else takes it, and never listened on."""

    def __enter__(self) -> int:
        self._socket = socket.socket()
        self._socket.bind(("127.0.0.1", 0))
        return int(self._socket.getsockname()[1])

    def __exit__(self, *_: object) -> None:
        self._socket.close()


def _undescribed(schema: Mapping[str, Any]) -> Iterator[str]:
    for model in (schema, *schema.get("$defs", {}).values()):
        for name, described in model.get("properties", {}).items():
            if not str(described.get("description", "")).strip():
                yield f"{model.get('title', '')}.{name}"
