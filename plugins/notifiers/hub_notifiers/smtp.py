"""Hands a letter to an SMTP server whose address was checked, and tells what came of it."""

from __future__ import annotations

import asyncio
import ipaddress
import re
import socket
import ssl
from collections.abc import Sequence
from contextlib import suppress
from email.message import EmailMessage
from typing import TYPE_CHECKING, Final

import aiosmtplib

from hub.plugin import Notice, NotReady, PluginError
from hub_notifiers import egress

if TYPE_CHECKING:
    from hub_notifiers.email import EmailParams

SECONDS: Final = 10.0
"""How long the server may take for each step."""
FAILURES: Final = (aiosmtplib.SMTPException, OSError, ValueError)
"""What `deliver` may raise."""


async def deliver(params: EmailParams, notice: Notice, letter: EmailMessage, everybody: Sequence[str]) -> Sequence[str]:
    """Return the addresses that were refused, where others were taken. Raises what is in `FAILURES`."""
    trust = ssl.create_default_context()
    server = aiosmtplib.SMTP(
        hostname=params.host, timeout=SECONDS, tls_context=trust, local_hostname=_own_name(),
        use_tls=params.encryption == "tls", start_tls=params.encryption == "starttls",
    )  # fmt: skip
    connection = await _connected(params, notice)
    try:
        await server.connect(sock=connection)  # which closes it, too
        if params.username:
            await server.login(params.username, notice.secrets.get("password", ""))
        refused, _ = await server.send_message(letter, sender=params.sender, recipients=list(everybody))
        with suppress(aiosmtplib.SMTPException, OSError):  # the letter was taken, whatever becomes of the good-bye
            await server.quit()
    finally:
        server.close()
    return list(refused)


async def _connected(params: EmailParams, notice: Notice) -> socket.socket:
    """Return a connection to an address that was checked."""
    loop = asyncio.get_running_loop()
    for place in await egress.places("e-mail", params.host, params.port, inside=notice.inside):
        family = socket.AF_INET6 if ipaddress.ip_address(place).version == 6 else socket.AF_INET
        connection = socket.socket(family, socket.SOCK_STREAM)
        connection.settimeout(0)
        try:
            await asyncio.wait_for(loop.sock_connect(connection, (place, params.port)), SECONDS)
        except OSError:  # TimeoutError is one
            connection.close()
        except BaseException:
            connection.close()
            raise
        else:
            return connection
    raise NotReady(f"The mail server {params.host} could not be connected to on port {params.port}.")


def failure(params: EmailParams, error: Exception) -> PluginError:
    """Return what to raise for one of `FAILURES`, in a sentence."""
    who = f"The mail server {params.host}"
    if isinstance(error, aiosmtplib.SMTPAuthenticationError):
        return PluginError(f"{who} refused the user name or the password.")
    if isinstance(error, aiosmtplib.SMTPRecipientsRefused):
        passing = all(400 <= one.code < 500 for one in error.recipients)
        return (NotReady if passing else PluginError)(f"{who} refused every address.")
    if isinstance(error, aiosmtplib.SMTPResponseException):
        if 400 <= error.code < 500:
            return NotReady(f"{who} does not take the message now (code {error.code}).")
        return PluginError(f"{who} refused the message (code {error.code}).")
    if "CERTIFICATE_VERIFY_FAILED" in str(error):
        return NotReady(f"{who} has a certificate that is not trusted here, or that is not its own.")
    if isinstance(error, ValueError) or type(error) in {aiosmtplib.SMTPException, aiosmtplib.SMTPNotSupported}:
        return PluginError(f"{who} cannot do what is wanted: check the encryption and the user name.")
    return NotReady(f"The connection to the mail server {params.host} failed ({type(error).__name__}).")


def _own_name() -> str:
    name = socket.gethostname()
    return name if re.fullmatch(r"[A-Za-z0-9.-]{1,255}", name, re.ASCII) else "localhost"
