"""The command line on a data folder of its own: what it prints, where, and with which exit code."""

from __future__ import annotations

import asyncio
import json
import re
import sqlite3
import stat
from pathlib import Path

import pytest

from hub.testing.sqlite_file import place_database

from .command_line import Terminal

pytestmark = pytest.mark.e2e


@pytest.fixture
def terminal(tmp_path: Path) -> Terminal:
    (tmp_path / "here").mkdir()
    return Terminal(tmp_path / "here", tmp_path / "data")


@pytest.fixture
def hub(terminal: Terminal) -> Terminal:
    """A terminal whose hub has been used once."""
    asyncio.run(place_database(terminal.data / "hub.sqlite3"))
    done = terminal.run("user", "list", HUB_ADMIN_PASSWORD="changeme")
    assert done.returncode == 0, done.stderr
    return terminal


def refused(terminal: Terminal, *arguments: str, code: int = 1, stdin: str = "", **more: str) -> str:
    """Run a command that must fail; return its one sentence."""
    done = terminal.run(*arguments, stdin=stdin, **more)
    assert done.returncode == code, done.stderr
    assert done.stdout == ""
    assert "Traceback" not in done.stderr
    return done.stderr.strip()


def test_version_and_help_need_neither_a_data_folder_nor_right_settings(terminal: Terminal) -> None:
    for arguments in (["version"], ["--version"], ["--help"], ["-h"], []):
        done = terminal.run(*arguments, HUB_PORT="nonsense", HUB_DATABASE_URL="nonsense")
        assert "nonsense" not in done.stderr
        assert done.returncode == (0 if arguments else 2)
    assert re.fullmatch(r"hub \d+\.\d+\.\d+\S*\n", terminal.run("version").stdout)
    assert not terminal.data.exists()


def test_help_imports_nothing_heavy(terminal: Terminal) -> None:
    done = terminal.run("--help", PYTHONPROFILEIMPORTTIME="1")
    assert "click" in done.stderr
    for heavy in ("pydantic", "tortoise", "quart", "hypercorn", "cryptography", "asyncssh"):
        assert not re.search(rf"\| +{heavy}\b", done.stderr)


def test_every_verb_has_a_help_of_its_own(terminal: Terminal) -> None:
    listed = terminal.run("--help").stdout.partition("Commands:")[2]
    verbs = re.findall(r"^  (\w+)", listed, re.MULTILINE)
    assert {"user", "token", "plugin", "vault", "db", "task", "version", "x"} <= set(verbs)
    for verb in ("user", "token", "plugin", "vault", "db", "task"):
        done = terminal.run(verb, "--help")
        assert (done.returncode, done.stderr) == (0, "")
        assert "Usage: hub" in done.stdout


def test_an_unknown_verb_is_a_wrong_use(terminal: Terminal) -> None:
    assert "No such command" in refused(terminal, "nonsense", code=2)


def test_a_wrong_setting_is_one_sentence(terminal: Terminal) -> None:
    assert "HUB_PORT" in refused(terminal, "user", "list", HUB_PORT="x")
    assert "missing.toml does not exist" in refused(terminal, "--config", "missing.toml", "user", "list")


def test_the_first_command_makes_the_hub_and_shows_its_password_once(terminal: Terminal) -> None:
    first = terminal.run("user", "list", "--json")
    assert json.loads(first.stdout)[0]["username"] == "admin"
    assert re.search(r"Password:  \S{20}\n", first.stderr)
    assert "vault.json" in first.stderr
    second = terminal.run("user", "list", "--json")
    assert (second.returncode, second.stderr) == (0, "")
    assert stat.S_IMODE(terminal.data.stat().st_mode) == 0o700


def test_users_are_added_listed_and_removed(hub: Terminal) -> None:
    added = hub.run("user", "add", "Jane", "--email", "jane@example.org", "--admin", "--password-stdin", stdin="pw\n")
    assert (added.returncode, added.stdout) == (0, "User jane was added with id 2.\n")
    table = hub.run("user", "list").stdout.splitlines()
    assert table[0].split() == ["ID", "USERNAME", "NAME", "EMAIL", "ADMIN", "EXTERNAL"]
    assert table[2].split() == ["2", "jane", "Jane", "jane@example.org", "yes", "no"]
    assert hub.run("user", "password", "JANE@example.org", "--password-stdin", stdin="other\n").returncode == 0
    assert "belongs to another user" in refused(
        hub, "user", "add", "jane", "--email", "x@example.org", "--password-stdin", stdin="x\n"
    )
    assert refused(hub, "user", "totp", "disable", "--login", "jane") == "TOTP not enabled"
    assert hub.run("user", "delete", "jane", stdin="n\n").returncode == 1
    assert hub.run("user", "delete", "jane", "--yes").stdout == "User jane was removed.\n"
    assert refused(hub, "user", "delete", "jane", "--yes") == "There is no user jane."
    assert "last administrator" in refused(hub, "user", "delete", "admin", "--yes")


