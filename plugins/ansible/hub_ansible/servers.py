"""The Galaxy server of a template: an address and a token, given to `ansible-galaxy` in its environment only."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from hub.plugin import TaskIO
from hub_ansible.params import AnsibleParams
from hub_ansible.surroundings import Surroundings, config_file, configured_servers
from hub_ansible.unfit import Unfit

_OURS: Final = "hub_template"
_PUBLIC: Final = "hub_public"
_PUBLIC_ADDRESS: Final = "https://galaxy.ansible.com/"


async def server_env(params: AnsibleParams, around: Surroundings, cwd: Path, io: TaskIO) -> dict[str, str]:
    """Return the servers: the template's, those that are configured, and the public one where it is wished for."""
    if not params.galaxy_server:
        return {}
    if "ANSIBLE_GALAXY_SERVER_LIST" in around.env:
        configured = [name.strip() for name in around.env["ANSIBLE_GALAXY_SERVER_LIST"].split(",") if name.strip()]
    else:
        configured = configured_servers(config_file(around, cwd))
    names = [_OURS, *configured, *([_PUBLIC] if params.galaxy_public else [])]
    env = {"ANSIBLE_GALAXY_SERVER_LIST": ",".join(names), _variable(_OURS, "URL"): params.galaxy_server}
    if params.galaxy_public:
        env[_variable(_PUBLIC, "URL")] = _PUBLIC_ADDRESS
    if params.galaxy_auth_url:
        env[_variable(_OURS, "AUTH_URL")] = params.galaxy_auth_url
    if params.galaxy_server_token is not None:
        file = (await io.key(params.galaxy_server_token)).files.get("secret")
        if file is None:
            raise Unfit("The token of the Galaxy server must be a secret text of the key store.")
        env[_variable(_OURS, "TOKEN")] = file.read_text("utf-8").strip()
    return env


def _variable(server: str, what: str) -> str:
    return f"ANSIBLE_GALAXY_SERVER_{server.upper()}_{what}"
