"""Runs a playbook: prepares what Ansible needs, and lets the hub run it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

from hub.plugin import Capabilities, Executor, Outcome, Params, TaskIO, TaskView
from hub_ansible import drift, galaxy
from hub_ansible.arguments import Sources, command_line
from hub_ansible.checks import (
    INVENTORY_TYPES,
    as_argument,
    find_playbook,
    inventory_of,
    reason,
    repository_of,
    working_folder,
)
from hub_ansible.connection import connection_env
from hub_ansible.credentials import become_flags, user_login, vault_files
from hub_ansible.follow import CALLBACKS, Follower
from hub_ansible.params import AnsibleParams, AnsibleTaskParams
from hub_ansible.reach import narrowed, why_nobody
from hub_ansible.surroundings import Surroundings, ansible_env, look, with_callbacks
from hub_ansible.unfit import Unfit
from hub_ansible.variables import extra_vars, write_private
from hub_ansible.versions import chosen_ansible, with_requirements_of

_BECOME_PREVIEW = ("--become-user", "<become key>", "--become-password-file", "<become password>")


class AnsibleExecutor(Executor[AnsibleParams, AnsibleTaskParams]):
    """The app `ansible`."""

    name = "ansible"
    title = "Ansible"
    description = "Runs a playbook against the hosts of an inventory."
    icon = "brand-ansible"
    color = "dark"
    priority = 1000
    params_type: ClassVar[type[Params]] = AnsibleParams
    task_params_type: ClassVar[type[Params]] = AnsibleTaskParams
    capabilities: ClassVar[Capabilities] = Capabilities(
        script_label="Playbook",
        script_patterns=("*.yml", "*.yaml"),
        needs_inventory=True,
        inventory_types=INVENTORY_TYPES,
        dry_run=True,
        drift=True,
        programs=("ansible-playbook",),
    )

    async def run(self, task: TaskView, params: AnsibleParams, task_params: AnsibleTaskParams, io: TaskIO) -> Outcome:
        """Install requirements, then run the playbook."""
        try:
            return await _play(task, params, task_params, io, look(io))
        except Unfit as unfit:
            return Outcome.failure(unfit.code, str(unfit))

    def preview(self, task: TaskView, params: AnsibleParams, task_params: AnsibleTaskParams) -> Sequence[str]:
        """Return the command line with names in angle brackets where files of the run will be."""
        inventory = task.inventory
        sources = Sources(
            program="ansible-playbook",
            playbook=task.script,
            inventory=f"<inventory {inventory.name}>" if inventory else "<inventory>",
            extra_vars="<variables>",
            user=("--user", "<user key>") if inventory and inventory.user_key else (),
            become=_BECOME_PREVIEW if inventory and inventory.become_key else (),
            vaults=[(vault.name or "default", vault.script or "<vault key>") for vault in task.vaults],
        )
        try:
            return command_line(sources, task, params, task_params)
        except Unfit:
            return ()


async def _play(
    task: TaskView,
    params: AnsibleParams,
    task_params: AnsibleTaskParams,
    io: TaskIO,
    around: Surroundings,
) -> Outcome:
    drift.refuse_parts(task_params)
    repository = repository_of(task)
    cwd = working_folder(task, repository.path)
    playbook = find_playbook(task, repository.path, cwd)
    inventory, hosts = inventory_of(task)
    login = await user_login(inventory, io)
    ansible = await chosen_ansible(task, params, repository.path, around, io)
    variables = io.workspace / "extra_vars.yml"
    sources = Sources(
        program=ansible.playbook,
        playbook=as_argument(playbook, cwd),
        inventory=str(hosts),
        extra_vars=str(variables),
        user=login.flags,
        become=await become_flags(inventory, io),
        vaults=await vault_files(task.vaults, repository, io),
    )
    argv = command_line(sources, task, params, task_params)
    write_private(variables, extra_vars(task, await io.secrets(), templates=params.template_extra_vars))
    reach = await connection_env(params, inventory, io, around, cwd)
    env = {**ansible_env(io.workspace, around), **reach, **login.env, **ansible.env}
    place = galaxy.Place(repository.path, cwd, playbook, around, ansible.galaxy, env)
    paths = {} if task_params.skip_galaxy_install else await galaxy.install(place, task, params, io)
    if params.collection_requirements:
        ansible = await with_requirements_of(galaxy.collection_folders(place, paths), ansible, task, params, io)
    env |= {**paths, **ansible.env}
    argv = await narrowed((ansible.playbook, *argv[1:]), task, task_params, io, env)
    return await _followed(argv, task_params, io, env | with_callbacks(CALLBACKS, around, cwd, env))


async def _followed(
    argv: Sequence[str], task_params: AnsibleTaskParams, io: TaskIO, env: Mapping[str, str]
) -> Outcome:  # fmt: skip
    """Run the playbook, and keep what happens on which host."""
    follower = Follower(io, io.workspace / "events.jsonl")
    await io.stage("play")
    code = await follower.run(lambda: io.exec(*argv, env={**env, **follower.env}))
    if follower.tally.ended:
        await io.stage("recap")
    if sentence := await why_nobody(argv, code, follower.tally, io, env):
        return Outcome.failure(code or 1, sentence)
    if code:
        return Outcome.failure(code, follower.tally.ending() or reason(code))
    await drift.tell(io, argv, task_params, follower.tally)
    return Outcome.success()
