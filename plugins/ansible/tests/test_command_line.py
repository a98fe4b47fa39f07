"""The command line, without running anything."""

from __future__ import annotations

from typing import Any

import pytest
from hub_ansible import AnsibleExecutor
from hub_ansible.arguments import Sources, command_line
from hub_ansible.params import AnsibleParams, AnsibleTaskParams
from hub_ansible.unfit import Unfit

from hub.plugin import InventoryView, Key, TaskView, VaultView

SOURCES = Sources(
    "ansible-playbook",
    "site.yml",
    ["/w/hosts"],
    "/w/extra_vars.yml",
    user=("--user", "deploy", "--connection-password-file", "/w/p1"),
    become=("--become-user", "root", "--become-password-file", "/w/p2"),
    vaults=(("dev", "/w/v1"), ("prod", "/r/vault.sh")),
)


def task(**changes: Any) -> TaskView:
    return TaskView(41, 1, "Shop", 2, "Deploy", "", "ansible", "site.yml", **changes)


def line(params: dict[str, Any], task_params: dict[str, Any], sources: Sources = SOURCES, **view: Any) -> list[str]:
    return list(command_line(sources, task(**view), AnsibleParams(**params), AnsibleTaskParams(**task_params)))


def test_all_pieces_stand_in_the_order_that_existing_users_know() -> None:
    params = {"allow_debug": True, "limit": ["a", "b"], "tags": ["t"], "skip_tags": ["s", "u"]}
    words = line(
        params,
        {"debug": True, "debug_level": 2, "dry_run": True, "diff": True},
        arguments=["--forks", "10"],
        task_arguments=["-e", "x=1"],
    )
    assert words == [
        *("ansible-playbook", "-i", "/w/hosts"),
        *("--user", "deploy", "--connection-password-file", "/w/p1"),
        *("--become-user", "root", "--become-password-file", "/w/p2"),
        *("-vv", "--diff", "--check"),
        *("--vault-id=dev@/w/v1", "--vault-id=prod@/r/vault.sh"),
        *("--extra-vars", "@/w/extra_vars.yml"),
        *("--forks", "10"),
        *("--limit=a,b", "--tags=t", "--skip-tags=s,u"),
        *("-e", "x=1"),
        "site.yml",
    ]


def test_a_plain_task_has_only_what_is_needed() -> None:
    bare = Sources("ansible-playbook", "site.yml", ["/w/hosts"], "/w/extra_vars.yml")
    assert line({}, {}, bare) == [
        "ansible-playbook",
        "-i",
        "/w/hosts",
        "--extra-vars",
        "@/w/extra_vars.yml",
        "site.yml",
    ]


def test_become_and_its_method_are_flags_of_the_template() -> None:
    """W-82."""
    words = line({"become": True, "become_method": "su"}, {})
    at = words.index("--become")
    assert words[at : at + 4] == ["--become", "--become-method=su", "--become-user", "root"]


@pytest.mark.parametrize("field", ["limit", "tags", "skip_tags"])
@pytest.mark.parametrize("template", [[], ["own"]])
@pytest.mark.parametrize("allowed", [True, False])
@pytest.mark.parametrize("asked", ["absent", None, [], ["a", "b"]])
def test_a_filter_is_replaced_only_if_allowed_and_present(
    field: str, template: list[str], allowed: bool, asked: Any
) -> None:
    """W-53: the flags bind, also for clients that do not ask them."""
    words = line({field: template, f"allow_override_{field}": allowed}, {} if asked == "absent" else {field: asked})
    expected = asked if allowed and isinstance(asked, list) else template
    flag = f"--{field.replace('_', '-')}="
    assert [word for word in words if word.startswith(flag)] == ([flag + ",".join(expected)] if expected else [])


@pytest.mark.parametrize(
    ("allowed", "debug", "level", "expected"),
    [
        (True, True, 1, ["-v"]),
        (True, True, 6, ["-vvvvvv"]),
        (True, True, 9, ["-vvvvvv"]),
        (True, True, 0, ["-vvvv"]),
        (True, True, -2, ["-vvvv"]),
        (True, False, 3, []),
        (False, True, 3, []),
    ],
)
def test_verbosity_needs_leave_and_has_a_top(allowed: bool, debug: bool, level: int, expected: list[str]) -> None:
    words = line({"allow_debug": allowed}, {"debug": debug, "debug_level": level})
    assert [word for word in words if word.startswith("-v")] == expected


def test_lists_that_a_client_writes_as_null_are_empty() -> None:
    assert AnsibleParams(limit=None, tags=None, skip_tags=None) == AnsibleParams()


@pytest.mark.parametrize("limit", ["@/etc/passwd", " @x", "web,@/etc/passwd", "web:@x"])
def test_a_task_cannot_name_a_file_of_the_worker_as_its_limit(limit: str) -> None:
    """W-55."""
    with pytest.raises(Unfit, match="hosts or groups"):
        line({"allow_override_limit": True}, {"limit": [limit]})
    assert "--limit=@site.retry" in line({"limit": ["@site.retry"]}, {})


@pytest.mark.parametrize("arguments", ["--forks 10", {"plan": []}, ["--forks", 10], 3, True, ["a\0b"]])
def test_arguments_that_are_no_list_of_texts_are_refused_in_a_sentence(arguments: Any) -> None:
    for where in ({"arguments": arguments}, {"task_arguments": arguments}):
        with pytest.raises(Unfit, match=r"^The arguments of the (template|task) .*\.$"):
            line({}, {}, **where)


def test_the_preview_shows_names_where_files_will_be() -> None:
    inventory = InventoryView(3, "hosts", "static", "", None, user_key=Key(1), become_key=Key(2))
    shown = AnsibleExecutor().preview(
        task(inventory=inventory, vaults=(VaultView("dev", "password", key=Key(3)),), arguments=["--forks", "2"]),
        AnsibleParams(limit=("web",)),
        AnsibleTaskParams(dry_run=True),
    )
    assert shown == (
        *("ansible-playbook", "-i", "<inventory hosts>", "--user", "<user key>", "--become-user", "<become key>"),
        *("--become-password-file", "<become password>", "--check", "--vault-id=dev@<vault key>"),
        *("--extra-vars", "@<variables>", "--forks", "2", "--limit=web", "site.yml"),
    )
    assert AnsibleExecutor().preview(task(arguments="x"), AnsibleParams(), AnsibleTaskParams()) == ()


def test_the_preview_of_a_run_on_chosen_hosts_names_them_behind_every_other_limit() -> None:
    chosen = AnsibleTaskParams(hosts=("web1", "web2"))
    shown = AnsibleExecutor().preview(task(task_arguments=["--limit", "all"]), AnsibleParams(limit=("web",)), chosen)
    assert shown[-5:] == ("--limit=web", "--limit", "all", "--limit=@<2 hosts: web1, web2>", "site.yml")
    blank = AnsibleTaskParams(hosts=(" ",))
    assert AnsibleExecutor().preview(task(), AnsibleParams(), blank) == ()