def test_a_password_is_never_an_argument(hub: Terminal) -> None:
    assert "No such option" in refused(hub, "user", "add", "j", "--email", "j@x.org", "--password", "x", code=2)
    assert "--password-stdin" in refused(hub, "user", "add", "j", "--email", "j@x.org", code=2)
    assert "no password" in refused(hub, "user", "add", "j", "--email", "j@x.org", "--password-stdin", code=2)


def test_external_users_are_added_without_a_password(hub: Terminal) -> None:
    assert hub.run("user", "add", "ext", "--email", "ext@example.org", "--external").returncode == 0
    assert json.loads(hub.run("user", "list", "--json").stdout)[1]["external"] is True


def test_a_token_is_the_only_thing_on_standard_output(hub: Terminal) -> None:
    made = hub.run("token", "create", "admin", "--name", "ci", "--expires", "2999-01-31T12:00:00Z")
    token = made.stdout.strip()
    assert len(token) == 44
    listed = json.loads(hub.run("token", "list", "admin", "--json").stdout)
    assert [(one["id"], one["name"]) for one in listed] == [(token[:8], "ci")]
    assert listed[0]["expires_at"] == "2999-01-31T12:00:00Z"
    assert token[:8] in hub.run("token", "list", "admin").stdout
    assert "future" in refused(hub, "token", "create", "admin", "--expires", "2001-01-01T00:00:00Z")
    assert hub.run("token", "delete", "admin", "--", token[:8]).returncode == 0
    assert json.loads(hub.run("token", "list", "admin", "--json").stdout) == []
    assert token not in "".join(path.read_text("latin-1") for path in hub.data.iterdir() if path.is_file())


def test_plugins_are_listed_without_a_database(terminal: Terminal) -> None:
    listed = {one["name"]: one for one in json.loads(terminal.run("plugin", "list", "--json").stdout)}
    assert listed["keys"]["state"] == "on"
    off = terminal.run("plugin", "list", HUB_PLUGINS_OFF="keys")
    assert re.search(r"^keys +off", off.stdout, re.MULTILINE)
    assert not terminal.data.exists()


def test_the_vault_is_checked_and_its_key_changed(hub: Terminal) -> None:
    assert json.loads(hub.run("vault", "check", "--json").stdout) == {"current": 1, "older": 0, "broken": []}
    assert "is the active one" in hub.run("vault", "key", "--add").stdout
    assert json.loads(hub.run("vault", "check", "--json").stdout) == {"current": 0, "older": 1, "broken": []}
    assert json.loads(hub.run("vault", "rotate", "--json").stdout) == {"current": 0, "older": 1, "broken": []}
    assert json.loads(hub.run("vault", "check", "--json").stdout) == {"current": 1, "older": 0, "broken": []}
    assert stat.S_IMODE((hub.data / "vault.json").stat().st_mode) == 0o600


def test_a_new_vault_key_is_fit_for_the_setting(terminal: Terminal) -> None:
    key = terminal.run("vault", "key", "--id", "k9").stdout.strip()
    assert terminal.run("user", "list", HUB_VAULT_KEYS=key).returncode == 0
    assert "HUB_VAULT_KEYS" in refused(terminal, "vault", "key", "--add", HUB_VAULT_KEYS=key)
    assert not (terminal.data / "vault.json").exists()
    other = terminal.run("vault", "key").stdout.strip()
    assert "does not fit this database" in refused(terminal, "user", "list", HUB_VAULT_KEYS=f"{other}")


def test_the_database_goes_forward_and_back(terminal: Terminal) -> None:
    assert json.loads(terminal.run("db", "status", "--json").stdout)["state"] == "empty"
    assert "Applied 0001_initial." in terminal.run("db", "upgrade").stdout
    assert json.loads(terminal.run("db", "status", "--json").stdout)["state"] == "current"
    assert terminal.run("db", "upgrade").stdout == "There was nothing to do.\n"
    assert terminal.run("db", "downgrade", "zero", stdin="n\n").returncode == 1
    assert "Took back 0001_initial." in terminal.run("db", "downgrade", "zero", "--yes").stdout
    assert "no tables yet" in terminal.run("db", "status").stdout


def test_a_database_of_a_newer_hub_is_refused_in_a_sentence(hub: Terminal) -> None:
    file = next(hub.data.glob("*.sqlite3"))
    connection = sqlite3.connect(file)
    with connection:
        table = next(
            name for (name,) in connection.execute("SELECT name FROM sqlite_master") if "migration" in name.lower()
        )
        connection.execute(
            f"INSERT INTO {table} (app, name, applied_at) SELECT app, '9999_later', applied_at FROM {table} LIMIT 1"
        )
    connection.close()
    assert "newer hub" in refused(hub, "user", "list")


def test_commands_of_plugins_are_listed_and_unknown_ones_refused(terminal: Terminal) -> None:
    done = terminal.run("x")
    assert (done.returncode, done.stderr) == (0, "")
    assert "brings no command" in refused(terminal, "x", "keys", "nonsense", "--flag")


def test_a_worker_without_redis_is_told_what_runs_tasks(terminal: Terminal) -> None:
    assert "HUB_REDIS_URL" in refused(terminal, "worker")
