"""Facts of earlier runs, lent to a run as the cache that Ansible knows."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any, Final

from hub.plugin import TaskIO
from hub_ansible.params import AnsibleParams
from hub_ansible.surroundings import Surroundings
from hub_ansible.variables import write_private

CACHE: Final = "ANSIBLE_CACHE_PLUGIN"
_NAME: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.:@-]{0,199}", re.ASCII)
"""Names of hosts that are names of files as well."""
_SINCE_2_19: Final = "s1_"
"""What newer releases of Ansible put before the names of hosts; the facts are text within their files then."""


async def lent(params: AnsibleParams, io: TaskIO, around: Surroundings) -> dict[str, str]:
    """Write the cache and return what makes Ansible use it; nothing where the template does not want it."""
    if not params.use_cached_facts:
        return {}
    if CACHE in around.env:
        await io.log("Cached facts of the hub are not used, because a variable group sets a cache of its own.")
        return {}
    folder = io.workspace / "facts"
    folder.mkdir(mode=0o700, exist_ok=True)
    known = {host: found for host, found in (await io.hosts.facts()).items() if _NAME.fullmatch(host)}
    for host, found in known.items():
        text = json.dumps(_plain(found))
        write_private(folder / host, text)
        write_private(folder / f"{_SINCE_2_19}{host}", json.dumps({"__payload__": text}))
    await io.log(f"Facts of {len(known)} {'host' if len(known) == 1 else 'hosts'} are known from earlier runs.")
    return {CACHE: "ansible.builtin.jsonfile", f"{CACHE}_CONNECTION": str(folder), f"{CACHE}_TIMEOUT": "0"}


def _plain(value: Any) -> Any:
    """Return a fact without what Ansible would take for marks of its own, such as that a text is to be trusted."""
    if isinstance(value, Mapping):
        return {str(name): _plain(one) for name, one in value.items() if not str(name).startswith("__")}
    return [_plain(one) for one in value] if isinstance(value, list) else value
