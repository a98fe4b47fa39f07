"""All that a run of Ansible needs before it begins: the command line, and the environment that it is started in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from hub.plugin import TaskIO, TaskView
from hub_ansible import galaxy
from hub_ansible.arguments import Sources, command_line
from hub_ansible.checks import as_argument, find_playbook, inventory_of, repository_of, working_folder
from hub_ansible.connection import connection_env
from hub_ansible.credentials import become_flags, user_login, vault_files
from hub_ansible.params import AnsibleParams, AnsibleTaskParams
from hub_ansible.surroundings import Surroundings, ansible_env, layered_env
from hub_ansible.variables import extra_vars, write_private
from hub_ansible.versions import chosen_ansible, with_requirements_of


@dataclass(frozen=True, slots=True)
class Ready:
    """What is to be run, and where."""

    argv: tuple[str, ...]
    env: Mapping[str, str]
    cwd: Path
    sources: Sources

    def beside(self, name: str) -> str:
        """Return another program of the same Ansible."""
        return str(Path(self.sources.program).with_name(name))


async def make_ready(
    task: TaskView, params: AnsibleParams, task_params: AnsibleTaskParams, io: TaskIO, around: Surroundings
) -> Ready:
    """Write the files that the run needs, and install its requirements."""
    repository = repository_of(task)
    cwd = working_folder(task, repository.path)
    playbook = find_playbook(task, repository.path, cwd)
    inventory, files = inventory_of(task)
    login = await user_login(inventory, io)
    ansible = await chosen_ansible(task, params, repository.path, around, io)
    variables = io.workspace / "extra_vars.yml"
    sources = Sources(
        program=ansible.playbook,
        playbook=as_argument(playbook, cwd),
        inventory=[str(file) for file in files],
        extra_vars=str(variables),
        user=login.flags,
        become=await become_flags(inventory, io),
        vaults=await vault_files(task.vaults, repository, io),
    )
    argv = command_line(sources, task, params, task_params)
    write_private(variables, extra_vars(task, await io.secrets(), templates=params.template_extra_vars))
    reach = await connection_env(params, inventory, io, around, cwd)
    env = {**ansible_env(io.workspace, around), **layered_env(files, around), **reach, **login.env, **ansible.env}
    place = galaxy.Place(repository.path, cwd, playbook, around, ansible.galaxy, env)
    paths = {} if task_params.skip_galaxy_install else await galaxy.install(place, task, params, io)
    if params.collection_requirements:
        ansible = await with_requirements_of(galaxy.collection_folders(place, paths), ansible, task, params, io)
    sources = replace(sources, program=ansible.playbook)
    return Ready((ansible.playbook, *argv[1:]), {**env, **paths, **ansible.env}, cwd, sources)
