"""Which command gets which option. W-13, W-16."""

from __future__ import annotations

import pytest
from hub_terraform import TerragruntExecutor
from hub_terraform.arguments import Stages, stages
from hub_terraform.params import TerraformParams, TerraformTaskParams
from hub_terraform.unfit import Unfit

from hub.testing import RecordingIO, task_view


def of(template: object, task: object = None) -> Stages:
    return stages(task_view(arguments=template, task_arguments=task))


def test_a_list_is_for_the_plan_and_what_still_means_something_for_its_application() -> None:
    found = of(["-parallelism=5", "-target", "a.b", "-refresh=false", "-no-color"])
    assert found.plan == ("-parallelism=5", "-target", "a.b", "-refresh=false", "-no-color")
    assert found.apply == ("-parallelism=5", "-no-color")


def test_stages_come_on_top_of_the_common_ones_and_those_of_the_task_after_the_template() -> None:
    template = {"default": ["-lock-timeout=9s"], "init": ["-backend-config=a"], "plan": ["-target=x"]}
    found = of(template, {"default": ["-compact-warnings"], "apply": ["-parallelism=2"], "init": ["-get=false"]})
    assert found == Stages(
        init=("-backend-config=a", "-get=false"),
        plan=("-lock-timeout=9s", "-compact-warnings", "-target=x"),
        apply=("-lock-timeout=9s", "-compact-warnings", "-parallelism=2"),
    )


def test_what_an_application_used_to_plan_with_is_given_to_the_plan() -> None:
    found = of({"apply": ["-var", "a=b", "-destroy", "-parallelism=2"]})
    assert (found.plan, found.apply) == (("-var", "a=b", "-destroy"), ("-parallelism=2",))


def test_what_the_hub_decides_is_left_out_and_told() -> None:
    found = of(["-auto-approve", "-out=mine", "-input=true", "-out", "x"])
    assert (found.plan, found.apply) == ((), ())
    assert found.ignored == ("-auto-approve", "-out=mine", "-input=true", "-out")


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        (["plan.out"], "is no option"),
        (["-target"], "has no value"),
        ({"destroy": []}, "name the stage “destroy”"),
        ({"plan": "-target=x"}, "must be a list of texts"),
        (["-var=\0"], "NUL"),
        ("x", "must be a list of texts"),
    ],
)
def test_arguments_that_cannot_be_meant_are_refused(wrong: object, sentence: str) -> None:
    with pytest.raises(Unfit, match=sentence):
        of(wrong)


async def test_words_for_terragrunt_stand_before_those_for_its_tool(tmp_path) -> None:
    """W-16."""
    io = RecordingIO(tmp_path)
    task = task_view(io.checkout, script="", app="terragrunt")
    await TerragruntExecutor().run(task, TerraformParams(), TerraformTaskParams(plan=True), io)
    for call in io.calls:
        if call.argv[0] == "terragrunt":
            own, inner = call.argv[: call.argv.index("--")], call.argv[call.argv.index("--") + 1 :]
            assert own[:2] == ("terragrunt", "run")
            assert not [word for word in inner if word.startswith("--")]
            assert call.env["TG_DOWNLOAD_DIR"].startswith(str(io.workspace))
