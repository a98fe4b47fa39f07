"""Senders of webhooks that every hub understands: three forges, and anybody with HMAC, a token or a login."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, ClassVar, Final
from urllib.parse import parse_qs

import orjson
from pydantic import StringConstraints

from hub.plugin import Delivery, NoParams, Params, Parsed, Refused, WebhookAdapter, hookimpl

HUB_API = 1

_BRANCH: Final = "refs/heads/"
_TAG: Final = "refs/tags/"
_FORM: Final = "application/x-www-form-urlencoded"

HeaderName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9!#$%&'*+.^_`|~-]{0,255}$")]


class HeaderParams(Params):
    """For senders that let people choose the header."""

    header: HeaderName = ""
    """Name of the header that proves who sends. Without one nobody is believed."""


def _same(given: str, wanted: str) -> bool:
    return hmac.compare_digest(given.encode("utf-8", "surrogateescape"), wanted.encode("utf-8", "surrogateescape"))


def _secret_text(secret: Mapping[str, str]) -> str:
    """Return the shared secret: the password of a login, or a secret text. No other type of key has one."""
    return secret.get("password") or secret.get("string") or ""


def _signed(secret: Mapping[str, str], body: bytes, given: str, prefix: str = "") -> bool:
    key = _secret_text(secret)
    wanted = hmac.new(key.encode(), body, hashlib.sha256).hexdigest()
    return _same(given.strip(), prefix + wanted) and key != ""


def _shown(secret: Mapping[str, str], given: str) -> bool:
    key = _secret_text(secret)
    return _same(given, key) and key != ""


def _decoded(body: bytes) -> Any:
    """Read JSON where it is JSON; everything else is text, in which paths find nothing."""
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError:
        return body.decode("utf-8", "replace")


def _at(payload: Any, *path: str | int) -> str:
    """Return the text or number at a path, empty when there is none."""
    found = payload
    for part in path:
        if isinstance(part, int):
            found = found[part] if isinstance(found, list) and len(found) > part else None
        else:
            found = found.get(part) if isinstance(found, dict) else None
    return str(found) if isinstance(found, str | int) and not isinstance(found, bool) else ""


def _facts(branch: str, tag: str, commit: str, sender: str) -> dict[str, str]:
    found = {"branch": branch, "tag": tag, "commit": commit, "sender": sender}
    return {name: value for name, value in found.items() if value}


def _ref(payload: Any) -> tuple[str, str]:
    """Return (branch, tag) of a pushed reference."""
    ref = _at(payload, "ref")
    return (ref.removeprefix(_BRANCH) if ref.startswith(_BRANCH) else "",
            ref.removeprefix(_TAG) if ref.startswith(_TAG) else "")  # fmt: skip


class GitHubWebhook(WebhookAdapter[NoParams]):
    """Signs the body, and says so in a header of its own."""

    name = "github"
    title = "GitHub"
    description = "Signed with the secret of the webhook (X-Hub-Signature-256). Gitea and Forgejo send the same."
    signed = True

    async def verify(self, params: NoParams, secret: Mapping[str, str], delivery: Delivery) -> bool:
        """Compare the signature of the body."""
        return _signed(secret, delivery.body, delivery.headers.get("x-hub-signature-256", ""), "sha256=")

    async def parse(self, params: NoParams, delivery: Delivery) -> Parsed:
        """Read JSON, or the form around it that GitHub can send instead."""
        payload = _decoded(self._json(delivery))
        branch, tag = _ref(payload)
        facts = _facts(
            branch or _at(payload, "pull_request", "head", "ref"),
            tag,
            _at(payload, "after") or _at(payload, "pull_request", "head", "sha"),
            _at(payload, "sender", "login"),
        )
        return Parsed(delivery.headers.get("x-github-event", ""), payload, facts)

    def _json(self, delivery: Delivery) -> bytes:
        if not delivery.headers.get("content-type", "").lower().startswith(_FORM):
            return delivery.body
        try:
            sent = parse_qs(delivery.body.decode("ascii"), max_num_fields=20).get("payload")
        except ValueError:
            sent = None
        if not sent:
            raise Refused("The form has no member payload; let GitHub send application/json.")
        return sent[0].encode()


class BitbucketWebhook(WebhookAdapter[NoParams]):
    """Signs the body as GitHub does, under another header."""

    name = "bitbucket"
    title = "Bitbucket"
    description = "Signed with the secret of the webhook (X-Hub-Signature)."
    signed = True

    async def verify(self, params: NoParams, secret: Mapping[str, str], delivery: Delivery) -> bool:
        """Compare the signature of the body."""
        return _signed(secret, delivery.body, delivery.headers.get("x-hub-signature", ""), "sha256=")

    async def parse(self, params: NoParams, delivery: Delivery) -> Parsed:
        """Read JSON; the newest of several changes counts."""
        payload = _decoded(delivery.body)
        new = ("push", "changes", 0, "new")
        name = _at(payload, *new, "name")
        is_tag = _at(payload, *new, "type") == "tag"
        facts = _facts(
            "" if is_tag else name,
            name if is_tag else "",
            _at(payload, *new, "target", "hash"),
            _at(payload, "actor", "nickname") or _at(payload, "actor", "display_name"),
        )
        return Parsed(delivery.headers.get("x-event-key", ""), payload, facts)


class GitLabWebhook(WebhookAdapter[NoParams]):
    """Sends the secret itself."""

    name = "gitlab"
    title = "GitLab"
    description = "Sends the secret token of the webhook (X-Gitlab-Token)."

    async def verify(self, params: NoParams, secret: Mapping[str, str], delivery: Delivery) -> bool:
        """Compare the token."""
        return _shown(secret, delivery.headers.get("x-gitlab-token", ""))

    async def parse(self, params: NoParams, delivery: Delivery) -> Parsed:
        """Read JSON."""
        payload = _decoded(delivery.body)
        branch, tag = _ref(payload)
        facts = _facts(
            branch or _at(payload, "object_attributes", "source_branch"),
            tag,
            _at(payload, "checkout_sha") or _at(payload, "object_attributes", "last_commit", "id"),
            _at(payload, "user_username") or _at(payload, "user", "username"),
        )
        return Parsed(delivery.headers.get("x-gitlab-event", ""), payload, facts)


class HmacWebhook(WebhookAdapter[HeaderParams]):
    """Signs the body under a header of the sender's choice."""

    name = "hmac"
    title = "HMAC"
    description = "The header holds the hexadecimal HMAC-SHA256 of the body."
    params_type: ClassVar[type[Params]] = HeaderParams
    signed = True

    async def verify(self, params: HeaderParams, secret: Mapping[str, str], delivery: Delivery) -> bool:
        """Compare the signature of the body."""
        return _signed(secret, delivery.body, delivery.headers.get(params.header.lower(), ""))

    async def parse(self, params: HeaderParams, delivery: Delivery) -> Parsed:
        """Read JSON or text."""
        return Parsed(payload=_decoded(delivery.body))


