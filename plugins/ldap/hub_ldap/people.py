"""Finds a person in a directory, checks the password by signing in as them, and reads their groups."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Final

from hub.plugin import AuthRejected, Identity, NotReady
from hub_ldap.groups import groups_of
from hub_ldap.library import escape_filter_chars, escape_rdn, exceptions, safe_dn
from hub_ldap.params import LdapParams
from hub_ldap.refusals import SORRY
from hub_ldap.session import Entry, Refused, Servers, Session, bound

_STATE: Final = ("userAccountControl", "nsAccountLock", "loginDisabled", "userPrincipalName", "memberOf")
_DISABLED: Final = 0x2
"""Bit of Active Directory's userAccountControl."""


class People:
    """The people of all directories; which server is away is remembered for a while."""

    def __init__(self) -> None:
        self._servers = Servers()

    def check(self, params: LdapParams, username: str, password: str) -> Identity | None:
        """Return who it is; the first server that answers decides."""
        return self._ask(params, partial(_identity_at, username=username, password=password))

    def look_up(self, params: LdapParams, username: str, subject: str) -> Identity | None:
        """Return who it is today; found by name, and when they were renamed, by what never changes."""
        return self._ask(params, partial(_looked_up, username=username, subject=subject))

    def _ask(self, params: LdapParams, at: Callable[[str, LdapParams], Identity | None]) -> Identity | None:
        trouble: NotReady | None = None
        for address in self._servers.in_order(params):
            try:
                return at(address, params)
            except NotReady as error:
                self._servers.note_away(address)
                trouble = error
        raise trouble or NotReady("No directory is set up.")


def _identity_at(address: str, params: LdapParams, username: str, password: str) -> Identity | None:
    if params.user_dn:
        return _direct(address, params, username, password)
    try:
        with bound(address, params, params.bind_dn, params.bind_password.get_secret_value()) as service:
            entry = _found(service, params, username)
            if entry is None:
                return None
            _check_password(address, params, entry, password)
            return _identity(service, params, entry)
    except Refused:
        raise NotReady("The directory does not let the hub's own account search; check bind_dn.") from None


def _looked_up(address: str, params: LdapParams, username: str, subject: str) -> Identity | None:
    names = params.attributes.subject
    try:
        with bound(address, params, params.bind_dn, params.bind_password.get_secret_value()) as service:
            entry = _found(service, params, username)
            if entry is None or _subject(entry, names) != subject:
                entry = _by_subject(service, params, subject)
            return None if entry is None else _identity(service, params, entry)
    except Refused:
        raise NotReady("The directory does not let the hub's own account search; check bind_dn.") from None


def _by_subject(session: Session, params: LdapParams, subject: str) -> Entry | None:
    """Return the person whom the directory calls so for ever, whatever their name is now."""
    parts = [_is_called(name.strip(), subject) for name in params.attributes.subject.split("|")]
    found = _people(session, params, f"(&{params.filter.replace('{username}', '*')}(|{''.join(parts)}))")
    return next((one for one in found if _subject(one, params.attributes.subject) == subject), None)


def _is_called(name: str, subject: str) -> str:
    value = str(escape_filter_chars(subject))
    if name.lower() == "objectguid":
        with suppress(ValueError):  # the subject is one of another directory than Active Directory
            value = "".join(f"\\{byte:02x}" for byte in uuid.UUID(subject).bytes_le)
    return f"({name}={value})"


def _check_password(address: str, params: LdapParams, entry: Entry, password: str) -> None:
    try:
        with bound(address, params, entry.dn, password):
            return
    except Refused:
        raise AuthRejected(SORRY) from None


def _direct(address: str, params: LdapParams, username: str, password: str) -> Identity | None:
    """Sign in as the person at once, and read their entry as themselves."""
    is_dn = "=" in params.user_dn
    if not is_dn and set(username) & set("@\\/"):
        return None
    name = params.user_dn.replace("{username}", escape_rdn(username) if is_dn else username)
    try:
        with bound(address, params, name, password) as own:
            entry = _found(own, params, username)
            if entry is None or not _is_same(entry, name, is_dn=is_dn):
                raise NotReady("The directory let somebody in whom the filter does not find; check user_dn and filter.")
            return _identity(own, params, entry)
    except Refused:
        raise AuthRejected(SORRY) from None


def _is_same(entry: Entry, name: str, *, is_dn: bool) -> bool:
    """Tell whether the entry that was found is the one that signed in."""
    if not is_dn:
        return entry.text("userPrincipalName").lower() == name.lower()
    try:
        return bool(safe_dn(entry.dn).lower() == safe_dn(name).lower())
    except exceptions.LDAPInvalidDnError:
        return False


def _found(session: Session, params: LdapParams, username: str) -> Entry | None:
    """Return the one entry of this name. The name is a value in the filter, whatever is in it."""
    wanted = params.filter.replace("{username}", escape_filter_chars(username))
    found = _people(session, params, wanted)
    if len(found) > 1:
        raise NotReady("The directory finds more than one person of this name; make the filter narrower.")
    return found[0] if found else None


def _people(session: Session, params: LdapParams, wanted: str) -> list[Entry]:
    one = params.attributes
    names = [name.strip() for text in (one.subject, one.username, one.name, one.email) for name in text.split("|")]
    return session.search(params.base, wanted, [*names, *_STATE], most=2)


def _identity(session: Session, params: LdapParams, entry: Entry) -> Identity:
    if _is_disabled(entry):
        raise AuthRejected("The account is disabled in the directory.")
    names, username = params.attributes, entry.text(params.attributes.username)
    if not username:
        raise NotReady(f"The directory tells no username; check attributes.username ({names.username}).")
    return Identity(
        provider="ldap", subject=_subject(entry, names.subject), username=username,
        name=entry.text(names.name) or username, email=entry.text(names.email),
        email_verified=bool(entry.text(names.email)), groups=groups_of(session, params, entry, username),
        claims={"dn": entry.dn},
    )  # fmt: skip


def _subject(entry: Entry, names: str) -> str:
    name, value = entry.raw(names)
    if name == "objectguid" and len(value) == 16:
        return str(uuid.UUID(bytes_le=value))
    try:
        return value.decode("utf-8") or entry.dn.lower()
    except UnicodeDecodeError:
        return value.hex()


def _is_disabled(entry: Entry) -> bool:
    control = entry.text("userAccountControl")
    by_bit = control.lstrip("-").isdigit() and bool(int(control) & _DISABLED)
    return by_bit or "true" in {entry.text("nsAccountLock").lower(), entry.text("loginDisabled").lower()}
