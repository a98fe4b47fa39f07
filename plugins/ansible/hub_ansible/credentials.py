"""Keys of the key store as flags and environment of Ansible: names of files, never what is in them."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from hub.plugin import InventoryView, Material, RepositoryView, TaskIO, VaultView
from hub_ansible.unfit import Unfit


@dataclass(frozen=True, slots=True)
class Login:
    """How hosts are reached."""

    flags: Sequence[str] = ()
    env: Mapping[str, str] = field(default_factory=dict)


async def user_login(inventory: InventoryView, io: TaskIO) -> Login:
    """Return flags and environment for the inventory's user key."""
    if inventory.user_key is None:
        return Login()
    material = await io.key(inventory.user_key)
    flags = _login_flag("--user", material.login)
    if "password" in material.files:
        flags += ["--connection-password-file", str(material.files["password"])]
    elif "private_key" in material.files and "SSH_AUTH_SOCK" not in material.env:
        flags += ["--private-key", str(material.files["private_key"])]
    elif "secret" in material.files:
        raise Unfit(f"The user key of the inventory “{inventory.name}” must be an SSH key or a login with a password.")
    return Login(flags, material.env)


async def become_flags(inventory: InventoryView, io: TaskIO) -> Sequence[str]:
    """Return flags for the inventory's become key."""
    if inventory.become_key is None:
        return ()
    material = await io.key(inventory.become_key)
    if _is_other_than_password(material):
        raise Unfit(f"The become key of the inventory “{inventory.name}” must be a login with a password.")
    flags = _login_flag("--become-user", material.login)
    if "password" in material.files:
        flags += ["--become-password-file", str(material.files["password"])]
    return flags


async def vault_files(vaults: Sequence[VaultView], repository: RepositoryView, io: TaskIO) -> Sequence[tuple[str, str]]:
    """Return each vault id with the file or script that gives its password."""
    files: list[tuple[str, str]] = []
    for vault in vaults:
        name = vault_id(vault)
        if name in {known for known, _ in files}:
            raise Unfit(f"Two vaults of this template have the id “{name}”; give each its own name.")
        if vault.type == "script":
            files.append((name, str(_script(vault, repository.path))))
        else:
            files.append((name, str(await _password_file(vault, name, io))))
    return files


def vault_id(vault: VaultView) -> str:
    """Return the id under which Ansible knows the vault."""
    name = vault.name.strip() or "default"
    if "@" in name or not name.isprintable():
        raise Unfit(f"The vault id {name!r} cannot be used: it must not hold “@” or control characters.")
    return name


async def _password_file(vault: VaultView, name: str, io: TaskIO) -> Path:
    if vault.key is None:
        raise Unfit(f"The vault “{name}” has no key; choose one in the template.")
    files = (await io.key(vault.key)).files
    if found := files.get("password") or files.get("secret"):
        return found
    raise Unfit(f"The key of the vault “{name}” must be a login with a password, or a secret text.")


def _script(vault: VaultView, root: Path) -> Path:
    script = vault.script or ""
    path = (root / script).resolve()
    if not script or not path.is_relative_to(root.resolve()) or not path.is_file():
        raise Unfit(f"The vault script “{script}” is not a file of the repository.")
    if not os.access(path, os.X_OK):
        # Ansible would take the text of a file that is not executable as the password itself.
        raise Unfit(f"The vault script “{script}” is not executable; set its mode in git with `git add --chmod=+x`.")
    # The name decides whether Ansible tells the script an id (`…-client`), so a link keeps its own.
    return root / script


def _login_flag(flag: str, login: str) -> list[str]:
    if not login:
        return []
    if login.startswith("-") or not login.isprintable():
        raise Unfit(f"The login {login!r} of a key cannot be used with {flag}.")
    return [flag, login]


def _is_other_than_password(material: Material) -> bool:
    return bool({"private_key", "secret"} & set(material.files)) or "SSH_AUTH_SOCK" in material.env
