"""Files for containers and systemd name only what is there: commands, settings, paths, users, files."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path
from typing import Any

import click
import pytest
import yaml

from hub.cli import _root
from hub.settings import Settings, read_settings
from hub.web.front.health import ALIVE, READY

ROOT = Path(__file__).parents[2]
KNOWN = {f"HUB_{name.upper()}" for name in Settings.model_fields}
GIVEN = {"POSTGRES_PASSWORD": "p", "HUB_ADMIN_PASSWORD": "a", "HUB_VAULT_KEYS": "k1:" + "A" * 43 + "="}


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    return dict(yaml.safe_load((ROOT / "docker-compose.yml").read_text("utf-8")))


def ours(compose: dict[str, Any]) -> dict[str, Any]:
    return {name: one for name, one in compose["services"].items() if one["image"] == "hub"}


def filled(value: str) -> str:
    """Fill in variables as compose does."""

    def of(found: re.Match[str]) -> str:
        name, default = found[1], found[3]
        assert name in GIVEN or found[2] == ":-", f"{name} is demanded, but the comment does not say to set it"
        return GIVEN.get(name, default)

    return re.sub(r"\$\{(\w+)(:[-?])([^}]*)\}", of, value)


def parsed(words: list[str]) -> None:
    """Let the command line read these words, up to where it would begin to work."""
    command: click.Command = _root
    context = click.Context(_root, info_name="hub")
    while isinstance(command, click.Group) and not (command.invoke_without_command and words[0].startswith("-")):
        name, *words = words
        found = command.get_command(context, name)
        assert found is not None, f"hub has no command {name}"
        command = found
    command.make_context(command.name or "", list(words), parent=context)


def test_every_service_of_ours_runs_a_command_that_exists(compose: dict[str, Any]) -> None:
    services = ours(compose)
    commands = [one["command"] for one in services.values()]
    assert sum(one[0] == "serve" for one in commands) == 2
    assert sum(one[0] == "worker" for one in commands) == 2
    assert commands.count(["db", "upgrade"]) == 1
    for words in commands:
        parsed(words)


def test_every_variable_is_a_setting_that_takes_the_value(compose: dict[str, Any]) -> None:
    for one in ours(compose).values():
        assert set(one["environment"]) <= KNOWN
        settings = read_settings({name: filled(str(value)) for name, value in one["environment"].items()})
        assert settings.redis_url
        assert not settings.embedded_database


def test_the_comment_makes_every_secret_that_is_demanded(compose: dict[str, Any]) -> None:
    text = (ROOT / "docker-compose.yml").read_text("utf-8")
    demanded = set(re.findall(r"\$\{(\w+):\?", text))
    assert demanded == set(GIVEN)
    assert all(f"{name}=" in text for name in demanded)


def test_nobody_starts_before_what_he_needs(compose: dict[str, Any]) -> None:
    services = compose["services"]
    for name, one in ours(compose).items():
        for needed, how in one["depends_on"].items():
            assert needed in services, (name, needed)
            if how["condition"] == "service_healthy":
                assert "test" in services[needed]["healthcheck"]
        if name != "upgrade":
            assert one["depends_on"]["upgrade"]["condition"] == "service_completed_successfully"
    volumes = [volume.partition(":")[0] for one in services.values() for volume in one.get("volumes", [])]
    assert sorted(volumes) == sorted(compose["volumes"])
    ports = [port for one in services.values() for port in one.get("ports", [])]
    assert all(port.startswith("127.0.0.1:") for port in ports)


def test_health_checks_ask_for_what_is_answered(compose: dict[str, Any]) -> None:
    for one in ours(compose).values():
        check = one["healthcheck"]
        if one["command"] == ["serve"]:
            assert f"3000{READY}'" in check["test"][-1]
            compile(check["test"][-1], "healthcheck", "exec")
        else:
            assert check == {"disable": True}
    dockerfile = (ROOT / "Dockerfile").read_text("utf-8")
    probe = json.loads(re.search(r"CMD (\[\"python\".*\])", dockerfile)[1])
    compile(probe[-1], "healthcheck", "exec")
    assert f"3000{ALIVE}'" in probe[-1]


def test_the_image_is_built_of_what_is_there_and_runs_as_nobody_special() -> None:
    text = re.sub(r"\\\n\s*", " ", (ROOT / "Dockerfile").read_text("utf-8"))
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    assert all(f"./plugins/{name}" in text and (ROOT / "plugins" / name).is_dir() for name in ("ansible", "shell"))
    assert (ROOT / "constraints.txt").is_file()
    variables = dict(re.findall(r"(HUB_\w+)=(\S+)", text))
    assert set(variables) <= KNOWN
    assert read_settings(variables).port == 3000
    final = lines[max(index for index, line in enumerate(lines) if line.startswith("FROM")) :]
    assert [line for line in final if line.startswith("USER")] == ["USER hub"]
    assert not re.search(r"PASSWORD|VAULT|SECRET", text)
    entry, words = json.loads(next(line for line in final if line.startswith("ENTRYPOINT"))[11:]), final[-1][4:]
    assert entry[-1] == "hub"
    parsed(json.loads(words))


def test_the_unit_of_systemd_runs_a_command_and_names_settings() -> None:
    text = (ROOT / "examples/hub.service").read_text("utf-8")
    start = re.search(r"^ExecStart=(\S+) (.*)$", text, re.MULTILINE)
    assert start
    parsed(shlex.split(start[2]))
    assert set(re.findall(r"HUB_\w+", text)) <= KNOWN


def test_the_manual_names_settings_that_exist() -> None:
    for name in ("docs/hosting.md", "examples/nginx.conf", "README.md"):
        named = set(re.findall(r"HUB_[A-Z_]+[A-Z]", (ROOT / name).read_text("utf-8")))
        assert {one for one in named if not one.endswith("_FILE")} <= KNOWN, name
