"""The first administrator, made when a hub has nobody yet."""

from __future__ import annotations

import secrets
import sys

from hub.context import Hub
from hub.db import exclusive, unit
from hub.errors import SettingsError
from hub.models import User
from hub.services.passwords import hash_password

PEOPLE = "people"
"""Name of the lock under which people are counted, compared and changed."""


async def make_first_administrator(hub: Hub) -> None:
    """Make one when there is no user; a password that nobody chose is generated and shown this once."""
    if await User.exists():
        return
    settings = hub.settings
    login, email = settings.admin_login.strip().lower(), settings.admin_email.strip().lower()
    if not login or not email:
        raise SettingsError("The first administrator needs a login and an address: set HUB_ADMIN_LOGIN and _EMAIL.")
    password = settings.admin_password or secrets.token_urlsafe(15)
    hashed = await hash_password(password)

    async def work() -> bool:
        await exclusive(PEOPLE)
        if await User.exists():
            return False  # another node was first
        now = hub.clock().replace(microsecond=0)
        await User.create(created=now, username=login, name=settings.admin_login.strip(), email=email,
                          password_hash=hashed, admin=True)  # fmt: skip
        return True

    if await unit(work) and not settings.admin_password:
        _show(login, password)


def _show(login: str, password: str) -> None:
    """Write to the terminal and not to the log, which other programs collect and keep."""
    rule = "=" * 72
    sys.stderr.write(
        f"\n{rule}\nThe first administrator was made.\n\n    Login:     {login}\n    Password:  {password}\n\n"
        f"The password is shown this once. Change it after signing in.\n{rule}\n\n"
    )
    sys.stderr.flush()
