"""E-mail, over any SMTP server: to addresses that are written down, and to people who wish alerts."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from email.message import EmailMessage
from email.utils import format_datetime, formataddr, make_msgid
from html import escape
from typing import Annotated, Final, Self

from pydantic import AfterValidator, Field, model_validator

from hub.plugin import Choice, Notice, Notifier, Params, PluginError, Refused, Secret, Words
from hub_notifiers import words

_ADDRESS: Final = re.compile(
    r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9](?:[A-Za-z0-9.-]{0,251}[A-Za-z0-9])?", re.ASCII
)
_HOST: Final = r"^[A-Za-z0-9](?:[A-Za-z0-9.:-]{0,251}[A-Za-z0-9])?$"
_MOST: Final = 100


def _address(text: str) -> str:
    if not _ADDRESS.fullmatch(text.strip()):
        raise ValueError("write an address such as hub@example.com")
    return text.strip()


def _addresses(several: tuple[str, ...]) -> tuple[str, ...]:
    if len(several) > _MOST:
        raise ValueError(f"write {_MOST} addresses at most")
    return tuple(dict.fromkeys(_address(one) for one in several))


class EmailParams(Params):
    to: Annotated[Words, AfterValidator(_addresses), Field(title="Recipients")] = ()
    """Addresses that always get it."""
    members: Annotated[bool, Field(title="Also to people who wish alerts")] = True
    """Members of the project, and administrators, who wish alerts (a switch in everybody's account)."""
    sender: Annotated[str, AfterValidator(_address)]
    """Address that it comes from."""
    host: Annotated[str, Field(pattern=_HOST, title="Mail server")]
    """Name of the SMTP server."""
    port: Annotated[int, Field(ge=1, le=65535)] = 587
    """Usually 587 with STARTTLS, 465 with TLS, 25 without either."""
    encryption: Annotated[
        str,
        Choice(
            {"starttls": "STARTTLS", "tls": "TLS from the first byte", "none": "None (only within one's own network)"}
        ),
    ] = "starttls"
    """The server's certificate is always checked."""
    username: Annotated[str, Field(max_length=255)] = ""
    """User name, where the server asks for one."""
    password: Secret | None = None
    """Its password."""

    @model_validator(mode="after")
    def _sound(self) -> Self:
        if not self.to and not self.members:
            raise ValueError("write an address, or send to members who wish alerts")
        if self.encryption == "none" and self.username and self.host not in {"localhost", "127.0.0.1", "::1"}:
            raise ValueError("a password is not sent without encryption; choose STARTTLS or TLS")
        return self


class Email(Notifier[EmailParams]):
    """E-mail."""

    name = "email"
    title = "E-mail"
    description = "Sends e-mail to addresses, and to members who wish alerts."
    params_type = EmailParams

    async def send(self, params: EmailParams, notice: Notice) -> None:
        """Send one message to everybody; people do not see who else gets it."""
        people = [one for one in notice.people if _ADDRESS.fullmatch(one)] if params.members else []
        everybody = list(dict.fromkeys([*params.to, *people]))
        if not everybody:
            raise Refused("There is nobody to write to: no address is written down, and nobody wishes alerts.")
        letter = _letter(params, notice)
        from hub_notifiers import smtp  # noqa: PLC0415 - the library is loaded when there is something to send

        try:
            refused = await smtp.deliver(params, notice, letter, everybody)
        except smtp.FAILURES as error:
            raise smtp.failure(params, error) from None
        if refused:
            raise PluginError(f"The mail server {params.host} refused {len(refused)} of {len(everybody)} addresses.")


def _letter(params: EmailParams, notice: Notice) -> EmailMessage:
    letter = EmailMessage()
    letter["Subject"] = " ".join(words.shortened(f"{words.sign(notice)} {notice.sentence}", 200).split())
    letter["From"] = formataddr(("Automation Hub", params.sender))
    letter["To"] = ", ".join(params.to) or "undisclosed-recipients:;"
    letter["Date"] = format_datetime(datetime.now(UTC))
    letter["Message-ID"] = make_msgid(domain=params.sender.rpartition("@")[2])
    letter["Auto-Submitted"] = "auto-generated"
    letter.set_content(plain(notice))
    letter.add_alternative(html(notice), subtype="html")
    return letter


def plain(notice: Notice) -> str:
    """Return the message for readers without HTML."""
    rows = [notice.sentence, "", *(f"{name}: {value}" for name, value in words.facts(notice))]
    return "\n".join([*rows, *(["", notice.url] if notice.url else [])]) + "\n"


def html(notice: Notice) -> str:
    """Return the message as HTML; every fact is escaped."""
    rows = "".join(
        f'<tr><td style="padding:2px 16px 2px 0;color:#667382">{escape(name)}</td><td>{escape(value)}</td></tr>'
        for name, value in words.facts(notice)
    )
    link = f'<p><a href="{escape(notice.url)}">Open in the hub</a></p>' if notice.url else ""
    return (
        f'<div style="font-family:sans-serif;border-left:4px solid {words.color(notice)};padding-left:12px">'
        f"<p><strong>{escape(notice.sentence)}</strong></p><table>{rows}</table>{link}</div>"
    )
