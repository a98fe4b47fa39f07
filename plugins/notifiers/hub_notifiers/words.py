"""What every message says, and how texts are kept from meaning something to the service that shows them."""

from __future__ import annotations

import re
from typing import Final

from hub.plugin import Notice

GOOD: Final = "good"
BAD: Final = "bad"
WARN: Final = "warn"
CALM: Final = "calm"

_MOODS: Final = {
    "task.success": GOOD, "task.recovered": GOOD, "task.failed": BAD, "task.stopped": CALM,
    "task.waiting_confirmation": WARN, "task.started": CALM, "drift.opened": WARN, "drift.closed": GOOD,
    "schedule.failed": WARN, "worker.lost": BAD, "key.expiring": WARN,
}  # fmt: skip
_SIGNS: Final = {GOOD: "✅", BAD: "❌", WARN: "⚠️", CALM: "🔷"}
_COLORS: Final = {GOOD: "#2FB344", BAD: "#D63939", WARN: "#F59F00", CALM: "#6C7A91"}
_MARKDOWN: Final = re.compile(r"([\\`*_~|<>\[\]()#])")


def mood(notice: Notice) -> str:
    """Return whether it is good news."""
    return _MOODS.get(notice.event, CALM)


def sign(notice: Notice) -> str:
    """Return the sign that stands before the sentence."""
    return _SIGNS[mood(notice)]


def color(notice: Notice) -> str:
    """Return the colour of the news, as `#RRGGBB`."""
    return _COLORS[mood(notice)]


def title(notice: Notice) -> str:
    """Return what stands above: the template and the project, or the project, or the hub."""
    parts = [part for part in (notice.template_name, notice.project_name) if part]
    return " · ".join(parts) or "Automation Hub"


def facts(notice: Notice) -> list[tuple[str, str]]:
    """Return what is known, for those who want no prose."""
    known = {
        "Project": notice.project_name,
        "Template": notice.template_name,
        "Task": f"#{notice.task_id}" if notice.task_id else "",
        "Status": notice.status,
        "Started by": notice.author,
        "Version": notice.version,
        "Message": notice.message,
        "Reason": str(notice.facts.get("reason", "")),
    }
    return [(name, shortened(value, 500)) for name, value in known.items() if value]


def shortened(text: str, most: int) -> str:
    """Return a text of so many characters at most."""
    return text if len(text) <= most else f"{text[: most - 1]}…"


def markdown(text: str) -> str:
    """Return a text that Markdown shows as it is, on one line."""
    return _MARKDOWN.sub(r"\\\1", " ".join(text.split()))


def quiet(text: str) -> str:
    """Return a text that calls nobody: behind an @ stands a space that nobody sees."""
    return text.replace("@", "@\u200b")
