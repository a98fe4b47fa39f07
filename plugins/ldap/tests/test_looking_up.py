"""Looking people up again in a real slapd, without their passwords."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
from hub_ldap.params import LdapParams
from hub_ldap.people import _is_called
from hub_ldap.provider import LdapProvider

from hub.plugin import Identity, NotReady
from hub.testing.ldap_server import SUFFIX, LdapServer, ldap_server


def person(name: str) -> str:
    return (
        f"dn: uid={name},ou=people,{SUFFIX}\nobjectClass: inetOrgPerson\nuid: {name}\ncn: {name.title()}\nsn: X\n"
        f"userPassword: {name}-secret\n"
    )


JANE = f"dn: uid=jane,ou=people,{SUFFIX}\n"


@pytest.fixture
async def server() -> AsyncIterator[LdapServer]:
    async with ldap_server() as one:
        await one.add(person("jane"))
        group = f"dn: cn=ops,ou=groups,{SUFFIX}\nobjectClass: groupOfNames\ncn: ops\n"
        await one.add(f"{group}member: uid=jane,ou=people,{SUFFIX}\n")
        yield one


def params(server: LdapServer, **more: Any) -> LdapParams:
    return LdapParams.model_validate(server.settings() | {"groups": {"base": f"ou=groups,{SUFFIX}"}} | more)


async def signed_in(told: LdapParams) -> Identity:
    identity = await LdapProvider().check(told, "jane", "jane-secret")
    assert identity is not None
    return identity


async def test_somebody_is_found_as_they_signed_in(server: LdapServer) -> None:
    told = params(server)
    before = await signed_in(told)
    assert await LdapProvider().look_up(told, "jane", before.subject) == before
    assert "ops" in before.groups


async def test_somebody_who_was_renamed_is_found_and_their_old_name_is_nobody_else(server: LdapServer) -> None:
    told = params(server)
    subject = (await signed_in(told)).subject
    await server.add(f"{JANE}changetype: modrdn\nnewrdn: uid=janet\ndeleteoldrdn: 1\n")
    await server.add(person("jane"))  # another person under the old name
    found = await LdapProvider().look_up(told, "jane", subject)
    assert found is not None
    assert (found.username, found.subject) == ("janet", subject)


async def test_somebody_who_is_gone_or_whom_the_filter_leaves_out_is_not_found(server: LdapServer) -> None:
    told = params(server)
    subject = (await signed_in(told)).subject
    narrow = params(server, filter="(&(objectClass=person)(uid={username})(!(sn=X)))")
    assert await LdapProvider().look_up(narrow, "jane", subject) is None
    await server.add(f"{JANE}changetype: delete\n")
    assert await LdapProvider().look_up(told, "jane", subject) is None
    for odd in ("", "*", "*)(uid=*", "uid=jane,ou=people"):
        assert await LdapProvider().look_up(told, odd, odd) is None


async def test_without_an_account_that_searches_nobody_can_be_looked_up(server: LdapServer) -> None:
    provider, direct = LdapProvider(), f"uid={{username}},ou=people,{SUFFIX}"
    assert provider.can_look_up(params(server))
    assert provider.can_look_up(params(server, user_dn=direct))
    assert not provider.can_look_up(params(server, user_dn=direct, bind_dn="", bind_password=""))
    assert not provider.can_look_up(LdapParams())
    with pytest.raises(NotReady):
        await provider.look_up(params(server, bind_password="wrong"), "jane", "x")


def test_active_directory_is_asked_for_its_own_form_of_a_guid() -> None:
    guid = "00112233-4455-6677-8899-aabbccddeeff"
    bytes_of_it = r"\33\22\11\00\55\44\77\66\88\99\aa\bb\cc\dd\ee\ff"
    assert _is_called("objectGUID", guid) == f"(objectGUID={bytes_of_it})"
    assert _is_called("entryUUID", guid) == f"(entryUUID={guid})"
    assert _is_called("objectGUID", "a*)") == r"(objectGUID=a\2a\29)"
