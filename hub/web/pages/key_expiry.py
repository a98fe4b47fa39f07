"""When secrets of the key store are to be replaced: the field of a form, and the badge that warns in time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from markupsafe import Markup, escape
from werkzeug.datastructures import MultiDict

from hub.errors import Invalid
from hub.services.keys import EXPIRY_NOTICE
from hub.web.encoding import wire_time
from hub.web.forms import Field
from hub.web.i18n import gettext as _
from hub.web.pages import assets, visit
from hub.web.pages.resource import Filled


def state(row: dict[str, Any]) -> str:
    """Return `over`, `soon`, `fine`, or nothing for a key that never expires."""
    expires: datetime | None = row.get("expires")
    if expires is None:
        return ""
    now = visit.the_hub().clock()
    return "over" if expires <= now else "soon" if expires - EXPIRY_NOTICE <= now else "fine"


def badge(row: dict[str, Any]) -> str:
    """Return when a key expires, with a warning where it is time to replace it."""
    at = state(row)
    if not at:
        return "—"
    expires: datetime = row["expires"]
    day = day_of(expires)
    if at == "fine":
        return day
    color, text = ("bad", _("expired")) if at == "over" else ("warn", _("expires soon"))
    return Markup('{} <span class="status-badge status-is-{}">{}{}</span>').format(
        day, color, assets.icon("clock"), escape(text)
    )


def day_of(moment: datetime) -> Markup:
    """Return the day of a moment as the calendar of the form had it, whatever the reader's zone."""
    return Markup('<time datetime="{}" data-format="date">{}</time>').format(wire_time(moment), f"{moment:%Y-%m-%d}")


def field(form: Filled) -> Field:
    """Return the question until when the secret is good."""
    stored: datetime | None = form.row.get("expires")
    value = form.sent.get("expires", "") if form.sent else (f"{stored:%Y-%m-%d}" if stored else "")
    return Field("expires", _("Good until"), "date", value, error=form.error("expires"),
                 help=_("You are warned 14 days before. Tasks go on using it afterwards."))  # fmt: skip


def moment(sent: MultiDict[str, str], row: dict[str, Any]) -> str | None:
    """Return the end of the day that was sent; a day that was not changed keeps its stored moment."""
    text = sent.get("expires", "").strip()
    stored: datetime | None = row.get("expires")
    if not text:
        return None
    if stored is not None and f"{stored:%Y-%m-%d}" == text:
        return stored.isoformat()
    try:
        day = datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=UTC)
    except ValueError:
        raise Invalid(_("Write a day such as 2030-01-31."), field="expires") from None
    return (day + timedelta(days=1, seconds=-1)).isoformat()
