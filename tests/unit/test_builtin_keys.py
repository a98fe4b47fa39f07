"""What may be saved as a key, and what a program gets of it."""

from __future__ import annotations

import base64
import os
import stat
import struct
import subprocess
import sys
from pathlib import Path

import pytest
from asyncssh import SSHKey, generate_private_key
from pydantic import ValidationError

from hub.builtin import MODULES
from hub.builtin.keys import (
    LoginPasswordKey,
    LoginPasswordParams,
    NoKey,
    SshKey,
    SshParams,
    StringKey,
    StringParams,
    hub_key_types,
)
from hub.plugin import API_VERSION, NoParams, Refused


@pytest.fixture(scope="module")
def key() -> SSHKey:
    return generate_private_key("ssh-ed25519")


def exported(key: SSHKey, passphrase: str | None = None, form: str = "openssh") -> str:
    return key.export_private_key(form, passphrase).decode()


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_every_module_is_a_plugin_of_this_version() -> None:
    assert [module.__name__.rpartition(".")[2] for module in MODULES] == [
        "keys",
        "secret_backends",
        "disk_store",
        "webhooks",
    ]
    assert {module.HUB_API for module in MODULES} == {API_VERSION}


def test_naming_the_features_costs_no_import_of_heavy_libraries() -> None:
    heavy = "{'asyncssh', 'argon2', 'bcrypt', 'cryptography'}"
    code = f"import sys, hub.builtin as b, hub.services.passwords; b.MODULES; print({heavy} & set(sys.modules))"
    done = subprocess.run(
        [sys.executable, "-c", code], check=True, capture_output=True, text=True, env=dict(os.environ)
    )
    assert done.stdout.strip() == "set()"


def test_the_types_are_named_as_on_the_wire_and_show_the_login_only() -> None:
    offered = {kind.name: kind for kind in hub_key_types()}
    assert sorted(offered) == ["login_password", "none", "ssh", "string"]
    assert {name: kind.shown for name, kind in offered.items()} == {
        "none": (),
        "string": (),
        "login_password": ("login",),
        "ssh": ("login",),
    }
    for kind in offered.values():
        assert set(kind.shown) <= set(kind.params_type.model_fields)
        assert kind.title
        assert kind.description


def test_what_was_stored_long_ago_is_still_understood(key: SSHKey) -> None:
    assert SshParams.model_validate({"login": None, "passphrase": "", "private_key": ""}) == SshParams()
    assert LoginPasswordParams.model_validate({"login": "", "password": "token"}).password == "token"
    assert StringParams.model_validate({"string": None}).string == ""
    assert NoParams.model_validate({}) == NoParams()
    text = exported(key)
    stored = SshParams(login="root", private_key=text).model_dump_json()
    assert SshParams.model_validate_json(stored).private_key == text


@pytest.mark.parametrize(
    ("params", "members", "sentence"),
    [
        (LoginPasswordParams, {"login": "root"}, "A login needs its password."),
        (SshParams, {"login": "root"}, "An SSH key needs its private key."),
        (SshParams, {"passphrase": "x"}, "An SSH key needs its private key."),
        (SshParams, {"login": "root", "private_key": " \r\n "}, "An SSH key needs its private key."),
        (LoginPasswordParams, {"login": "-oProxyCommand=id", "password": "x"}, "must not begin with a dash"),
        (LoginPasswordParams, {"login": "root\nx", "password": "x"}, "must be a single line"),
        (SshParams, {"private_key": "x" * 20_001}, "at most 20000"),
        (StringParams, {"strings": "x"}, "Extra inputs"),
    ],
)
def test_half_a_key_is_refused_with_a_sentence(params, members, sentence) -> None:
    with pytest.raises(ValidationError, match=sentence):
        params.model_validate(members)


def test_a_pasted_key_gets_its_line_ends_right(key: SSHKey) -> None:
    clean = exported(key)
    windows = clean.replace("\n", "\r\n")
    for pasted in (windows, clean.strip(), f"\ufeff\n\n  {windows}  \n", clean.replace("\n", "\r"), "  " + clean):
        assert SshParams(private_key=pasted).private_key == clean


@pytest.mark.parametrize("form", ["openssh", "pkcs1-pem", "pkcs8-pem"])
@pytest.mark.parametrize("passphrase", [None, "right"])
async def test_every_usual_format_may_be_saved(form: str, passphrase: str | None) -> None:
    ecdsa = generate_private_key("ecdsa-sha2-nistp256")
    await SshKey().check(SshParams(passphrase=passphrase or "", private_key=exported(ecdsa, passphrase, form)))


@pytest.mark.parametrize("form", ["openssh", "pkcs1-pem", "pkcs8-pem"])
async def test_a_wrong_or_missing_passphrase_is_told_when_saving(form: str) -> None:
    text = exported(generate_private_key("ecdsa-sha2-nistp256"), "right", form)
    with pytest.raises(Refused, match="The passphrase does not open this private key"):
        await SshKey().check(SshParams(passphrase="wrong", private_key=text))
    with pytest.raises(Refused, match="protected by a passphrase"):
        await SshKey().check(SshParams(private_key=text))


async def test_a_needless_passphrase_and_an_empty_key_may_be_saved(key: SSHKey) -> None:
    await SshKey().check(SshParams(passphrase="needless", private_key=exported(key)))
    await SshKey().check(SshParams())
    await StringKey().check(StringParams())


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("nonsense", "not a private SSH key"),
        ("ключ", "not a private SSH key"),
        ("-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA", "not a private SSH key"),
        ("-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n-----END OPENSSH PRIVATE KEY-----", "not a private SSH key"),
        ("-----BEGIN RSA PRIVATE KEY-----\nMIIB\n-----END RSA PRIVATE KEY-----", "not a private SSH key"),
        ("ssh-ed25519 AAAAC3NzaC1lZDI1NTE5 me@here", "This is a public key"),
        ("-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----", "This is a public key"),
        ("PuTTY-User-Key-File-3: ssh-ed25519\nEncryption: none", "This is a PuTTY key"),
    ],
)
async def test_what_is_no_private_key_is_told_when_saving(text: str, sentence: str) -> None:
    with pytest.raises(Refused, match=sentence):
        await SshKey().check(SshParams(private_key=text))


