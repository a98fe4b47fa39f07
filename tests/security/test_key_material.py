"""Canaries in every kind of key, and where they must never be seen."""

from __future__ import annotations

import gc
import logging
import os
import stat
import traceback
from pathlib import Path

import pytest
from asyncssh import generate_private_key
from pydantic import ValidationError

from hub.builtin.keys import LoginPasswordParams, SshKey, SshParams, StringParams, hub_key_types
from hub.builtin.secret_backends import EnvSecrets, FileParams, FileSecrets
from hub.builtin.ssh_keys import secret_lines
from hub.plugin import Material, NoParams, Params, Refused
from hub.services.passwords import hash_password, verify_password

CANARY = "canary-7f3a9e-do-not-show"


@pytest.fixture(scope="module")
def private_key() -> str:
    return generate_private_key("ssh-ed25519").export_private_key("openssh", CANARY).decode()


def shown(error: BaseException) -> str:
    return "".join(traceback.format_exception(error)) + repr(error) + repr(error.args)


def test_no_params_show_their_secret(private_key: str) -> None:
    every: list[Params] = [
        StringParams(string=CANARY),
        LoginPasswordParams(login="root", password=CANARY),
        SshParams(login="root", passphrase=CANARY, private_key=private_key),
    ]
    for params in every:
        for text in (repr(params), str(params), f"{params!r}"):
            assert CANARY not in text
            assert not any(line in text for line in secret_lines(private_key))


def test_a_material_shows_none_of_its_masks() -> None:
    assert CANARY not in repr(Material(masks=(CANARY,)))


@pytest.mark.parametrize(
    ("params", "members"),
    [
        (StringParams, {"string": [CANARY]}),
        (StringParams, {"string": "x", "other": CANARY}),
        (LoginPasswordParams, {"login": f"-{CANARY}", "password": CANARY}),
        (SshParams, {"passphrase": CANARY}),
        (SshParams, {"private_key": {"text": CANARY}}),
    ],
)
def test_a_refused_key_is_not_repeated_in_the_refusal(params: type[Params], members: dict[str, object]) -> None:
    with pytest.raises(ValidationError) as refusal:
        params.model_validate(members)
    assert CANARY not in shown(refusal.value)


async def test_a_key_that_does_not_open_is_not_repeated_in_the_refusal(private_key: str) -> None:
    wrong = SshParams(passphrase=f"{CANARY}-wrong", private_key=private_key)
    broken = SshParams(passphrase=CANARY, private_key=private_key.replace("BEGIN", "BEGUN"))
    for params in (wrong, broken, SshParams(private_key=CANARY)):
        with pytest.raises(Refused) as refusal:
            await SshKey().check(params)
        text = shown(refusal.value)
        assert CANARY not in text
        assert not any(line in text for line in secret_lines(private_key))


async def test_w48_no_key_reaches_an_environment_or_a_login(private_key: str, tmp_path: Path) -> None:
    members = {
        "none": {},
        "string": {"string": CANARY},
        "login_password": {"login": "root", "password": CANARY},
        "ssh": {"login": "root", "passphrase": CANARY, "private_key": private_key},
    }
    for kind in hub_key_types():
        material = await kind.materialise(kind.params_type.model_validate(members[kind.name]), tmp_path)
        outside = repr((material.login, dict(material.env), [str(path) for path in material.files.values()]))
        assert CANARY not in outside
        assert not any(line in outside for line in secret_lines(private_key))
        await kind.release(material)


async def test_w58_a_private_key_and_its_passphrase_are_never_on_a_disk(private_key: str, tmp_path: Path) -> None:
    ssh = SshKey()
    folder = tmp_path / "keys"
    material = await ssh.materialise(SshParams(passphrase=CANARY, private_key=private_key), folder)
    try:
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
        for path in folder.iterdir():
            assert stat.S_IMODE(path.stat().st_mode) == 0o600
            if path.is_file():
                assert CANARY not in path.read_text()
                assert not any(line in path.read_text() for line in secret_lines(private_key))
        assert [path.suffix for path in sorted(folder.iterdir())] == [".sock", ".pub"]
    finally:
        await ssh.release(material)


async def test_every_secret_line_of_a_key_and_its_passphrase_is_masked(private_key: str, tmp_path: Path) -> None:
    ssh = SshKey()
    material = await ssh.materialise(SshParams(passphrase=CANARY, private_key=private_key), tmp_path)
    await ssh.release(material)
    body = [line for line in private_key.splitlines() if not line.startswith("-----") and len(line) >= 8]
    assert len(body) > 3
    assert set(material.masks) == {CANARY, *body}


async def test_a_released_agent_keeps_no_key_in_memory(private_key: str, tmp_path: Path) -> None:
    def keys() -> int:
        gc.collect()
        return sum(type(thing).__name__ == "_Ed25519Key" for thing in gc.get_objects())

    before = keys()
    ssh = SshKey()
    material = await ssh.materialise(SshParams(passphrase=CANARY, private_key=private_key), tmp_path)
    assert keys() == before + 1
    await ssh.release(material)
    assert keys() == before


async def test_a_planted_link_is_not_written_through(tmp_path: Path) -> None:
    folder = tmp_path / "keys"
    folder.mkdir(mode=0o700)
    target = tmp_path / "target"
    (folder / "secret").symlink_to(target)
    (string,) = [kind for kind in hub_key_types() if kind.name == "string"]
    material = await string.materialise(StringParams(string=CANARY), folder)
    assert not target.exists()
    assert material.files["secret"].read_text() == CANARY
    assert not material.files["secret"].is_symlink()


async def test_nothing_secret_is_logged(private_key: str, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    ssh = SshKey()
    await ssh.release(await ssh.materialise(SshParams(passphrase=CANARY, private_key=private_key), tmp_path))
    hashed = await hash_password(CANARY)
    assert await verify_password(hashed, CANARY)
    assert CANARY not in hashed
    (tmp_path / "file").write_text(CANARY)
    assert await FileSecrets().read(FileParams(folder=tmp_path), str(tmp_path / "file")) == CANARY
    assert CANARY not in caplog.text
    assert CANARY not in Path(f"/proc/{os.getpid()}/cmdline").read_text(errors="replace")


async def test_a_secret_typed_where_a_name_belongs_is_not_repeated(tmp_path: Path) -> None:
    with pytest.raises(Refused) as from_file:
        await FileSecrets().read(FileParams(folder=tmp_path), CANARY)
    with pytest.raises(Refused) as from_env:
        await EnvSecrets().read(NoParams(), CANARY)
    for refusal in (from_file, from_env):
        assert CANARY not in repr(refusal.value) + str(refusal.value)
