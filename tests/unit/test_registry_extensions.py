"""What plugins bring: what is taken, what is refused, and what is said about it."""

from typing import Any

import pytest

from hub.plugin import (
    Executor,
    Identity,
    NoParams,
    Notifier,
    Outcome,
    Params,
    PasswordProvider,
    Redirect,
    RedirectProvider,
    SecretBackend,
    hookimpl,
)
from hub.registry import load
from hub.testing import inline_plugin


class Fine(Executor):
    name = "fine"
    title = "Fine"

    async def run(self, task, params, task_params, io):
        return Outcome.success()


def taken(*plugins):
    return load(builtin=plugins, group="hub-tests-none")


def bringing(*things, hook="hub_executors", name="inline"):
    def answer():
        return list(things)

    answer.__name__ = hook
    return inline_plugin(hookimpl(answer), name=name)


def sentences(registry):
    return [problem.sentence for problem in registry.problems]


def variant(**members):
    return type("Odd", (Fine,), members)()


class Loose(Params, extra="allow"):
    pass


class Mutable(Params, frozen=False):
    pass


class Shapeless(Params, arbitrary_types_allowed=True):
    thing: memoryview


@pytest.mark.parametrize(
    ("members", "sentence"),
    [
        (
            {"name": "Bad Name"},
            "The executor Bad Name needs a name of 1 to 64 lower-case letters, digits, '-' and '_'.",
        ),
        ({"name": "line\n"}, "The executor line\n needs a name"),
        ({"name": None}, "The executor Odd needs a name"),
        ({"title": " "}, "The executor fine needs a title, the name that people read."),
        ({"params_version": 0}, "The executor fine needs a params_version that is a whole number from 1 on."),
        (
            {"params_type": dict},
            "The executor fine needs a params_type that is a class derived from hub.plugin.Params.",
        ),
        ({"params_type": NoParams()}, "The executor fine needs a params_type that is a class"),
        ({"task_params_type": dict}, "The executor fine needs a task_params_type that is a class"),
        ({"params_type": Loose}, "The executor fine has a params_type that is not frozen or takes unknown members"),
        ({"params_type": Mutable}, "The executor fine has a params_type that is not frozen or takes unknown members"),
        ({"params_type": Shapeless}, "The executor fine has a params_type from which no form can be made: "),
        (
            {"capabilities": {"dry_run": True}},
            "The executor fine needs capabilities made with hub.plugin.Capabilities.",
        ),
        ({"run": Executor.run}, "The executor fine does not define run."),
        ({"name": property(lambda self: 1 / 0)}, "Something that its hub_executors returned could not be examined: "),
    ],
)
def test_an_unfit_extension_is_refused_alone_and_the_sentence_says_why(members, sentence):
    registry = taken(bringing(variant(**members), variant(name="other")))
    assert list(registry.executors) == ["other"]
    (said,) = sentences(registry)
    assert said.startswith(" ".join(sentence.split()))


def test_a_secret_backend_must_write_unless_it_is_read_only():
    class Reads(SecretBackend):
        name = "reads"
        title = "Reads"

        async def read(self, params: Any, path: str) -> str:
            return path

    class OnlyReads(Reads):
        name = "only-reads"
        read_only = True

    registry = taken(bringing(Reads(), OnlyReads(), hook="hub_secret_backends"))
    assert list(registry.secret_backends) == ["only-reads"]
    assert sentences(registry) == ["The secret backend reads does not define write and delete."]


def test_a_thing_of_another_kind_is_refused():
    registry = taken(bringing(Fine(), "text", Fine, hook="hub_notifiers"))
    assert not registry.notifiers
    assert len(sentences(registry)) == 3
    assert "Its hub_notifiers returned an object of type Fine, which is no notifier of hub.plugin." in sentences(
        registry
    )


@pytest.mark.parametrize("answer", [None, "fine", {"fine": Fine()}, Fine(), 7])
def test_a_hook_that_returns_no_list_is_told_so(answer):
    @hookimpl
    def hub_executors():
        return answer

    registry = taken(inline_plugin(hub_executors))
    assert not registry.executors
    assert sentences(registry)[0].endswith("it must return a list.")


def test_a_generator_will_do_and_one_that_breaks_midway_brings_nothing():
    @hookimpl
    def hub_executors():
        yield Fine()

    @hookimpl(specname="hub_executors")
    def more():
        yield variant(name="first")
        raise SystemExit("enough")

    assert list(taken(inline_plugin(hub_executors)).executors) == ["fine"]
    broken = taken(inline_plugin(more))
    assert not broken.executors
    assert "SystemExit: enough" in sentences(broken)[0]


def test_built_in_extensions_keep_their_names_in_the_order_given():
    registry = taken(bringing(variant(title="A"), name="one"), bringing(variant(title="B"), name="two"))
    assert registry.executors["fine"].title == "A"
    one, two = registry.plugins
    assert (one.offers, two.offers) == ({"executors": ("fine",)}, {})
    assert [problem.sentence for problem in two.problems] == sentences(registry)


