"""A certificate that this process trusts, a receiver of requests, and a notice to send."""

from __future__ import annotations

import datetime as dt
import ipaddress
import ssl
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from hub.plugin import Notice

from . import receivers

FAILED = Notice(
    "task.failed", "Deploy <shop> & *co* failed: task 12 in @all [x](y).", 7, "@all [x](y)", task_id=12,
    template_name="Deploy <shop> & *co*", status="error", author="Ann", version="1.2", message='say "hi"\nnow',
    url="https://hub.example.com/project/7/tasks/12", facts={"reason": "It ended with exit code 3.", "template_id": 3},
    id="hub-99", inside=True,
)  # fmt: skip


@pytest.fixture
def notice() -> Any:
    """A notice with signs that mean something to most services, and the secrets that a test adds."""
    return lambda **secrets: replace(FAILED, secrets=secrets)


@pytest.fixture
async def receiver() -> AsyncIterator[receivers.HttpReceiver]:
    async with receivers.http() as one:
        yield one


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A certificate for localhost that signs itself, and its key."""
    key, name = ec.generate_private_key(ec.SECP256R1()), x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "test")])
    now = dt.datetime.now(dt.UTC)
    names = x509.SubjectAlternativeName([x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.9"))])
    made = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
        .serial_number(x509.random_serial_number()).not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1)).add_extension(names, critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )  # fmt: skip
    folder = tmp_path_factory.mktemp("tls")
    (folder / "cert.pem").write_bytes(made.public_bytes(serialization.Encoding.PEM))
    plain = serialization.NoEncryption()
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain)
    (folder / "key.pem").write_bytes(pem)
    return folder / "cert.pem", folder / "key.pem"


@pytest.fixture
def trust(certificate: tuple[Path, Path]) -> ssl.SSLContext:
    """What a server shows."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(*certificate)
    return context


@pytest.fixture
def trusted(certificate: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    """Let this process trust it, as one does that an administrator added to the system's."""
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate[0]))
