"""Calling plugins while the hub runs: one at a time, in time, and with their faults put down to them."""

import asyncio
import logging
import threading
from datetime import UTC, datetime, timedelta

import pytest

from hub.errors import Conflict
from hub.plugin import (
    ActorView,
    AuthRejected,
    Executor,
    GateRequest,
    HubEvent,
    NavItem,
    NotReady,
    Outcome,
    Panel,
    PluginError,
    Refused,
    Retry,
    Stopped,
    hookimpl,
)
from hub.registry import catalogue, guard, load
from hub.registry.contain import MOST_STUCK
from hub.registry.ledger import LONGEST_SENTENCE, MOST_PER_PLUGIN, Ledger
from hub.testing import inline_plugin

REQUEST = GateRequest(project_id=1, template_id=2, template_name="Deploy", app="shell", actor="jane", user_id=3)
EVENT = HubEvent("task.finished", datetime(2026, 1, 2, tzinfo=UTC))


def hook(name):
    """Mark a lambda as the implementation of a hook."""

    def mark(function):
        function.__name__ = name
        return hookimpl(function)

    return mark


def waiting_for(event):
    def hook_that_hangs():
        event.wait()

    return hook_that_hangs


def taken(**hooks_by_plugin):
    plugins = [inline_plugin(implementation, name=name) for name, implementation in hooks_by_plugin.items()]
    registry = load(builtin=plugins, group="hub-tests-none")
    assert not registry.problems
    return registry


def sentences(registry):
    return [problem.sentence for problem in registry.problems]


@pytest.fixture
def stuck():
    """Holds the threads of hooks until the test ends."""
    release = threading.Event()
    yield release
    release.set()


@pytest.fixture
def hurried(monkeypatch):
    monkeypatch.setattr(catalogue, "HOOK_SECONDS", 0.2)
    monkeypatch.setattr(catalogue, "LIFE_SECONDS", 0.2)


# Gates


async def test_the_first_refusal_wins_and_later_plugins_are_not_asked():
    asked = []

    def refuse(request):
        asked.append("two")
        return f"Not on a Friday, {request.actor}."

    registry = taken(
        one=hook("hub_gate")(lambda request: asked.append("one")),
        two=hook("hub_gate")(refuse),
        three=hook("hub_gate")(lambda request: asked.append("three")),
    )
    assert await registry.gate(REQUEST) == "Not on a Friday, jane."
    assert asked == ["one", "two"]
    assert not registry.problems


async def test_a_gate_may_raise_its_refusal():
    def refuse(request):
        raise Refused("The window is closed.")

    registry = taken(window=hook("hub_gate")(refuse))
    assert await registry.gate(REQUEST) == "The window is closed."
    assert not registry.problems


async def test_a_gate_that_fails_refuses_and_keeps_its_text_for_the_log(caplog):
    def fail():
        raise KeyError("token=hunter2")

    registry = taken(broken=hook("hub_gate")(fail))
    with caplog.at_level(logging.ERROR):
        refusal = await registry.gate(REQUEST)
    assert refusal == (
        "The plugin broken could not say whether this task may start. "
        "The plugin broken failed with KeyError; the server's log has the details."
    )
    assert "hunter2" in caplog.text
    assert "hunter2" not in str(registry.problems)
    assert len(sentences(registry)) == 1


@pytest.mark.parametrize("answer", ["", " ", False, True, 0])
async def test_a_gate_that_mumbles_refuses(answer):
    registry = taken(odd=hook("hub_gate")(lambda: answer))
    assert (await registry.gate(REQUEST)).endswith("Its hub_gate must return None or a sentence.")


async def test_a_gate_that_hangs_refuses(hurried, stuck):
    registry = taken(slow=hook("hub_gate")(waiting_for(stuck)))
    assert (await registry.gate(REQUEST)).endswith("The plugin slow did not answer in time.")
    assert sentences(registry) == ["hub_gate: The plugin slow did not answer in time."]


