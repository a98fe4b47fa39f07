"""A plugin whose params are no Params, beside one that is fine."""

from dataclasses import dataclass

from hub.plugin import Executor, Outcome, hookimpl

HUB_API = 1


@dataclass
class Plain:
    size: int = 1


class Wrong(Executor):
    name = "wrong"
    title = "Wrong"
    params_type = Plain

    async def run(self, task, params, task_params, io):
        return Outcome.success()


class Right(Wrong):
    name = "right"
    title = "Right"
    params_type = Executor.params_type


@hookimpl
def hub_executors():
    return [Wrong(), Right()]
