"""Reads which groups somebody is in: by memberOf, by lists of DNs or of names, and through other groups."""

from __future__ import annotations

from typing import Final

from hub_ldap.library import escape_filter_chars, exceptions, safe_dn
from hub_ldap.params import LdapParams
from hub_ldap.session import Entry, Session

_DEEPEST: Final = 10
_MOST: Final = 1000
_AT_ONCE: Final = 50
"""Groups whose parents are asked for in one search."""


def groups_of(session: Session, params: LdapParams, person: Entry, username: str) -> tuple[str, ...]:
    """Return names and DNs of all groups of a person, each once."""
    if not params.groups.base:
        told = person.texts("memberOf")
        return tuple(dict.fromkeys(name for dn in told for name in (_first_value(dn), dn) if name))
    found: dict[str, Entry] = {}
    fresh = _search(session, params, [_names(person.dn), f"(memberUid={_escaped(username)})"])
    for _ in range(_DEEPEST):
        fresh = [one for one in fresh if _key(one.dn) not in found]
        found |= {_key(one.dn): one for one in fresh}
        if not fresh or not params.groups.nested or len(found) >= _MOST:
            break
        fresh = [
            parent
            for start in range(0, len(fresh), _AT_ONCE)
            for parent in _search(session, params, [_names(one.dn) for one in fresh[start : start + _AT_ONCE]])
        ]
    names = [name for one in found.values() for name in (one.text(params.groups.name), one.dn) if name]
    return tuple(dict.fromkeys(names))


def _search(session: Session, params: LdapParams, alternatives: list[str]) -> list[Entry]:
    wanted = f"(&{params.groups.filter}(|{''.join(alternatives)}))"
    return session.search(params.groups.base, wanted, [params.groups.name], most=_MOST)


def _names(dn: str) -> str:
    """Match groups that have this entry among their members."""
    value = _escaped(dn)
    return f"(member={value})(uniqueMember={value})"


def _escaped(text: str) -> str:
    return str(escape_filter_chars(text))


def _key(dn: str) -> str:
    try:
        return str(safe_dn(dn)).lower()
    except exceptions.LDAPInvalidDnError:
        return dn.lower()


def _first_value(dn: str) -> str:
    """Return the value of the first part of a DN, which is the name of a group."""
    first = dn.partition(",")[0]
    return first.partition("=")[2].strip()