async def test_a_plugin_that_keeps_hanging_is_not_asked_any_more(hurried, stuck):
    came = []
    registry = taken(slow=hook("hub_gate")(lambda: (came.append(1), stuck.wait())))
    for _ in range(MOST_STUCK + 3):
        assert await registry.gate(REQUEST)
    assert len(came) == MOST_STUCK
    assert sentences(registry)[-1].endswith("was not asked, because earlier calls of it have not returned.")


# Events


async def test_everybody_hears_an_event_and_a_fault_stays_where_it_is():
    heard = []

    def fail(event):
        raise RuntimeError

    registry = taken(
        broken=hook("hub_event")(fail),
        ends=hook("hub_event")(lambda: exit(3)),
        good=hook("hub_event")(lambda event: heard.append(event.name)),
    )
    await registry.publish(EVENT)
    await registry.publish(EVENT)
    assert heard == ["task.finished", "task.finished"]
    counts = {problem.plugin: problem.count for problem in registry.problems}
    assert counts == {"broken": 2, "ends": 2}
    assert registry.plugins[0].problems[0].sentence.startswith("hub_event: The plugin broken failed with RuntimeError")


async def test_a_plugin_hears_events_in_order_one_after_the_other():
    inside, heard, most = [0], [], [0]

    def listen(event):
        inside[0] += 1
        most[0] = max(most[0], inside[0])
        heard.append(event.object_id)
        inside[0] -= 1

    registry = taken(one=hook("hub_event")(listen))
    events = [HubEvent("task.created", EVENT.at, object_id=number) for number in range(50)]
    await asyncio.gather(*map(registry.publish, events))
    assert heard == list(range(50))
    assert most == [1]


async def test_a_hanging_listener_holds_up_neither_the_hub_nor_the_others(hurried, stuck):
    heard = threading.Event()
    registry = taken(slow=hook("hub_event")(waiting_for(stuck)), good=hook("hub_event")(lambda event: heard.set()))
    await registry.publish(EVENT)
    assert heard.wait(30)
    slow, _ = registry.plugins
    assert [problem.sentence for problem in slow.problems] == ["hub_event: The plugin slow did not answer in time."]


async def test_a_backlog_behind_a_slow_listener_is_dropped_and_told(hurried, stuck):
    registry = taken(slow=hook("hub_event")(waiting_for(stuck)))
    await asyncio.gather(*(registry.publish(EVENT) for _ in range(20)))
    assert sum(problem.count for problem in registry.problems) == 20
    assert any("still busy" in sentence for sentence in sentences(registry))


# Life


def test_start_and_end_reach_every_plugin_in_opposite_orders():
    told = []
    plugins = [
        inline_plugin(
            hook("hub_startup")(lambda host, name=name: told.append(f"{name} {host}")),
            hook("hub_shutdown")(lambda name=name: told.append(f"{name} ends")),
            name=name,
        )
        for name in ("one", "two")
    ]
    registry = load(builtin=plugins, group="hub-tests-none")
    registry.startup("starts")
    registry.shutdown("ends")
    assert told == ["one starts", "two starts", "two ends", "one ends"]


def test_a_plugin_that_fails_or_hangs_at_the_start_is_listed_and_the_hub_starts(hurried, stuck):
    def fail():
        raise OSError("no such device")

    registry = taken(broken=hook("hub_startup")(fail), slow=hook("hub_startup")(waiting_for(stuck)))
    registry.startup(None)
    assert [(info.state, len(info.problems)) for info in registry.plugins] == [("on", 1), ("on", 1)]


# Surface

JANE = ActorView(user_id=1, username="jane", admin=False)


def test_pages_ask_each_plugin_and_leave_out_what_does_not_fit():
    def fail():
        raise ZeroDivisionError

    registry = taken(
        broken=hook("hub_nav")(fail),
        none=hook("hub_nav")(lambda: None),
        mixed=hook("hub_nav")(lambda actor: [NavItem(actor.username), "text"]),
    )
    (link,) = registry.nav(JANE, None)
    assert (link.plugin, link.item.title) == ("mixed", "jane")
    assert sentences(registry) == [
        "Its hub_nav failed with ZeroDivisionError.",
        "Its hub_nav must return a list of NavItem objects.",
        "Its hub_nav must return a list of NavItem objects.",
    ]


