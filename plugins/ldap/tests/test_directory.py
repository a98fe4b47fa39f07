"""Signing in against a real slapd: encryption, failover, filters, groups, and what must never let anybody in."""

from __future__ import annotations

import asyncio
import socket
import uuid
from collections.abc import AsyncIterator
from typing import Any

import pytest
from hub_ldap.params import LdapParams
from hub_ldap.people import _is_disabled, _subject
from hub_ldap.provider import LdapProvider
from hub_ldap.session import Entry
from pydantic import ValidationError

from hub.plugin import AuthRejected, Identity, NotReady
from hub.testing.ldap_server import ADMIN, SUFFIX, LdapServer, ldap_server

PEOPLE = f"""\
dn: uid=jane,ou=people,{SUFFIX}
objectClass: inetOrgPerson
uid: jane
cn: Jane Doe
sn: Doe
displayName: Jane D.
mail: Jane@Example.org
userPassword: jane-secret

dn: uid=bob,ou=people,{SUFFIX}
objectClass: inetOrgPerson
uid: bob
cn: Bob
sn: B
userPassword: bob-secret

dn: cn=ops,ou=groups,{SUFFIX}
objectClass: groupOfNames
cn: ops
member: uid=jane,ou=people,{SUFFIX}

dn: cn=staff,ou=groups,{SUFFIX}
objectClass: groupOfNames
cn: staff
member: cn=ops,ou=groups,{SUFFIX}

dn: cn=round,ou=groups,{SUFFIX}
objectClass: groupOfNames
cn: round
member: cn=staff,ou=groups,{SUFFIX}
member: cn=round,ou=groups,{SUFFIX}

dn: cn=unique,ou=groups,{SUFFIX}
objectClass: groupOfUniqueNames
cn: unique
uniqueMember: uid=jane,ou=people,{SUFFIX}

dn: cn=unix,ou=groups,{SUFFIX}
objectClass: posixGroup
cn: unix
gidNumber: 500
memberUid: jane

dn: cn=others,ou=groups,{SUFFIX}
objectClass: groupOfNames
cn: others
member: uid=bob,ou=people,{SUFFIX}
"""


@pytest.fixture
async def server() -> AsyncIterator[LdapServer]:
    async with ldap_server() as one:
        await one.add(PEOPLE)
        yield one


def params(server: LdapServer, **more: Any) -> LdapParams:
    return LdapParams.model_validate(server.settings() | {"groups": {"base": f"ou=groups,{SUFFIX}"}} | more)


async def check(told: LdapParams, username: str = "jane", password: str = "jane-secret") -> Identity | None:
    return await LdapProvider().check(told, username, password)


def short(identity: Identity | None) -> set[str]:
    assert identity is not None
    return {name for name in identity.groups if "=" not in name}


async def test_somebody_signs_in_encrypted_from_the_start_or_by_starttls(server: LdapServer) -> None:
    for address in (server.ldaps, server.ldap):
        identity = await check(params(server, servers=[address]))
        assert identity is not None
        assert (identity.username, identity.name, identity.email) == ("jane", "Jane D.", "Jane@Example.org")
        assert uuid.UUID(identity.subject)
        assert identity.email_verified


async def test_unknown_names_wrong_and_empty_passwords_are_told_apart(server: LdapServer) -> None:
    told = params(server)
    assert await check(told, "nobody") is None
    for password in ("wrong", "", "jane-secret\0", "é" * 300):
        with pytest.raises(AuthRejected):
            await check(told, "jane", password)


async def test_an_empty_password_never_reaches_the_directory(server: LdapServer) -> None:
    """It would say yes, as to anybody who asks without a name: an unauthenticated bind succeeds here."""
    for told in (params(server), params(server, user_dn=f"uid={{username}},ou=people,{SUFFIX}")):
        with pytest.raises(AuthRejected):
            await check(told, "jane", "")


@pytest.mark.parametrize(
    "name", ["*", "j*", "jane)(uid=*", "*)(|(uid=jane", "jane\\2a", "(", "\\", "uid=jane", "jane\0", "jane)(&", "é"]
)
async def test_a_name_never_becomes_part_of_the_filter(server: LdapServer, name: str) -> None:
    assert await check(params(server), name, "jane-secret") is None


@pytest.mark.parametrize("name", ["jane,ou=people", "bob+uid=jane", "jane\\,x", "#6a616e65", " jane", '"jane"'])
async def test_a_name_never_becomes_part_of_a_dn(server: LdapServer, name: str) -> None:
    told = params(server, user_dn=f"uid={{username}},ou=people,{SUFFIX}")
    with pytest.raises((AuthRejected, NotReady)):
        await check(told, name, "jane-secret")


async def test_people_sign_in_without_an_account_for_searches(server: LdapServer) -> None:
    told = params(server, user_dn=f"uid={{username}},ou=people,{SUFFIX}", bind_dn="", bind_password="")
    identity = await check(told)
    assert identity is not None
    assert (identity.username, "ops" in identity.groups) == ("jane", True)
    with pytest.raises(AuthRejected):
        await check(told, "jane", "wrong")


async def test_who_signs_in_directly_is_the_one_who_is_found(server: LdapServer) -> None:
    """A filter that finds somebody else than the one who proved a password lets nobody in."""
    told = params(server, user_dn=f"uid={{username}},ou=people,{SUFFIX}", filter="(&(uid=bob)(!(cn={username})))")
    with pytest.raises(NotReady, match="does not find"):
        await check(told)