def test_one_plugin_that_brings_a_name_twice_keeps_the_first():
    registry = taken(bringing(variant(title="A"), variant(title="B")))
    assert registry.executors["fine"].title == "A"
    assert len(sentences(registry)) == 1


def test_ways_to_sign_in_share_one_space_of_names_and_are_told_apart():
    class Directory(PasswordProvider):
        name = "corp"
        title = "Directory"

        async def check(self, params, username, password):
            return None

    class Page(RedirectProvider):
        name = "sso"
        title = "Page"

        async def begin(self, params, callback_url):
            return Redirect("https://id.example.org")

        async def finish(self, params, callback_url, query, state):
            return Identity("sso", "1", "jane")

    same = type("Same", (Page,), {"name": "corp"})
    registry = taken(bringing(Directory(), Page(), same(), hook="hub_auth_providers"))
    assert (list(registry.password_providers), list(registry.redirect_providers)) == (["corp"], ["sso"])
    assert sentences(registry)[0].startswith("The auth provider corp is refused")


def test_two_plugins_of_one_name_are_not_both_on_and_their_problems_stay_apart():
    registry = taken(bringing(Fine(), name="twin"), bringing(variant(name="other"), name="twin"))
    first, second = registry.plugins
    assert (first.state, first.problems) == ("on", ())
    assert second.state == "off"
    assert second.reason.startswith("Both automation-hub ")
    assert [problem.sentence for problem in second.problems] == [second.reason]
    assert list(registry.executors) == ["fine"]


def test_a_plugin_turned_off_leaves_its_name_to_another():
    registry = load(builtin=[bringing(Fine(), name="keys")], off=["keys"], group="hub-tests-none")
    assert [info.state for info in registry.plugins] == ["off"]
    assert not registry.executors
    assert not registry.problems


@pytest.mark.parametrize("spoken", [True, "1", 1.0, 2])
def test_the_fence_knows_only_the_whole_number(spoken):
    registry = taken(inline_plugin(HUB_API=spoken))
    assert registry.plugins[0].reason.startswith(f"It speaks plugin API {spoken!r} and this hub speaks 1")


def test_async_hooks_wrappers_and_unknown_hooks_turn_a_plugin_off():
    @hookimpl
    async def hub_executors():
        return []

    @hookimpl(wrapper=True)
    def hub_notifiers():
        return (yield)

    @hookimpl
    def completely_elsewhere():
        return None

    reasons = [
        taken(inline_plugin(hook)).plugins[0].reason for hook in (hub_executors, hub_notifiers, completely_elsewhere)
    ]
    assert reasons[0].startswith("Its hub_executors is async; ")
    assert reasons[1].startswith("Its hub_notifiers is a wrapper; ")
    assert reasons[2].startswith(
        "It implements completely_elsewhere, which is no hook of this hub; see docs/plugins.md"
    )


def test_an_optional_hook_of_a_later_hub_is_let_be():
    @hookimpl(optionalhook=True)
    def hub_of_the_future():
        return []

    (info,) = taken(inline_plugin(hub_of_the_future)).plugins
    assert (info.state, info.problems, info.hooks) == ("on", (), ())


def test_a_hook_without_its_mark_is_told():
    def hub_executors():
        return [Fine()]

    registry = taken(inline_plugin(hub_executors))
    assert registry.plugins[0].state == "on"
    assert sentences(registry) == ["hub_executors is defined but not marked with @hookimpl, so it is never called."]


def test_what_plugins_brought_cannot_be_changed_from_outside():
    registry = taken(bringing(Fine()))
    with pytest.raises(TypeError):
        registry.executors["other"] = Fine()
    with pytest.raises(AttributeError):
        registry.executors = {}
    with pytest.raises(TypeError):
        registry.plugins[0].offers["executors"] = ()


def test_an_extension_knows_its_owner():
    fine = Fine()
    registry = taken(bringing(fine, name="mine"))
    assert registry.owner(fine) == "mine"
    assert registry.owner(Fine()) == ""


def test_the_built_in_plugins_of_the_hub_have_no_problem():
    from hub import builtin

    registry = load(builtin=builtin.MODULES, group="hub-tests-none")
    assert not registry.problems
    assert {info.state for info in registry.plugins} == {"on"}
    assert {"ssh", "login_password", "string", "none"} <= set(registry.key_types)
    assert "disk" in registry.blob_stores


def test_the_notifier_of_a_plugin_may_have_the_name_of_an_executor():
    class Paper(Notifier):
        name = "fine"
        title = "Paper"

        async def send(self, params, notice):
            return None

    both = inline_plugin(
        *(vars(bringing(Fine()))["hub_executors"], vars(bringing(Paper(), hook="hub_notifiers"))["hub_notifiers"])
    )
    registry = taken(both)
    assert (list(registry.executors), list(registry.notifiers), registry.problems) == (["fine"], ["fine"], ())
