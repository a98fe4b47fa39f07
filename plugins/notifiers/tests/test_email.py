"""E-mail, over a server that really speaks SMTP."""

from __future__ import annotations

import ssl
from dataclasses import replace
from typing import Any

import pytest
from hub_notifiers.email import Email, EmailParams
from pydantic import ValidationError

from hub.plugin import NotReady, PluginError, Refused

from . import receivers

BASIC = {"to": ["ops@example.com"], "sender": "hub@example.com", "host": "localhost"}


def params(server: receivers.MailServer, **members: Any) -> EmailParams:
    return EmailParams(**{**BASIC, "port": server.port, "encryption": "none", **members})


async def test_a_letter_goes_to_addresses_and_people_who_do_not_see_each_other(notice: Any) -> None:
    async with receivers.mail() as server:
        people = ("ann@example.com", "ops@example.com", "bad\r\nBcc: x@example.com")
        await Email().send(params(server), replace(notice(), people=people))
    [(sender, recipients, letter)] = server.letters
    assert (sender, recipients) == ("hub@example.com", ["ops@example.com", "ann@example.com"])
    assert letter["To"] == "ops@example.com"
    assert "ann@example.com" not in letter.as_string()
    assert letter["Subject"] == "❌ Deploy <shop> & *co* failed: task 12 in @all [x](y)."
    html = letter.get_body(("html",)).get_content()
    plain = letter.get_body(("plain",)).get_content()
    assert "Deploy &lt;shop&gt; &amp; *co*" in html
    assert "<shop>" not in html
    assert "https://hub.example.com/project/7/tasks/12" in plain


@pytest.mark.usefixtures("trusted")
@pytest.mark.parametrize("encryption", ["starttls", "tls"])
async def test_name_and_password_go_encrypted_to_a_server_that_proved_who_it_is(
    notice: Any, trust: ssl.SSLContext, encryption: str
) -> None:
    async with receivers.mail(trust, implicit=encryption == "tls", login=("hub", "pässword")) as server:
        given = params(server, encryption=encryption, username="hub", password=1)
        await Email().send(given, notice(password="pässword"))
        with pytest.raises(PluginError, match="refused the user name or the password") as raised:
            await Email().send(given, notice(password="wr0ng"))
    assert "wr0ng" not in str(raised.value)
    assert (len(server.letters), server.encrypted) == (1, [True])


@pytest.mark.parametrize("encryption", ["starttls", "tls"])
async def test_a_server_with_a_strange_certificate_gets_nothing(
    notice: Any, trust: ssl.SSLContext, encryption: str
) -> None:
    async with receivers.mail(trust, implicit=encryption == "tls", login=("hub", "pw")) as server:
        with pytest.raises(NotReady, match="certificate"):
            await Email().send(params(server, encryption=encryption, username="hub"), notice(password="pw"))
    assert server.letters == []


async def test_a_server_that_cannot_encrypt_gets_nothing_when_that_is_wanted(notice: Any) -> None:
    async with receivers.mail(login=("hub", "pw")) as server:
        with pytest.raises(PluginError, match="encryption"):
            await Email().send(params(server, encryption="starttls", username="hub"), notice(password="pw"))
    assert server.letters == []


@pytest.mark.parametrize(("code", "kind"), [(450, NotReady), (550, PluginError)])
async def test_refused_addresses_pass_or_do_not_by_their_code(notice: Any, code: int, kind: type[PluginError]) -> None:
    async with receivers.mail(refuses={"ops@example.com": code}) as server:
        with pytest.raises(PluginError) as raised:
            await Email().send(params(server), notice())
    assert type(raised.value) is kind


async def test_who_was_refused_beside_others_is_told_and_not_repeated(notice: Any) -> None:
    async with receivers.mail(refuses={"gone@example.com": 450}) as server:
        given = params(server, to=["ops@example.com", "gone@example.com"])
        with pytest.raises(PluginError, match="1 of 2") as raised:
            await Email().send(given, notice())
    assert (type(raised.value), server.letters[0][1]) == (PluginError, ["ops@example.com"])


async def test_a_channel_of_a_project_connects_to_no_inner_mail_server(notice: Any) -> None:
    async with receivers.mail() as server:
        with pytest.raises(PluginError, match="HUB_NOTIFY_NETWORKS"):
            await Email().send(params(server), replace(notice(), inside=False))
    assert server.letters == []


async def test_where_nobody_wishes_alerts_nobody_is_written_to(notice: Any) -> None:
    async with receivers.mail() as server:
        given = params(server, to=[])
        with pytest.raises(Refused, match="nobody to write to"):
            await Email().send(given, notice())
    assert server.letters == []


@pytest.mark.parametrize(
    "wrong",
    [
        {"to": ["x"]}, {"sender": "a@b\r\nBcc: c@d"}, {"host": "a b"}, {"to": [], "members": False},
        {"encryption": "none", "username": "hub", "host": "mail.example.com"},
    ],
)  # fmt: skip
def test_params_that_could_not_work_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        EmailParams(**{**BASIC, **wrong})