def test_panels_are_asked_for_once_for_each_slot():
    asked = []

    async def render(request):
        return ""

    registry = taken(one=hook("hub_panels")(lambda slot: asked.append(slot) or [Panel(slot, render)]))
    for _ in range(3):
        assert [box.item.title for box in registry.panels("task")] == ["task"]
    registry.panels("dashboard")
    assert asked == ["task", "dashboard"]


# Verbs


async def answer(value=None, error=None):
    if error is not None:
        raise error
    return value


async def test_a_verb_that_works_is_let_through():
    assert await guard("slack", answer(7), limit=5) == 7


@pytest.mark.parametrize(
    "error",
    [
        Refused("no"),
        AuthRejected("no"),
        NotReady("no"),
        Retry("no", after=3),
        PluginError("no"),
        Stopped(),
        Conflict("no"),
    ],
)
async def test_errors_that_carry_policy_pass_through_untouched(error):
    with pytest.raises(type(error)) as raised:
        await guard("slack", answer(error=error), limit=5)
    assert raised.value is error


@pytest.mark.parametrize("error", [ValueError("hunter2"), SystemExit("hunter2"), TimeoutError("hunter2")])
async def test_other_errors_become_a_sentence_that_names_the_plugin_and_no_more(error, caplog):
    with pytest.raises(PluginError) as raised:
        await guard("slack", answer(error=error), limit=5)
    said = str(raised.value)
    assert said == f"The plugin slack failed with {type(error).__name__}; the server's log has the details."
    assert raised.value.__suppress_context__
    assert "hunter2" in caplog.text


async def test_a_verb_that_is_too_slow_is_not_ready():
    with pytest.raises(NotReady, match="The plugin slack did not answer within"):
        await guard("slack", asyncio.Event().wait(), limit=0.01)


async def test_a_verb_that_is_no_coroutine_is_the_fault_of_the_plugin():
    with pytest.raises(PluginError, match="slack failed with TypeError"):
        await guard("slack", None, limit=5)


async def test_cancelling_the_caller_cancels_and_a_cancellation_of_the_plugins_own_does_not():
    with pytest.raises(PluginError, match="slack failed with CancelledError"):
        await guard("slack", answer(error=asyncio.CancelledError()), limit=5)
    task = asyncio.create_task(guard("slack", asyncio.Event().wait(), limit=None))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_the_registry_notes_faults_of_verbs_but_no_policy():
    class Fine(Executor):
        name = "fine"
        title = "Fine"

        async def run(self, task, params, task_params, io):
            return Outcome.success()

    fine = Fine()
    registry = taken(mine=hook("hub_executors")(lambda: [fine]))
    with pytest.raises(Refused):
        await registry.guard(fine, answer(error=Refused("no")))
    with pytest.raises(PluginError):
        await registry.guard(fine, answer(error=ValueError()))
    with pytest.raises(NotReady):
        await registry.guard("mine", asyncio.Event().wait(), limit=0.01)
    assert sentences(registry) == [
        "The plugin mine failed with ValueError; the server's log has the details.",
        "The plugin mine did not answer within 0.01 seconds.",
    ]


# The ledger


def test_the_ledger_counts_what_repeats_and_forgets_what_was_unseen_for_longest():
    moments = (datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=number) for number in range(100_000))
    ledger = Ledger(lambda: next(moments))
    for number in range(MOST_PER_PLUGIN):
        ledger.note("one", f"Problem {number}.")
    ledger.note("one", "Problem 0.")
    ledger.note("one", "A new one.")
    ledger.note("two", "x" * 10_000)
    noted = ledger.about("one")
    assert len(noted) == MOST_PER_PLUGIN
    assert [problem.sentence for problem in noted][-2:] == ["Problem 0.", "A new one."]
    assert "Problem 1." not in {problem.sentence for problem in noted}
    again = noted[-2]
    assert (again.count, again.last - again.first) == (2, timedelta(minutes=MOST_PER_PLUGIN))
    assert len(ledger.about("two")[0].sentence) == LONGEST_SENTENCE
    assert len(ledger.all()) == MOST_PER_PLUGIN + 1
