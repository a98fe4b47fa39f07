"""A plugin that brings an executor of a name that hub-sample-good has, and one of its own."""

from hub.plugin import Executor, Outcome, hookimpl

HUB_API = 1


class Hello(Executor):
    name = "hello"
    title = "Another hello"

    async def run(self, task, params, task_params, io):
        return Outcome.success()


class Bye(Hello):
    name = "bye"
    title = "Bye"


@hookimpl
def hub_executors():
    return [Hello(), Bye()]
