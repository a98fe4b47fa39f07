"""Runs a playbook: prepares what Ansible needs, and lets the hub run it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

from hub.plugin import Capabilities, Executor, HostList, Outcome, Params, Refused, TaskIO, TaskView
from hub_ansible import browse, drift, facts
from hub_ansible.arguments import Sources, command_line
from hub_ansible.checks import INVENTORY_TYPES, reason
from hub_ansible.chosen import chosen
from hub_ansible.follow import CALLBACKS, MOST_HOSTS, Follower
from hub_ansible.params import AnsibleParams, AnsibleTaskParams
from hub_ansible.reach import limited, named, narrowed, why_nobody
from hub_ansible.ready import make_ready
from hub_ansible.surroundings import Surroundings, look, with_callbacks
from hub_ansible.unfit import Unfit

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
        script_line=r"^[-[:space:]]+(hosts|(ansible\.builtin\.)?import_playbook):[[:space:]]*[^[:space:]#]",
        needs_inventory=True,
        inventory_types=INVENTORY_TYPES,
        inventory_sources=True,
        tells_hosts=True,
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

    async def hosts(
        self, task: TaskView, params: AnsibleParams, task_params: AnsibleTaskParams, io: TaskIO
    ) -> HostList:
        """Tell which hosts a run would touch, or what an inventory holds."""
        try:
            if task.script:
                return await browse.of_run(task, params, task_params, io)
            return await browse.of_inventory(task, io)
        except Unfit as unfit:
            raise Refused(str(unfit)) from None

    def preview(self, task: TaskView, params: AnsibleParams, task_params: AnsibleTaskParams) -> Sequence[str]:
        """Return the command line with names in angle brackets where files of the run will be."""
        inventory = task.inventory
        sources = Sources(
            program="ansible-playbook",
            playbook=task.script,
            inventory=[f"<inventory {inventory.name}>" if inventory else "<inventory>"],
            extra_vars="<variables>",
            user=("--user", "<user key>") if inventory and inventory.user_key else (),
            become=_BECOME_PREVIEW if inventory and inventory.become_key else (),
            vaults=[(vault.name or "default", vault.script or "<vault key>") for vault in task.vaults],
        )
        try:
            line = command_line(sources, task, params, task_params)
            hosts = chosen(task_params.hosts, "hosts")
            return limited(line, f"<{named(hosts)}>") if hosts else line
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
    ready = await make_ready(task, params, task_params, io, around)
    argv = await narrowed(ready, task, params, task_params, io)
    cached = await facts.lent(params, io, around)
    env = {**ready.env, **with_callbacks(CALLBACKS, around, ready.cwd, ready.env), **cached}
    if task.host_limit:
        env[MOST_HOSTS] = str(task.host_limit)
    return await _followed(argv, task_params, io, env)


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