async def test_groups_are_found_by_every_kind_of_list_and_through_other_groups(server: LdapServer) -> None:
    identity = await check(params(server))
    assert short(identity) == {"ops", "staff", "round", "unique", "unix"}
    assert identity is not None
    assert f"cn=ops,ou=groups,{SUFFIX}" in identity.groups
    flat = params(server, groups={"base": f"ou=groups,{SUFFIX}", "nested": False})
    assert short(await check(flat)) == {"ops", "unique", "unix"}


async def test_without_a_base_the_entry_tells_its_groups(server: LdapServer) -> None:
    assert short(await check(params(server, groups={}))) == {"ops"}


async def test_losing_a_group_shows_at_the_next_sign_in(server: LdapServer) -> None:
    await server.add(f"dn: cn=ops,ou=groups,{SUFFIX}\nchangetype: delete\n")
    assert short(await check(params(server))) == {"unique", "unix"}


async def test_a_certificate_that_nobody_vouches_for_is_refused(server: LdapServer) -> None:
    for address in (server.ldaps, server.ldap):
        with pytest.raises(NotReady):
            await check(params(server, servers=[address], ca_file=None))
        assert await check(params(server, servers=[address], ca_file=None, verify=False))


async def test_a_certificate_for_another_name_is_refused(server: LdapServer) -> None:
    for address in (f"ldaps://localhost:{server.secure}", f"ldap://localhost:{server.plain}"):
        with pytest.raises(NotReady):
            await check(params(server, servers=[address]))


async def test_the_next_server_is_asked_when_one_is_away(server: LdapServer) -> None:
    provider, told = LdapProvider(), params(server, servers=["ldaps://127.0.0.1:1", server.ldaps])
    for _ in range(2):
        assert await provider.check(told, "jane", "jane-secret")
    assert provider._people._servers.in_order(told) == [server.ldaps, "ldaps://127.0.0.1:1"]


async def test_a_wrong_password_is_not_tried_at_the_next_server(server: LdapServer) -> None:
    with pytest.raises(AuthRejected):
        await check(params(server, servers=[server.ldaps, "ldaps://127.0.0.1:1"]), "jane", "wrong")


async def test_a_directory_that_is_down_is_told_as_that(server: LdapServer) -> None:
    await server.stop()
    with pytest.raises(NotReady, match="does not answer"):
        await check(params(server))


async def test_a_directory_that_is_silent_is_not_waited_for_long() -> None:
    with socket.socket() as deaf:
        deaf.bind(("127.0.0.1", 0))
        deaf.listen()
        told = LdapParams.model_validate(
            {"servers": [f"ldap://127.0.0.1:{deaf.getsockname()[1]}"], "base": SUFFIX, "timeout": 1}
        )
        async with asyncio.timeout(10):
            with pytest.raises(NotReady):
                await check(told)


async def test_a_wrong_account_for_searches_is_no_wrong_password_of_a_person(server: LdapServer) -> None:
    with pytest.raises(NotReady, match="bind_dn"):
        await check(params(server, bind_password="wrong"))


async def test_two_people_of_one_name_are_nobody(server: LdapServer) -> None:
    with pytest.raises(NotReady, match="more than one"):
        await check(params(server, filter="(|(uid={username})(uid=bob))"))


async def test_nobody_is_asked_where_no_server_is_set_up() -> None:
    assert await check(LdapParams()) is None


def test_disabled_accounts_are_known_by_their_flags() -> None:
    for name, value, disabled in (
        ("useraccountcontrol", b"514", True), ("useraccountcontrol", b"512", False), ("nsaccountlock", b"TRUE", True),
        ("nsaccountlock", b"false", False), ("logindisabled", b"TRUE", True), ("cn", b"514", False),
    ):  # fmt: skip
        assert _is_disabled(Entry("cn=x", {name: [value]})) is disabled


def test_the_subject_of_active_directory_is_its_guid() -> None:
    value = uuid.uuid4()
    assert _subject(Entry("cn=x", {"objectguid": [value.bytes_le]}), "entryUUID|objectGUID") == str(value)
    assert _subject(Entry("CN=x", {}), "entryUUID") == "cn=x"


@pytest.mark.parametrize(
    "wrong",
    [
        {"start_tls": False, "servers": ["ldap://h"]}, {"servers": ["http://h"]}, {"servers": ["ldap://"]},
        {"filter": "(uid=jane)"}, {"bind_password": ""}, {"base": ""}, {"user_dn": "uid=jane"},
        {"groups": {"filter": "objectClass=group"}}, {"unknown": 1}, {"timeout": 0},
    ],
    ids=str,
)  # fmt: skip
def test_settings_that_would_be_unsafe_or_never_work_are_refused(wrong: dict[str, Any]) -> None:
    fine = {"servers": ["ldaps://h"], "base": SUFFIX, "bind_dn": ADMIN, "bind_password": "x", "filter": "(uid=%s)"}
    assert LdapParams.model_validate(fine).filter == "(uid={username})"
    assert "x" not in repr(LdapParams.model_validate(fine).bind_password)
    with pytest.raises(ValidationError):
        LdapParams.model_validate(fine | wrong)
