"""Which variables and files can be secrets, and which never."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from pydantic import ValidationError

from hub.builtin.secret_backends import MAX_SECRET, EnvSecrets, FileParams, FileSecrets, hub_secret_backends
from hub.plugin import NoParams, Refused


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    inside = tmp_path / "secrets"
    inside.mkdir()
    (inside / "token").write_text("inside\n")
    (tmp_path / "outside").write_text("outside")
    return inside


async def read(folder: Path, path: Path | str) -> str:
    return await FileSecrets().read(FileParams(folder=folder), str(path))


def test_both_are_named_as_on_the_wire_and_read_only() -> None:
    assert {backend.name: backend.read_only for backend in hub_secret_backends()} == {"env": True, "file": True}


async def test_neither_can_be_changed(folder: Path) -> None:
    for backend, params in ((EnvSecrets(), NoParams()), (FileSecrets(), FileParams(folder=folder))):
        with pytest.raises(Refused, match="only reads"):
            await backend.write(params, "HUB_SECRET_X", "new")
        with pytest.raises(Refused, match="only reads"):
            await backend.delete(params, "HUB_SECRET_X")


async def test_a_variable_with_the_prefix_is_a_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HUB_SECRET_TOKEN", '{"login": "root"}')
    assert await EnvSecrets().read(NoParams(), "HUB_SECRET_TOKEN") == '{"login": "root"}'


@pytest.mark.parametrize(
    "name",
    [
        "HUB_VAULT_KEY",
        "PATH",
        "",
        "HUB_SECRET_",
        "hub_secret_token",
        "XHUB_SECRET_TOKEN",
        "HUB_SECRET_TOKEN\n",
        "HUB_SECRET_É",
    ],
)
async def test_w60_no_other_variable_can_be_read(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HUB_VAULT_KEY", "canary")
    monkeypatch.setenv("HUB_SECRET_TOKEN", "canary")
    with pytest.raises(Refused, match="begin with HUB_SECRET_"):
        await EnvSecrets().read(NoParams(), name)


async def test_a_variable_that_is_missing_or_empty_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HUB_SECRET_EMPTY", "")
    monkeypatch.delenv("HUB_SECRET_GONE", raising=False)
    for name in ("HUB_SECRET_EMPTY", "HUB_SECRET_GONE"):
        with pytest.raises(Refused, match=f"{name} is not set"):
            await EnvSecrets().read(NoParams(), name)


async def test_a_file_is_read_without_the_newline_at_its_end(folder: Path) -> None:
    assert await read(folder, folder / "token") == "inside"
    (folder / "windows").write_bytes(b"line one\r\nline two\r\n")
    assert await read(folder, folder / "windows") == "line one\r\nline two"
    (folder / "blank").write_text("kept\n\n")
    assert await read(folder, folder / "blank") == "kept\n"


async def test_a_link_that_stays_inside_is_followed_as_mounted_secrets_need_it(folder: Path) -> None:
    (folder / "..2024").mkdir()
    (folder / "..2024" / "db").write_text("mounted")
    (folder / "..data").symlink_to("..2024")
    (folder / "db").symlink_to("..data/db")
    assert await read(folder, folder / "db") == "mounted"


async def test_the_folder_may_itself_be_reached_through_a_link(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(folder)
    assert await read(tmp_path / "link", tmp_path / "link" / "token") == "inside"


@pytest.mark.parametrize(
    "path", ["token", "{}/../outside", "{}/../secrets/token", "{}x", "/etc/passwd", "", "{}", "{}/a\0b"]
)
async def test_w60_no_path_leads_out_of_the_folder(folder: Path, path: str) -> None:
    with pytest.raises(Refused, match="inside the folder for secrets"):
        await read(folder, path.format(folder))


async def test_a_link_that_leads_out_is_refused(folder: Path, tmp_path: Path) -> None:
    (folder / "escape").symlink_to(tmp_path / "outside")
    (folder / "up").symlink_to(tmp_path)
    for path in ("escape", "up/outside"):
        with pytest.raises(Refused, match="inside the folder for secrets"):
            await read(folder, folder / path)


async def test_a_refusal_does_not_tell_what_exists_elsewhere(folder: Path, tmp_path: Path) -> None:
    said = []
    for path in (tmp_path / "outside", tmp_path / "nothing"):
        with pytest.raises(Refused) as refusal:
            await read(folder, path)
        said.append(str(refusal.value))
    assert said[0] == said[1]


async def test_what_is_no_plain_file_is_refused_without_waiting(folder: Path) -> None:
    os.mkfifo(folder / "pipe")
    (folder / "sub").mkdir()
    (folder / "loop").symlink_to("loop")
    for path in ("pipe", "sub", "loop", "gone", "token/below"):
        with pytest.raises(Refused, match="no readable file"):
            await read(folder, folder / path)
    with pytest.raises(Refused, match="no readable file"):
        await read(folder / "nowhere", folder / "nowhere" / "token")


async def test_a_file_that_is_empty_or_no_text_or_too_large_is_refused(folder: Path) -> None:
    (folder / "empty").write_text("\n")
    (folder / "bytes").write_bytes(b"\xff\xfe")
    (folder / "large").write_bytes(b"x" * (MAX_SECRET + 1))
    (folder / "full").write_bytes(b"x" * MAX_SECRET)
    for path, sentence in (("empty", "is empty"), ("bytes", "UTF-8"), ("large", "larger than 1 MiB")):
        with pytest.raises(Refused, match=sentence):
            await read(folder, folder / path)
    assert len(await read(folder, folder / "full")) == MAX_SECRET


@pytest.mark.parametrize("path", ["relative", "/", ""])
def test_the_folder_is_an_absolute_path_and_not_everything(path: str) -> None:
    with pytest.raises(ValidationError, match="absolute path"):
        FileParams(folder=path)


def test_the_file_backend_tells_people_where_it_looks(folder: Path) -> None:
    assert FileSecrets().describe(FileParams(folder=folder)) == {"folder": str(folder)}
