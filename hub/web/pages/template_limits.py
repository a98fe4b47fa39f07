"""The section of a template's form on what its tasks may use."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from hub.web.forms import Field, whole_number
from hub.web.i18n import gettext as _

if TYPE_CHECKING:
    from werkzeug.datastructures import MultiDict

_COUNTS = ("memory_mib", "processes", "file_size_mib", "open_files", "cpu_seconds")


def fields(stored: Mapping[str, Any], sent: MultiDict[str, str], errors: Mapping[str, str]) -> list[Field]:
    """Return the fields, with what was sent, else with what is stored."""
    texts = {
        "memory_mib": (_("Memory in MiB"), _("For each process. 0 means the hub's own limit, here and below.")),
        "processes": (_("Processes"), _("At once, and counted over all tasks, as they share a user.")),
        "file_size_mib": (_("File size in MiB"), _("The largest file that may be written.")),
        "open_files": (_("Open files"), _("Files and connections of each process.")),
        "cpu_seconds": (_("Processor time in seconds"), _("For each process; waiting does not count.")),
    }
    found = []
    for name, (label, help_text) in texts.items():
        value = sent.get(f"limits-{name}", "") if sent else str(int(stored.get(name) or 0))
        found.append(
            Field(f"limits-{name}", label, "number", value, help=help_text, limits={"min": 0},
                  error=errors.get(f"limits-{name}", ""))
        )  # fmt: skip
    boxed = "limits-sandbox" in sent if sent else bool(stored.get("sandbox"))
    offline = "limits-offline" in sent if sent else stored.get("network") is False
    return [
        *found,
        Field("limits-sandbox", _("In a sandbox of its own"), "tick", boxed,
              help=_("Tasks see the system read-only, and no process but their own. The worker needs bubblewrap.")),
        Field("limits-offline", _("Without a network"), "tick", offline, help=_("In a sandbox only.")),
    ]  # fmt: skip


def read(sent: MultiDict[str, str], errors: dict[str, str]) -> dict[str, Any]:
    """Return the limits as the API takes them."""
    found: dict[str, Any] = {}
    for name in _COUNTS:
        try:
            found[name] = whole_number(sent.get(f"limits-{name}", ""))
        except ValueError as error:
            errors[f"limits-{name}"] = str(error)
    offline = "limits-offline" in sent
    if offline and "limits-sandbox" not in sent:
        errors["limits-offline"] = _("Only a sandbox can be without a network; tick that as well.")
    return found | {"sandbox": "bubblewrap" if "limits-sandbox" in sent else "", "network": not offline}
