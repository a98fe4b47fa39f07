"""Shapes of people: users, members, roles, tokens, sessions, second factors, invitations."""

from __future__ import annotations

from typing import NotRequired

from typing_extensions import TypedDict

from hub.shapes.kinds import Free, Time


class Totp(TypedDict):
    """A second factor, without its secret."""

    id: int
    created: Time
    user_id: int
    confirmed: bool
    """Whether it is asked for at sign-in."""


class NewTotp(Totp):
    """A second factor that was just made; its secrets are shown this once."""

    url: str
    """What an authenticator app reads from the QR code."""
    recovery_code: str
    recovery_codes: list[str]


class RecoveryCodes(TypedDict):
    """Codes that let somebody in without the device; shown this once."""

    recovery_codes: list[str]


class User(TypedDict):
    """Somebody who may sign in."""

    id: int
    created: Time
    username: str
    name: str
    email: str
    admin: bool
    external: bool
    """Known by a directory, so without a password of the hub."""
    alert: bool
    pro: bool
    service: NotRequired[bool]
    """An account that only tokens use."""
    totp: NotRequired[Totp]


class MemberUser(User):
    """A member of a project, and their role in it."""

    role: str


class OwnUser(User):
    """The caller."""

    can_create_project: bool
    has_active_subscription: bool


class ListedUser(TypedDict):
    """Somebody in a list; only administrators read more than names."""

    id: int
    username: str
    name: str
    created: NotRequired[Time]
    email: NotRequired[str]
    admin: NotRequired[bool]
    external: NotRequired[bool]
    alert: NotRequired[bool]
    pro: NotRequired[bool]
    service: NotRequired[bool]


class Member(TypedDict):
    """A member of a project's team."""

    id: int
    username: str
    name: str
    role: str


class MemberFate(TypedDict):
    """What became of one of several members."""

    user_id: int
    name: str
    outcome: str
    """`done`, `skipped` where there was nothing to do or somebody else was quicker, or `failed`."""
    sentence: NotRequired[str]
    """Why it was not done."""


class Role(TypedDict):
    """A role of a project, or of the whole hub."""

    slug: str
    name: str
    permissions: int
    project_id: int | None


class TemplateRole(TypedDict):
    """What a role may do on one template beside its own bits."""

    id: int
    role_slug: str
    template_id: int
    project_id: int
    permissions: int


class NewToken(TypedDict):
    """A token; only the answer that makes it holds it whole."""

    id: str
    """The token itself, or its first eight characters."""
    created: Time
    expired: bool
    user_id: int
    name: str
    expires_at: Time | None
    scopes: list[str] | None
    """`read`, `run`, `manage`, `admin`; null for all that its owner may."""
    project_id: int | None
    """The one project that it is good for."""


class Token(NewToken):
    """A token in a list."""

    last_used: Time | None


class Identity(TypedDict):
    """A directory or provider that somebody signs in through."""

    id: int
    provider: str
    """Its name in the settings."""
    title: str
    subject: str
    """What it calls the person."""
    created: Time
    last_used: Time | None


class Session(TypedDict):
    """Where somebody is signed in."""

    id: int
    created: Time
    last_active: Time
    ip: str
    user_agent: str
    verified: bool
    current: bool


class Invited(TypedDict):
    """Somebody whom an invitation names."""

    id: int
    name: str
    username: str
    email: str


class Invite(TypedDict):
    """An invitation to a project."""

    id: int
    project_id: int
    user_id: NotRequired[int]
    user: NotRequired[Invited]
    email: NotRequired[str | None]
    role: str
    status: str
    inviter_user_id: int
    inviter_user: NotRequired[Invited]
    created: Time
    expires_at: NotRequired[Time]
    accepted_at: NotRequired[Time]


class NewInvite(Invite):
    """An invitation that was just made."""

    token: str
    link: str


class Accepted(TypedDict):
    """The project that somebody became a member of."""

    project_id: int


class Provider(TypedDict):
    """A place elsewhere that people sign in at."""

    id: str
    name: str
    color: str
    icon: str


class LoginMethods(TypedDict):
    """How people may sign in."""

    oidc_providers: list[Provider]
    login_with_password: bool
    auth_methods: Free
