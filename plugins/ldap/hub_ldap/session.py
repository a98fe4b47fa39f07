"""Connections to a directory: encrypted and checked, bounded in time, never led elsewhere by a referral."""

from __future__ import annotations

import ssl
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import urlsplit

from hub.plugin import NotReady
from hub_ldap.library import exceptions, ldap3
from hub_ldap.params import LdapParams

REST: Final = 30.0
"""Seconds for which a server that was away is asked last."""
_MOST: Final = 1000

_AWAY: Final = (
    exceptions.LDAPSocketOpenError, exceptions.LDAPSocketReceiveError, exceptions.LDAPSocketSendError,
    exceptions.LDAPSessionTerminatedByServerError, exceptions.LDAPStartTLSError, exceptions.LDAPResponseTimeoutError,
    exceptions.LDAPUnavailableResult, exceptions.LDAPBusyResult, OSError,
)  # fmt: skip
_WRONG: Final = (
    exceptions.LDAPInvalidCredentialsResult, exceptions.LDAPUnwillingToPerformResult,
    exceptions.LDAPInappropriateAuthenticationResult, exceptions.LDAPConstraintViolationResult,
    exceptions.LDAPInvalidDnError, exceptions.LDAPInvalidDNSyntaxResult, exceptions.LDAPNoSuchObjectResult,
    exceptions.LDAPPasswordIsMandatoryError,
)  # fmt: skip


class Refused(Exception):
    """The directory does not take this name and password."""


class CheckedTls(ldap3.Tls):  # type: ignore[misc]  # ldap3 brings no types
    """Lets Python's own ssl check certificate and host name, by names and by addresses."""

    def __init__(self, params: LdapParams, host: str) -> None:
        super().__init__(validate=ssl.CERT_REQUIRED if params.verify else ssl.CERT_NONE)
        self._host = host
        self._context = ssl.create_default_context(cafile=str(params.ca_file) if params.ca_file else None)
        if not params.verify:
            self._context.check_hostname = False
            self._context.verify_mode = ssl.CERT_NONE

    def wrap_socket(self, connection: Any, do_handshake: bool = False) -> None:  # noqa: FBT001, FBT002 - the library's
        """Encrypt a connection."""
        connection.socket = self._context.wrap_socket(
            connection.socket, server_hostname=self._host, do_handshake_on_connect=do_handshake
        )


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of the directory; names of attributes in lower case."""

    dn: str
    values: dict[str, list[bytes]] = field(repr=False)

    def raw(self, names: str) -> tuple[str, bytes]:
        """Return the first of these attributes that has a value, with that value."""
        for name in names.split("|"):
            if found := self.values.get(name.strip().lower()):
                return name.strip().lower(), found[0]
        return "", b""

    def text(self, names: str) -> str:
        """Return that value as text."""
        return self.raw(names)[1].decode("utf-8", "replace").strip()

    def texts(self, name: str) -> list[str]:
        """Return every value as text."""
        return [one.decode("utf-8", "replace") for one in self.values.get(name.lower(), [])]


class Session:
    """One bound connection."""

    def __init__(self, connection: Any, timeout: int) -> None:
        self._connection = connection
        self._timeout = timeout

    def search(self, base: str, wanted: str, attributes: Sequence[str], *, most: int = _MOST) -> list[Entry]:
        """Return entries below `base`, at most `most`; referrals are left out."""
        try:
            self._connection.search(
                base, wanted, ldap3.SUBTREE, attributes=[*attributes], size_limit=most, time_limit=self._timeout
            )
        except exceptions.LDAPNoSuchObjectResult:
            return []
        except exceptions.LDAPSizeLimitExceededResult:
            pass  # the first ones came
        return [
            Entry(one["dn"], {name.lower(): list(values) for name, values in one["raw_attributes"].items()})
            for one in self._connection.response or []
            if one.get("type") == "searchResEntry"
        ]


class Servers:
    """The servers of directories, and which of them were away lately."""

    def __init__(self) -> None:
        self._away: dict[str, float] = {}
        self._lock = threading.Lock()

    def in_order(self, params: LdapParams) -> list[str]:
        """As the settings list them, but those that were away lately last."""
        now = time.monotonic()
        with self._lock:
            return sorted(params.servers, key=lambda one: self._away.get(one, 0.0) > now)

    def note_away(self, address: str) -> None:
        """Remember that a server did not answer."""
        with self._lock:
            self._away[address] = time.monotonic() + REST


@contextmanager
def bound(address: str, params: LdapParams, name: str, password: str) -> Iterator[Session]:
    """Connect and bind. Raises `Refused` for a wrong password, `NotReady` when the server is away or not trusted."""
    connection = None
    try:
        connection = _connection(address, params, name, password)
        connection.open(read_server_info=False)
        if address.startswith("ldap:") and params.start_tls:
            connection.start_tls(read_server_info=False)
        connection.bind(read_server_info=False)
        yield Session(connection, params.timeout)
    except _WRONG as error:
        raise Refused(type(error).__name__) from None
    except _AWAY as error:
        raise NotReady(f"The directory {_shown(address)} does not answer ({type(error).__name__}).") from None
    except exceptions.LDAPException as error:
        raise NotReady(f"The directory {_shown(address)} cannot be asked ({type(error).__name__}).") from None
    finally:
        if connection is not None:
            _close(connection)


def _connection(address: str, params: LdapParams, name: str, password: str) -> Any:
    parts = urlsplit(address)
    secure, host = parts.scheme == "ldaps", parts.hostname or ""
    server = ldap3.Server(
        host, port=parts.port or (636 if secure else 389), use_ssl=secure, tls=CheckedTls(params, host),
        get_info=ldap3.NONE, connect_timeout=params.timeout,
    )  # fmt: skip
    return ldap3.Connection(
        server, user=name or None, password=password or None,
        authentication=ldap3.SIMPLE if name else ldap3.ANONYMOUS, auto_referrals=False, raise_exceptions=True,
        receive_timeout=params.timeout, read_only=True, check_names=False, auto_encode=False,
    )  # fmt: skip


def _close(connection: Any) -> None:
    sockets = [connection.socket]
    try:
        connection.unbind()
    except (exceptions.LDAPException, OSError):
        sockets.append(connection.socket)  # it is gone already; the library leaves its end open
    for one in sockets:
        if one is not None:
            one.close()


def _shown(address: str) -> str:
    return urlsplit(address).hostname or address
