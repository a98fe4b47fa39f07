"""A plugin with a hook that raises and another that works."""

from hub.plugin import Executor, Outcome, hookimpl

HUB_API = 1


class Works(Executor):
    name = "works"
    title = "Works"

    async def run(self, task, params, task_params, io):
        return Outcome.success()


@hookimpl
def hub_notifiers():
    raise LookupError("the list of channels is gone")


@hookimpl
def hub_executors():
    return [Works()]