async def test_a_key_of_a_hardware_token_is_refused() -> None:
    from asyncssh.packet import String, UInt32

    kind = b"sk-ssh-ed25519@openssh.com"
    body = bytes(8) + String(kind) + String(bytes(32)) + String("ssh:") + b"\x01" + String("handle") + String("")
    body += String("comment")
    body += bytes(range(1, 9 - len(body) % 8)) if len(body) % 8 else b""
    data = b"openssh-key-v1\0" + String("none") + String("none") + String("") + UInt32(1) + String("") + String(body)
    text = f"-----BEGIN OPENSSH PRIVATE KEY-----\n{base64.b64encode(data).decode()}\n-----END OPENSSH PRIVATE KEY-----"
    with pytest.raises(Refused, match="hardware token"):
        await SshKey().check(SshParams(private_key=text))


async def test_a_key_that_would_take_hours_to_open_is_refused_at_once(key: SSHKey) -> None:
    text = exported(key, "right")
    data = base64.b64decode("".join(text.splitlines()[1:-1]))
    head, found, tail = data.partition(struct.pack(">I", 16) + data[data.index(b"bcrypt") + 14 :][:16])
    assert found
    dear = base64.b64encode(head + found + struct.pack(">I", 0xFFFFFFFF) + tail[4:]).decode()
    frame = "-----{} OPENSSH PRIVATE KEY-----"
    with pytest.raises(Refused, match="too many rounds"):
        await SshKey().check(
            SshParams(passphrase="right", private_key=f"{frame.format('BEGIN')}\n{dear}\n{frame.format('END')}\n")
        )


async def test_a_pkcs8_key_that_would_take_hours_to_open_is_refused_at_once() -> None:
    from asyncssh.asn1 import der_decode, der_encode

    text = exported(generate_private_key("ecdsa-sha2-nistp256"), "right", "pkcs8-pem")
    outer = der_decode(base64.b64decode("".join(text.splitlines()[1:-1])))
    (scheme, ((derivation, (salt, _count, *rest)), cipher)), sealed = outer
    raised = ((scheme, ((derivation, (salt, 2**31, *rest)), cipher)), sealed)
    body = base64.b64encode(der_encode(raised)).decode()
    frame = "-----{} ENCRYPTED PRIVATE KEY-----"
    with pytest.raises(Refused, match="too many rounds"):
        await SshKey().check(
            SshParams(passphrase="right", private_key=f"{frame.format('BEGIN')}\n{body}\n{frame.format('END')}\n")
        )


async def test_none_is_nothing(tmp_path: Path) -> None:
    material = await NoKey().materialise(NoParams(), tmp_path)
    assert not material.login
    assert not material.files
    assert not material.env
    assert not material.masks
    await NoKey().release(material)


async def test_a_secret_text_is_a_private_file_with_exactly_that_text(tmp_path: Path) -> None:
    folder = tmp_path / "keys"
    material = await StringKey().materialise(StringParams(string="  tøken\nsecond line "), folder)
    assert material.files["secret"].read_text() == "  tøken\nsecond line "
    assert mode(material.files["secret"]) == 0o600
    assert mode(folder) == 0o700
    assert material.masks == ("  tøken\nsecond line ",)


async def test_two_keys_of_one_type_do_not_overwrite_each_other(tmp_path: Path) -> None:
    one = await StringKey().materialise(StringParams(string="one"), tmp_path)
    two = await StringKey().materialise(StringParams(string="two"), tmp_path)
    assert one.files["secret"].read_text() == "one"
    assert two.files["secret"].read_text() == "two"


async def test_a_login_keeps_its_password_in_a_private_file(tmp_path: Path) -> None:
    material = await LoginPasswordKey().materialise(LoginPasswordParams(login="root", password="hush"), tmp_path)
    assert material.login == "root"
    assert material.files["password"].read_text() == "hush"
    assert mode(material.files["password"]) == 0o600
    assert material.masks == ("hush",)


async def test_a_login_without_anything_is_no_credential(tmp_path: Path) -> None:
    material = await LoginPasswordKey().materialise(LoginPasswordParams(), tmp_path)
    assert not material.files
    assert not material.masks


async def test_an_empty_secret_says_where_to_fill_it_in(tmp_path: Path) -> None:
    with pytest.raises(Refused, match="holds no secret yet"):
        await StringKey().materialise(StringParams(), tmp_path)
    with pytest.raises(Refused, match="holds no private key yet"):
        await SshKey().materialise(SshParams(), tmp_path)
    assert list(tmp_path.iterdir()) == []


async def test_a_wrong_key_that_was_stored_elsewhere_fails_with_the_same_sentence(tmp_path: Path) -> None:
    with pytest.raises(Refused, match="not a private SSH key"):
        await SshKey().materialise(SshParams(private_key="from an environment variable"), tmp_path)


def test_the_form_hides_what_is_secret() -> None:
    fields = SshParams.model_json_schema()["properties"]
    assert fields["passphrase"]["format"] == "password"
    assert fields["private_key"]["x-widget"] == "text"
    assert fields["private_key"]["writeOnly"]
    assert "format" not in fields["login"]
    assert fields["login"]["description"]
