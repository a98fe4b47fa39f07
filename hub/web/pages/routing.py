"""The table of pages: each declares who may come that far; services check the rest."""

from __future__ import annotations

import enum
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any

from quart import Blueprint, Response, request

from hub.errors import Forbidden
from hub.web.i18n import gettext as _
from hub.web.pages import visit as visits

blueprint = Blueprint("pages", __name__)

FORM = ("GET", "POST")
SEND = ("POST",)


class Who(enum.Enum):
    """Who may come as far as the view."""

    ANYBODY = "anybody"
    USER = "user"
    MEMBER = "member"
    """Members of the project in the path; the service asks for more."""
    ADMIN = "admin"


@dataclass(frozen=True, slots=True)
class Page:
    """One entry of the table."""

    rule: str
    methods: tuple[str, ...]
    who: Who


PAGES: list[Page] = []

View = Callable[..., Awaitable[Response]]


def page(
    rule: str, who: Who, *, methods: tuple[str, ...] = ("GET",), name: str | None = None
) -> Callable[[View], View]:  # fmt: skip
    """Declare a view, named like its function unless told. Forms are checked against their token before it runs."""

    def declare(view: View) -> View:
        PAGES.append(Page(rule, methods, who))

        @wraps(view)
        async def guarded(**values: Any) -> Response:
            visits.speak()
            here = await visits.begin(
                project_id=values.get("project_id") if who is Who.MEMBER else None, signed_in=who is not Who.ANYBODY
            )
            if who is Who.ADMIN and not here.actor.admin:
                raise Forbidden(_("Only administrators may see this page."))
            if request.method == "POST" and here.actor.user_id is not None:
                await visits.check_csrf()
            return await view(**values)

        blueprint.add_url_rule(rule, endpoint=name or view.__name__, view_func=guarded, methods=[*methods])
        return view

    return declare
