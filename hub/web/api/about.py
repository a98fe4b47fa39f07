"""What a route says of itself in the description of the API, beside what its path and its rights tell already."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypedDict


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter of a query."""

    name: str
    text: str
    """What it does, as a sentence."""
    kind: str = "string"
    """Its type in JSON Schema."""
    format: str = ""
    choices: tuple[str, ...] = ()


class About(TypedDict, total=False):
    """Arguments of `@route` that only describe."""

    takes: Any
    """Draft, or another type, that the body is read as."""
    gives: Any
    """Shape of the JSON that a success answers."""
    status: int
    """Status of a success: unless it is said 200 for what gives something, 204 for what does not."""
    also: tuple[int, ...]
    """Further statuses: of a success without body, or of a refusal that is not among the usual ones."""
    media: str
    """Content type of a success that is no JSON."""
    asks: tuple[Parameter, ...]
    """Parameters of the query."""
    lists: Any
    """The `Listing` of a list, which names its parameters."""


START = Parameter("start", "First day of what counts.", format="date")
END = Parameter("end", "Day before which what counts has ended.", format="date")
USER = Parameter("user_id", "Only what this person started.", kind="integer")
MODE = Parameter("mode", "`merge` adds the roles that every project has.", choices=("merge",))
FIRST = Parameter("first", "Number of the first line; a negative one counts from the end.", kind="integer")
LINES = Parameter("count", "How many lines, up to 5000.", kind="integer")
DAYS = Parameter("days", "How many days, seven unless it is said, 31 at most.", kind="integer")
DAY_ZONE = Parameter("time_zone", "IANA name of the time zone in which days begin; UTC unless it is said.")
BRANCH = Parameter("branch", "Branch or tag to look at; the repository's own unless it is said.")
FOR_APP = Parameter("app", "Only what this app takes; unless it is said, what any app and inventories take.")
PART_OF_PATH = Parameter("q", "Only paths with this text in them.")
MOMENTS = Parameter("count", "How many moments.", kind="integer")
DRY_RUN = Parameter("dry_run", "Only tell what would come of it; nothing changes.", kind="boolean")
RETURN = Parameter("return", "Path of the page to come back to.")
LINK = Parameter("link", "Proof of a page of the hub that the caller adds this sign-on to an account.")
PREFIX = Parameter("s", "Only those whose username begins with this.")
APP = Parameter("app", "Only those of a type that this app takes.")
TEMPLATE = Parameter("template_id", "Those of this template instead of those of none.", kind="integer")
SINCE = Parameter("since", "Id of the version to compare with; the one before it, unless told.", kind="integer")
FOUND_TEXT = Parameter("q", "Words that a name holds, all of them; or the number of a task, with or without #.")
FOUND_KINDS = Parameter("kinds", "Only these kinds, with commas between them.")
FOUND_NEAR = Parameter("project_id", "Things of this project come first.", kind="integer")
FOUND_MOST = Parameter("limit", "How many at most, up to 50.", kind="integer")
FIGURES = Parameter("days", "Days of the figures: 7, 30, 90 or 365; 30 unless it is said.", kind="integer")
FIGURES_ZONE = Parameter("time_zone", "Days are those of this zone, such as Europe/Berlin; of UTC unless it is said.")
LOG_TEXT = Parameter("q", "What is looked for: a text, or a pattern with `regex`; up to 200 characters.")
LOG_REGEX = Parameter("regex", "`q` is a regular expression, as RE2 reads them.", kind="boolean")
LOG_CASE = Parameter("case", "Capital letters count.", kind="boolean")
LOG_ERRORS = Parameter("errors", "Look for lines that tell of errors, instead of `q`.", kind="boolean")
LOG_FROM = Parameter(
    "from", "Number of the line to begin with; the last one unless it is said with `up`.", kind="integer"
)
LOG_WAY = Parameter("direction", "`down`, as unless it is said, or `up`.", choices=("down", "up"))
LOG_MOST = Parameter("limit", "How many lines at most, up to 1000; 100 unless it is said.", kind="integer")
LOG_LINES = Parameter("limit", "How many lines at most, up to 5000; 600 unless it is said.", kind="integer")
LOG_HOST = Parameter("host", "Only lines that name this host.")
LOG_LEVEL = Parameter(
    "level", "Only lines that tell of this; `heading` is of plays, tasks and groups.",
    choices=("error", "warning", "change", "heading"),
)  # fmt: skip
LOG_STAGE = Parameter("stage", "Only lines of this stage, by its number in the list of stages.", kind="integer")
COLOURS = Parameter("colours", "With the codes of colours, as the programs wrote them.", kind="boolean")
OTHER_RUN = Parameter("with", "Id of the other run; the one before of the same template, unless told.", kind="integer")
