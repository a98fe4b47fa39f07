"""Lists of hosts that people give: what is blank must never become every host."""

from __future__ import annotations

from collections.abc import Sequence

from hub_ansible.unfit import Unfit


def chosen(words: Sequence[str] | None, what: str) -> list[str]:
    """Return words without blank ones; of nothing but blanks, which Ansible would take for every host, none at all."""
    kept = [part for word in words or () if (part := word.strip())]
    if words and not any(part.strip(",:; ") for part in kept):
        raise Unfit(
            f"The {what} of this run was given, but is empty, and Ansible would take that for every host. Nothing was "
            "run: name hosts, or leave it out."
        )
    return list(dict.fromkeys(kept))
