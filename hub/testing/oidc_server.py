"""A small, honest OpenID Connect provider for tests: real keys, codes and PKCE; dishonest only where a test says so."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import secrets
import socket
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote_plus, urlencode

from hypercorn.asyncio import serve
from hypercorn.config import Config
from joserfc import jwt
from joserfc.jwk import RSAKey
from quart import Quart, Response, jsonify, request

from hub.testing.ports import answers

Answer = tuple[Any, int]


@dataclass
class OidcServer:
    """What the provider knows, what it was asked, and how it is to lie."""

    address: str
    clients: dict[str, str] = field(default_factory=lambda: {"hub": "client-secret"})
    person: dict[str, Any] = field(default_factory=dict)
    """Claims of who signs in."""
    in_token: Callable[[dict[str, Any]], dict[str, Any]] = lambda claims: claims
    """Changes the claims of an ID token before it is signed."""
    sign: Callable[[dict[str, Any]], str] | None = None
    """Makes the ID token in another way."""
    metadata: dict[str, Any] = field(default_factory=dict)
    """Members of the discovery document that are to be different."""
    userinfo: dict[str, Any] | None = None
    """What userinfo says, if it is not the person's claims."""
    page: bool = False
    """Show a page with a button instead of sending the browser back at once."""
    key: RSAKey = field(default_factory=lambda: RSAKey.generate_key(2048, {"kid": "one", "use": "sig"}))
    codes: dict[str, dict[str, str]] = field(default_factory=dict)
    tokens: set[str] = field(default_factory=set)
    asked: list[str] = field(default_factory=list)

    def discovery(self) -> dict[str, Any]:
        """The document."""
        return {
            "issuer": self.address,
            "authorization_endpoint": f"{self.address}/auth",
            "token_endpoint": f"{self.address}/token",
            "userinfo_endpoint": f"{self.address}/userinfo",
            "jwks_uri": f"{self.address}/jwks",
            "id_token_signing_alg_values_supported": ["RS256"],
            "authorization_response_iss_parameter_supported": True,
        } | self.metadata

    def back(self, query: dict[str, str]) -> str:
        """Where the browser goes after signing in, with a fresh code."""
        code = secrets.token_urlsafe(16)
        self.codes[code] = query
        return f"{query['redirect_uri']}?{urlencode({'code': code, 'state': query['state'], 'iss': self.address})}"

    def trade(self, sent: dict[str, str], authorization: str) -> Answer:
        """Answer at the token endpoint as the protocol says."""
        client, secret = sent.get("client_id", ""), sent.get("client_secret", "")
        if authorization.startswith("Basic "):
            pair = base64.b64decode(authorization[6:]).decode().partition(":")
            client, secret = unquote_plus(pair[0]), unquote_plus(pair[2])
        if client not in self.clients or self.clients[client] != secret:
            return {"error": "invalid_client"}, 401
        grant = self.codes.pop(sent.get("code", ""), None)
        digest = hashlib.sha256(sent.get("code_verifier", "").encode()).digest()
        proof = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
        if grant is None or grant["client_id"] != client or grant["redirect_uri"] != sent.get("redirect_uri"):
            return {"error": "invalid_grant"}, 400
        if grant.get("code_challenge_method") != "S256" or grant.get("code_challenge") != proof:
            return {"error": "invalid_grant"}, 400
        access = secrets.token_urlsafe(16)
        self.tokens.add(access)
        answer = {"access_token": access, "token_type": "Bearer", "expires_in": 60}
        if "openid" in grant["scope"].split():
            answer["id_token"] = self.id_token(grant)
        return answer, 200

    def id_token(self, grant: dict[str, str]) -> str:
        """Say who signed in."""
        now = int(time.time())
        claims = self.in_token(
            {"iss": self.address, "aud": grant["client_id"], "iat": now, "exp": now + 60, "nonce": grant.get("nonce"),
             **self.person}
        )  # fmt: skip
        if self.sign is not None:
            return self.sign(claims)
        return jwt.encode({"alg": "RS256", "kid": self.key.kid}, claims, self.key)

    def app(self) -> Quart:
        """The pages of the provider."""
        app = Quart("oidc_server")

        @app.get("/.well-known/openid-configuration")
        async def discovery() -> Response:
            self.asked.append("discovery")
            return jsonify(self.discovery())

        @app.get("/jwks")
        async def jwks() -> Response:
            self.asked.append("jwks")
            return jsonify({"keys": [self.key.as_dict(private=False)]})

        @app.get("/auth")
        async def auth() -> Response:
            place = self.back(dict(request.args))
            if self.page:
                return Response(f'<p>The provider</p><a id="yes" href="{place.replace("&", "&amp;")}">Go on</a>')
            return Response(b"", 302, headers={"Location": place})

        @app.post("/token")
        async def token() -> tuple[Response, int]:
            self.asked.append("token")
            answer, status = self.trade(dict(await request.form), request.headers.get("Authorization", ""))
            return jsonify(answer), status

        @app.get("/userinfo")
        async def userinfo() -> tuple[Response, int]:
            self.asked.append("userinfo")
            if request.headers.get("Authorization", "").removeprefix("Bearer ") not in self.tokens:
                return jsonify({"error": "invalid_token"}), 401
            return jsonify(self.person if self.userinfo is None else self.userinfo), 200

        return app


@asynccontextmanager
async def oidc_server(**members: Any) -> AsyncIterator[OidcServer]:
    """Serve a provider on a port of its own while the block lasts."""
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    port = listener.getsockname()[1]
    server = OidcServer(f"http://127.0.0.1:{port}", **members)
    config, stop = Config(), asyncio.Event()
    config.bind = [f"fd://{listener.detach()}"]
    config.loglevel = "ERROR"
    config.graceful_timeout = 1
    serving = asyncio.create_task(serve(server.app(), config, shutdown_trigger=stop.wait))
    try:
        await answers(port, "The provider of the test")
        yield server
    finally:
        stop.set()
        await serving
