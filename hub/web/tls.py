"""Serving https: the certificate and its key, and taking over renewed ones without closing a connection."""

from __future__ import annotations

import asyncio
import logging
import ssl
from pathlib import Path
from typing import Final

from hypercorn.config import Config

from hub.errors import SettingsError
from hub.settings import Settings

logger = logging.getLogger(__name__)

CIPHERS: Final = "ECDHE+AESGCM:ECDHE+CHACHA20"
"""For TLS 1.2: forward secret and authenticated. TLS 1.3 has no others."""
HANDSHAKE: Final = 15
"""Seconds that a client has to shake hands."""


class TlsConfig(Config):
    """The web server's settings, with a context that stays at hand."""

    def __init__(self) -> None:
        super().__init__()
        self.context: ssl.SSLContext | None = None

    def create_ssl_context(self) -> ssl.SSLContext | None:
        """Make the context that every connection begins with; a certificate loaded into it counts from then on."""
        try:
            self.context = super().create_ssl_context()
        except (OSError, ssl.SSLError) as error:
            raise SettingsError(_fault(self.certfile, self.keyfile, error)) from None
        return self.context


def use_tls(config: TlsConfig, settings: Settings) -> None:
    """Serve https on the port, and on the redirecting one plain answers that lead there."""
    config.certfile, config.keyfile = str(settings.tls_certificate), str(settings.tls_key)
    config.ciphers = CIPHERS
    config.ssl_handshake_timeout = HANDSHAKE
    if settings.tls_redirect_port:
        config.insecure_bind = [f"{settings.host}:{settings.tls_redirect_port}"]


async def renew_forever(config: TlsConfig, *, every: float) -> None:
    """Take over a certificate whenever its files change. Connections that are open keep the one they began with."""
    seen = _stamps(config)
    while True:
        await asyncio.sleep(every)
        found = _stamps(config)
        if found != seen and renew(config):
            seen = found


def renew(config: TlsConfig) -> bool:
    """Load the files into the living context; a pair that does not fit changes nothing and is tried again later."""
    certificate, key = config.certfile, config.keyfile
    if config.context is None or certificate is None or key is None:
        return False
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(certificate, key)
        config.context.load_cert_chain(certificate, key)
    except (OSError, ssl.SSLError) as error:
        logger.warning("%s The certificate in use stays.", _fault(certificate, key, error))
        return False
    logger.info("The certificate was renewed from %s.", certificate)
    return True


def _stamps(config: TlsConfig) -> list[tuple[int, int]]:
    stamps = []
    for name in (config.certfile, config.keyfile):
        try:
            found = Path(name or "").stat()
            stamps.append((found.st_mtime_ns, found.st_ino))
        except OSError:
            stamps.append((0, 0))
    return stamps


def _fault(certificate: str | None, key: str | None, error: Exception) -> str:
    reason = getattr(error, "reason", None) or getattr(error, "strerror", None) or type(error).__name__
    return f"The certificate {certificate} and the key {key} cannot be used: {reason}."
