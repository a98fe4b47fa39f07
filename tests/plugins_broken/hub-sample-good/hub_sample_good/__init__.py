"""A plugin with nothing wrong."""

from hub.plugin import Executor, Notifier, Outcome, hookimpl

HUB_API = 1


class Hello(Executor):
    name = "hello"
    title = "Hello"

    async def run(self, task, params, task_params, io):
        return Outcome.from_code(await io.exec("echo", "hello"))


class Paper(Notifier):
    name = "paper"
    title = "Paper"

    async def send(self, params, notice):
        return None


@hookimpl
def hub_executors():
    return [Hello()]


@hookimpl
def hub_notifiers():
    return [Paper()]
