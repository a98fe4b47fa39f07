"""Previews, lets people judge the preview, and does that and nothing else."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from hub.plugin import Capabilities, Executor, Outcome, Params, TaskIO, TaskView
from hub_pulumi.arguments import stack_of, words_of
from hub_pulumi.digest import Digest
from hub_pulumi.params import PulumiParams, PulumiTaskParams
from hub_pulumi.session import Session, open_session
from hub_pulumi.unfit import Unfit

_QUESTIONS = {
    "up": "Apply this preview?",
    "refresh": "Take what is really there into the state?",
    "destroy": "Destroy what this preview names?",
}


class PulumiExecutor(Executor[PulumiParams, PulumiTaskParams]):
    """The app `pulumi`."""

    name = "pulumi"
    title = "Pulumi"
    description = "Previews changes of infrastructure, asks, and makes them."
    icon = "cloud-up"
    color = "pink"
    priority = 750
    params_type: ClassVar[type[Params]] = PulumiParams
    task_params_type: ClassVar[type[Params]] = PulumiTaskParams
    capabilities: ClassVar[Capabilities] = Capabilities(
        needs_script=False,
        script_label="Folder",
        script_folders=("Pulumi.yaml", "Pulumi.yml"),
        inventory_types=("pulumi-stack",),
        dry_run=True,
        approval=True,
        drift=True,
        programs=("pulumi",),
        interrupt=True,
    )

    async def run(self, task: TaskView, params: PulumiParams, task_params: PulumiTaskParams, io: TaskIO) -> Outcome:
        """Preview and ask; or, once a person has confirmed, do it."""
        try:
            _check(task, params, task_params)
            session = await open_session(task, params, task_params, io)
            await _tell_left_out(session)
            await session.prepare()
            if task.resumed is not None:
                return await _confirmed(session, task.resumed)
            return await _preview(session, only=task_params.preview or task_params.drift or task.dry_run)
        except Unfit as unfit:
            return Outcome.failure(unfit.code, str(unfit))

    def preview(self, task: TaskView, params: PulumiParams, task_params: PulumiTaskParams) -> Sequence[str]:
        """Return the command line of the preview, without what only a run knows."""
        try:
            verb = ("preview",) if task_params.action == "up" else (task_params.action, "--preview-only")
            words = words_of(task, task_params.action).preview
            return ("pulumi", *verb, "--stack", stack_of(task, params.stack), *words)
        except Unfit:
            return ()


async def _preview(session: Session, *, only: bool) -> Outcome:
    found = await session.preview()
    await session.io.result("plan", _review(session, found))
    for line in found.lines():
        await session.io.log(line)
    if session.task_params.drift:
        resources = [{"name": one["name"], "action": one["action"]} for one in found.resources]
        await session.io.result("drift", {"drifted": found.changes, "resources": resources, "look": True})
    if not found.changes:
        await session.io.log("Nothing is to be changed.")
        await session.outputs()
        return Outcome.success()
    if only:
        await session.io.log("Only a preview was asked for, so nothing is changed.")
        return Outcome.success()
    asked = session.task_params.auto_approve
    if session.params.auto_approve or (session.params.allow_auto_approve and asked):
        return await _act(session)
    if asked:
        await session.io.log("The template does not let a task apply its preview without asking.")
    state = {"mark": found.mark, "plan": await session.keep_plan() if session.with_plan else ""}
    return Outcome.awaiting(_question(session, found), found.counts, state)


async def _confirmed(session: Session, state: Mapping[str, Any]) -> Outcome:
    """Do what was confirmed: by the saved plan, or after a second preview that has to be the same."""
    if state.get("plan"):
        await session.fetch_plan(str(state["plan"]))
        return await _act(session)
    found = await session.preview()
    if found.mark != state.get("mark"):
        for line in found.lines():
            await session.io.log(line)
        raise Unfit(
            "What would be done now is not what was confirmed, so nothing was done: the stack, the program's inputs or "
            "what is really there has changed since. Run the task again for a fresh preview."
        )
    return await _act(session)


async def _act(session: Session) -> Outcome:
    await session.act()
    if not session.destroy:
        await session.outputs()
    if session.action == "up" and session.words.whole:
        await session.io.result("drift", {"drifted": False, "resources": []})
    return Outcome.success()


async def _tell_left_out(session: Session) -> None:
    for option in session.words.ignored:
        await session.io.log(f"The argument {option} is left out: the hub decides it.")
    if session.given.left_out:
        names = ", ".join(f"“{name}”" for name in session.given.left_out)
        await session.io.log(
            f"Not passed to Pulumi: {names}. A variable's name must be letters, digits and “_” and not one that steers "
            "programs, or configuration such as aws:region, which cannot be secret."
        )


def _review(session: Session, found: Digest) -> dict[str, Any]:
    total = sum(found.counts.values())
    return {
        "title": "Pulumi",
        "workspace": session.stack,
        "destroy": session.destroy,
        "counts": found.counts,
        "resources": found.resources,
        "outputs": [],
        "drift": [],
        "left_out": total - len(found.resources),
    }


def _question(session: Session, found: Digest) -> str:
    counts = found.counts
    add, change, destroy = (
        counts["add"] + counts["replace"], counts["change"], counts["destroy"] + counts["replace"],
    )  # fmt: skip
    what = _QUESTIONS[session.action]
    return f"{what} " + f"{add} to add, {change} to change, {destroy} to destroy."  # two sentences to translate


def _check(task: TaskView, params: PulumiParams, task_params: PulumiTaskParams) -> None:
    """What was asked for is done or refused, never turned into something else."""
    destroy = task_params.action == "destroy"
    if task_params.drift and (task_params.action != "up" or not words_of(task, "up").whole):
        raise Unfit(
            "A look for drift is at everything that the program describes: leave out other actions, and arguments such "
            "as --target and --exclude."
        )
    if destroy and not params.allow_destroy and not (task_params.preview or task.dry_run):
        raise Unfit("The template does not let a task destroy anything; allow it there first (“Allow destroy”).")
