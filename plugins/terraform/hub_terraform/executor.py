"""Plans, lets people judge the plan, and applies that very plan."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from hub.plugin import Capabilities, Executor, Outcome, Params, TaskIO, TaskView
from hub_terraform import place
from hub_terraform.arguments import stages, whole
from hub_terraform.params import TerraformParams, TerraformTaskParams
from hub_terraform.session import Session, open_session
from hub_terraform.tools import Tool, look, terragrunt
from hub_terraform.unfit import Unfit


class _InfrastructureExecutor(Executor[TerraformParams, TerraformTaskParams]):
    """What the three apps have in common."""

    params_type: ClassVar[type[Params]] = TerraformParams
    task_params_type: ClassVar[type[Params]] = TerraformTaskParams

    def tool(self, io: TaskIO, around: Mapping[str, str]) -> Tool:
        """Return how the program is called."""
        return Tool(self.name, self.title)

    async def run(
        self, task: TaskView, params: TerraformParams, task_params: TerraformTaskParams, io: TaskIO
    ) -> Outcome:  # fmt: skip
        """Plan and ask; or, once a person has confirmed, apply."""
        try:
            _check(task, params, task_params)
            around = await look(io)
            session = await open_session(task, params, task_params, io, self.tool(io, around), around)
            if task.resumed is not None:
                return await _apply_confirmed(session, around, task.resumed)
            return await _plan(session, around)
        except Unfit as unfit:
            return Outcome.failure(unfit.code, str(unfit))

    def preview(self, task: TaskView, params: TerraformParams, task_params: TerraformTaskParams) -> Sequence[str]:
        """Return the command line of the plan."""
        try:
            destroy = ("-destroy",) if task_params.destroy else ()
            return (self.name, "plan", *destroy, *stages(task).plan)
        except Unfit:
            return ()


async def _plan(session: Session, around: Mapping[str, str]) -> Outcome:
    for option in session.stages.ignored:
        await session.io.log(f"The argument {option} is left out: the hub decides it.")
    before = place.look(session.root)
    await session.init(frozen=False)
    await session.select(around)
    changes = await session.plan()
    if not changes:
        await session.io.log("Nothing is to be changed.")
        review = await session.review()
        await session.io.result("plan", review)
        await _tell_drift(session, review, drifted=False)
        await session.outputs()
        return Outcome.success()
    review = await session.review()
    await session.io.result("plan", review)
    if session.only_plan:
        await _tell_drift(session, review, drifted=True)
        await session.io.log("Only a plan was asked for, so nothing is changed.")
        return Outcome.success()
    await _warn_of_lost_state(session)
    if session.params.auto_approve or (session.params.allow_auto_approve and session.task_params.auto_approve):
        return await _apply(session)
    if session.task_params.auto_approve:
        await session.io.log("The template does not let a task apply its plan without asking.")
    return Outcome.awaiting(_question(review), review["counts"], await session.keep_plan(before))


async def _apply_confirmed(session: Session, around: Mapping[str, str], state: Mapping[str, Any]) -> Outcome:
    await session.fetch_plan(state)
    await session.init(frozen=True)
    await session.select(around)
    await session.refuse_stale(state)
    return await _apply(session)


async def _apply(session: Session) -> Outcome:
    try:
        await session.apply()
    finally:
        path = session.own_state()
        if path is not None and path.is_file():
            await session.io.keep(path, "terraform.tfstate")
    await session.outputs()
    if session.whole:
        await session.io.result("drift", {"drifted": False, "resources": []})
    return Outcome.success()


async def _tell_drift(session: Session, review: Mapping[str, Any], *, drifted: bool) -> None:
    """Name what differs, when that was asked for; values are in the plan for those who look there."""
    if not session.task_params.drift:
        return
    outputs = [{"name": f"output.{one['name']}", "action": one["action"]} for one in review["outputs"]]
    found = [*({"name": one["name"], "action": one["action"]} for one in review["resources"]), *outputs]
    await session.io.result("drift", {"drifted": drifted, "resources": found, "look": True})


async def _warn_of_lost_state(session: Session) -> None:
    if session.own_state() is not None:
        await session.io.log(
            "Warning: the state of this configuration is a file in the task's own folder, so the next task will not "
            "know what this one makes. Name a backend, or let the template override it. After the run the state is "
            "kept as the artifact terraform.tfstate of this task."
        )


def _question(review: Mapping[str, Any]) -> str:
    counts = review["counts"]
    add, change, destroy = (
        counts["add"] + counts["replace"], counts["change"], counts["destroy"] + counts["replace"],
    )  # fmt: skip
    what = "Destroy what this plan names?" if review["destroy"] else "Apply this plan?"
    return f"{what} " + f"{add} to add, {change} to change, {destroy} to destroy."  # two sentences to translate


def _check(task: TaskView, params: TerraformParams, task_params: TerraformTaskParams) -> None:
    """W-13: what was asked for is done or refused, never turned into something else."""
    if task_params.drift and (task_params.destroy or not whole(stages(task))):
        raise Unfit(
            "A look for drift is at everything that the configuration describes: leave out destroy, and arguments such "
            "as -target, -exclude and -refresh=false."
        )
    only_plan = task_params.plan or task.dry_run
    if task_params.destroy and not params.allow_destroy and not only_plan:
        raise Unfit("The template does not let a task destroy anything; allow it there first (“Allow destroy”).")


_FOLDERS = {"terraform": ("*.tf",), "tofu": ("*.tf", "*.tofu"), "terragrunt": ("terragrunt.hcl",)}
"""By which files the folders of configurations are known."""


def _able(program: str) -> Capabilities:
    return Capabilities(
        needs_script=False,
        script_label="Folder",
        script_folders=_FOLDERS[program],
        inventory_types=(f"{program}-workspace",),
        dry_run=True,
        approval=True,
        drift=True,
        programs=(program,),
        interrupt=True,
    )


class TerraformExecutor(_InfrastructureExecutor):
    """The app `terraform`."""

    name = "terraform"
    title = "Terraform"
    description = "Plans changes of infrastructure, asks, and applies the plan."
    icon = "brand-terraform"
    color = "purple"
    priority = 900
    capabilities: ClassVar[Capabilities] = _able("terraform")


class TerragruntExecutor(_InfrastructureExecutor):
    """The app `terragrunt`."""

    name = "terragrunt"
    title = "Terragrunt"
    description = "Plans and applies a unit of Terragrunt with Terraform or OpenTofu."
    icon = "stack-2"
    color = "blue"
    priority = 850
    capabilities: ClassVar[Capabilities] = _able("terragrunt")

    def tool(self, io: TaskIO, around: Mapping[str, str]) -> Tool:
        """Return how Terragrunt is called."""
        return terragrunt(str(io.workspace), around)


class TofuExecutor(_InfrastructureExecutor):
    """The app `tofu`."""

    name = "tofu"
    title = "OpenTofu"
    description = "Plans changes of infrastructure, asks, and applies the plan."
    icon = "cube"
    color = "yellow"
    priority = 800
    capabilities: ClassVar[Capabilities] = _able("tofu")