class TokenWebhook(WebhookAdapter[HeaderParams]):
    """Sends the secret itself under a header of the sender's choice."""

    name = "token"
    title = "Token"
    description = "The header holds the secret itself."
    params_type: ClassVar[type[Params]] = HeaderParams

    async def verify(self, params: HeaderParams, secret: Mapping[str, str], delivery: Delivery) -> bool:
        """Compare the token."""
        return _shown(secret, delivery.headers.get(params.header.lower(), ""))

    async def parse(self, params: HeaderParams, delivery: Delivery) -> Parsed:
        """Read JSON or text."""
        return Parsed(payload=_decoded(delivery.body))


class BasicWebhook(WebhookAdapter[NoParams]):
    """Signs in with a login and a password, as HTTP has it."""

    name = "basic"
    title = "Basic authentication"
    description = "HTTP Basic authentication with the login and password of the key."

    async def verify(self, params: NoParams, secret: Mapping[str, str], delivery: Delivery) -> bool:
        """Compare login and password, both of them in any case."""
        scheme, _, told = delivery.headers.get("authorization", "").strip().partition(" ")
        try:
            text = base64.b64decode(told.strip(), validate=True).decode("utf-8", "surrogateescape")
        except (binascii.Error, ValueError):
            text = ""
        login, _, password = text.partition(":")
        right_login = _same(login, secret.get("login", ""))
        right_password = _same(password, secret.get("password", ""))
        return right_login and right_password and scheme.lower() == "basic" and secret.get("password", "") != ""

    async def parse(self, params: NoParams, delivery: Delivery) -> Parsed:
        """Read JSON or text."""
        return Parsed(payload=_decoded(delivery.body))


@hookimpl
def hub_webhook_adapters() -> Sequence[WebhookAdapter]:
    """Offer the five that the wire knows, and GitLab."""
    return [GitHubWebhook(), BitbucketWebhook(), GitLabWebhook(), HmacWebhook(), TokenWebhook(), BasicWebhook()]
