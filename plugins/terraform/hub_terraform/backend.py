"""Where the state is kept: with the hub, when the configuration or the template asks for that.

The configuration asks with an `http` backend that names no address, the template with “Override backend”. Whoever
names an address (`TF_HTTP_ADDRESS` in the variable group, `-backend-config` for init) keeps the state there instead.
The password reaches the tool by its environment, which it stores neither in a plan nor in its data folder.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from hub.plugin import StateAccess, TaskIO
from hub_terraform.arguments import Stages
from hub_terraform.params import TerraformParams
from hub_terraform.unfit import Unfit

_BLOCK: Final = re.compile(r'backend[ \t]+"http"[ \t]*\{([^}]*)\}')
_COMMENTS: Final = re.compile(r"/\*.*?\*/|^[ \t]*(?:#|//)[^\n]*$", re.DOTALL | re.MULTILINE)
_ADDRESS: Final = re.compile(r"(^|\s)address[ \t]*=")


async def access_of(
    io: TaskIO, folder: Path, params: TerraformParams, stages: Stages, around: Mapping[str, str]
) -> StateAccess | None:  # fmt: skip
    """Return access to the hub's state when this run is to use it. Raises `Unfit`."""
    elsewhere = around.get("TF_HTTP_ADDRESS") or any(word.startswith(("-backend-config", "--backend-config"))
                                                     for word in stages.init)  # fmt: skip
    if elsewhere or not (params.override_backend or asks_for_it(folder)):
        return None
    access = await io.state()
    if access is None:
        raise Unfit(
            "The state is to be kept with the hub, which keeps one for each inventory, and this task has none. Give "
            "the template an inventory with a workspace, or set TF_HTTP_ADDRESS in its variable group."
        )
    return access


def environment(access: StateAccess) -> dict[str, str]:
    """Return what the tool needs to know."""
    return {
        "TF_HTTP_ADDRESS": access.address,
        "TF_HTTP_LOCK_ADDRESS": access.address,
        "TF_HTTP_UNLOCK_ADDRESS": access.address,
        "TF_HTTP_USERNAME": access.username,
        "TF_HTTP_PASSWORD": access.password,
        "TF_HTTP_UPDATE_METHOD": "POST",
        "TF_HTTP_LOCK_METHOD": "LOCK",
        "TF_HTTP_UNLOCK_METHOD": "UNLOCK",
    }


def asks_for_it(folder: Path) -> bool:
    """Tell whether the configuration has an `http` backend without an address."""
    return any(not address for path in sorted(folder.iterdir()) if path.is_file() for address in _addresses(path))


def _addresses(path: Path) -> Iterator[bool]:
    """Yield for each `http` backend of a file whether it names an address."""
    if path.name.endswith((".tf", ".tofu")):
        text = _COMMENTS.sub("", path.read_text("utf-8", errors="replace"))
        yield from (bool(_ADDRESS.search(found[1])) for found in _BLOCK.finditer(text))
    elif path.name.endswith((".tf.json", ".tofu.json")):
        try:
            root = json.loads(path.read_text("utf-8", errors="replace"))
        except ValueError:
            return  # the tool itself will say what is wrong with it
        for block in _blocks(_blocks([root], "terraform"), "backend"):
            if isinstance(block.get("http"), dict | list):
                yield any("address" in one for one in _blocks([block], "http"))


def _blocks(parents: Any, name: str) -> list[dict[str, Any]]:
    """Return the blocks of a name, which JSON may write as an object or as a list of them."""
    found = [parent.get(name) for parent in parents if isinstance(parent, dict)]
    flat = [one for value in found for one in (value if isinstance(value, list) else [value])]
    return [one for one in flat if isinstance(one, dict)]
