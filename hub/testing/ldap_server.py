"""A real slapd for tests, as an ordinary process on free ports with a folder of its own."""

from __future__ import annotations

import asyncio
import datetime as dt
import ipaddress
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from hub.testing.ports import answers, free_port
from hub.testing.tools import missing, need_tool

SCHEMA = Path("/etc/ldap/schema/core.schema")
SUFFIX = "dc=example,dc=org"
ADMIN = f"cn=admin,{SUFFIX}"
ADMIN_PASSWORD = "directory-secret"  # noqa: S105 - of a directory that lives as long as a test


@dataclass
class LdapServer:
    """Where it listens, and what signs its certificate."""

    folder: Path
    plain: int
    secure: int
    ca_file: Path
    process: asyncio.subprocess.Process

    @property
    def ldap(self) -> str:
        """Address for StartTLS."""
        return f"ldap://127.0.0.1:{self.plain}"

    @property
    def ldaps(self) -> str:
        """Address that is encrypted from the start."""
        return f"ldaps://127.0.0.1:{self.secure}"

    def settings(self) -> dict[str, Any]:
        """What a hub has to know of it: people stand below `ou=people`."""
        return {
            "servers": [self.ldaps], "ca_file": str(self.ca_file), "bind_dn": ADMIN, "bind_password": ADMIN_PASSWORD,
            "base": f"ou=people,{SUFFIX}",
        }  # fmt: skip

    async def add(self, ldif: str) -> None:
        """Add or change entries."""
        await _run(
            ldif, need_tool("ldapmodify"), "-a", "-x", "-H", self.ldap, "-D", ADMIN, "-w", ADMIN_PASSWORD
        )  # fmt: skip

    async def stop(self) -> None:
        """End it."""
        if self.process.returncode is None:
            self.process.terminate()
            await self.process.wait()


@asynccontextmanager
async def ldap_server() -> AsyncIterator[LdapServer]:
    """Run a directory with an empty tree while the block lasts."""
    slapd = need_tool("slapd")
    need_tool("ldapmodify")
    _need_schema()
    with tempfile.TemporaryDirectory(prefix="hub-ldap-") as text:
        folder = Path(text)
        plain, secure = free_port(), free_port()
        ca_file = _certificates(folder)
        _write_settings(folder)
        process = await asyncio.create_subprocess_exec(
            slapd, "-d", "0", "-f", str(folder / "slapd.conf"), "-h",
            f"ldap://127.0.0.1:{plain} ldaps://127.0.0.1:{secure}",
            stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL,
        )  # fmt: skip
        server = LdapServer(folder, plain, secure, ca_file, process)
        try:
            await answers(plain, "The directory of the test")
            await server.add(_TREE)
            yield server
        finally:
            await server.stop()


def _need_schema() -> None:
    if not SCHEMA.is_file():
        missing("needs the schema files of slapd in /etc/ldap/schema")


_TREE = f"""\
dn: {SUFFIX}
objectClass: dcObject
objectClass: organization
o: Example
dc: example

dn: ou=people,{SUFFIX}
objectClass: organizationalUnit
ou: people

dn: ou=groups,{SUFFIX}
objectClass: organizationalUnit
ou: groups
"""


def _write_settings(folder: Path) -> None:
    (folder / "data").mkdir()
    schemas = "".join(
        f"include /etc/ldap/schema/{name}.schema\n" for name in ("core", "cosine", "nis", "inetorgperson")
    )
    (folder / "slapd.conf").write_text(
        f"""{schemas}modulepath /usr/lib/ldap
moduleload back_mdb
moduleload memberof
pidfile {folder}/slapd.pid
TLSCertificateFile {folder}/server.pem
TLSCertificateKeyFile {folder}/server.key
allow bind_anon_cred
database mdb
suffix "{SUFFIX}"
rootdn "{ADMIN}"
rootpw {ADMIN_PASSWORD}
directory {folder}/data
overlay memberof
access to attrs=userPassword by anonymous auth by * none
access to * by users read by anonymous auth
""",
        "utf-8",
    )


def _certificates(folder: Path) -> Path:
    """Make an authority and a certificate for 127.0.0.1; return the authority's file."""
    authority, server = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Test authority")])
    ca = _signed(name, name, authority, authority, x509.BasicConstraints(ca=True, path_length=None))
    own = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "directory")])
    names = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    certificate = _signed(own, name, server, authority, names)
    (folder / "ca.pem").write_bytes(ca.public_bytes(serialization.Encoding.PEM))
    (folder / "server.pem").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    (folder / "server.key").write_bytes(
        server.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()
        )
    )
    return folder / "ca.pem"


def _signed(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey, by: ec.EllipticCurvePrivateKey,
    extension: x509.ExtensionType,
) -> x509.Certificate:  # fmt: skip
    now = dt.datetime.now(dt.UTC)
    builder = x509.CertificateBuilder().subject_name(subject).issuer_name(issuer).public_key(key.public_key())
    builder = builder.serial_number(x509.random_serial_number()).not_valid_before(now - dt.timedelta(hours=1))
    builder = builder.not_valid_after(now + dt.timedelta(days=2))
    return builder.add_extension(extension, critical=isinstance(extension, x509.BasicConstraints)).sign(
        by, hashes.SHA256()
    )


async def _run(given: str, *argv: str) -> None:
    process = await asyncio.create_subprocess_exec(
        *argv, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    said, _ = await process.communicate(given.encode())
    if process.returncode:
        raise RuntimeError(said.decode("utf-8", "replace"))
