"""Settings: where they come from, which wins, and what a wrong one says."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import pytest

from hub.errors import SettingsError
from hub.settings import Settings, read_settings


def read(environ: dict[str, str] | None = None, **given: Any) -> Settings:
    return read_settings(environ or {}, **given)


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No hub.toml of the folder that tests are started in."""
    monkeypatch.chdir(tmp_path)


def test_a_hub_without_settings_is_embedded_and_listens_at_home_only() -> None:
    settings = read({})
    assert (settings.host, settings.port, settings.redis_url) == ("127.0.0.1", 3000, "")
    assert settings.embedded_database
    assert settings.database == f"sqlite:///{settings.data_dir / 'hub.sqlite3'}"


def test_the_data_folder_follows_the_desktops_rule(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", "/srv/data")
    assert read({}).data_dir == Path("/srv/data/hub")


def test_the_environment_wins_over_the_file_and_flags_over_both(tmp_path: Path) -> None:
    config = tmp_path / "my.toml"
    config.write_text('host = "file"\nport = 1\nlog_level = "DEBUG"\n')
    settings = read_settings({"HUB_HOST": "environment", "HUB_PORT": "2"}, config=config, port=3)
    assert (settings.host, settings.port, settings.log_level) == ("environment", 3, "debug")


def test_the_file_is_found_here_or_named(tmp_path: Path) -> None:
    (tmp_path / "hub.toml").write_text("port = 7\n[plugins]\ngreeter = 'x'\n")
    assert read({}).port == 7
    assert read({}).plugins == {"greeter": "x"}
    other = tmp_path / "other.toml"
    other.write_text("port = 8\n")
    assert read({"HUB_CONFIG": str(other)}).port == 8


@pytest.mark.parametrize(
    ("text", "told"),
    [("prot = 1", "unknown key: prot"), ("port = ", "cannot be read"), ("port = 'x'", "HUB_PORT")],
)
def test_a_wrong_file_ends_the_start_with_a_sentence(tmp_path: Path, text: str, told: str) -> None:
    config = tmp_path / "hub.toml"
    config.write_text(text)
    with pytest.raises(SettingsError, match=told):
        read({})


def test_a_named_file_that_is_missing_is_told() -> None:
    with pytest.raises(SettingsError, match="does not exist"):
        read({"HUB_CONFIG": "/nowhere/hub.toml"})


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("HUB_PORT", "x"), ("HUB_PORT", "70000"), ("HUB_PORT", "-1"), ("HUB_PUBLIC_URL", "hub.example.org"),
        ("HUB_DATABASE_URL", "oracle://x"), ("HUB_REDIS_URL", "http://x"), ("HUB_LOG_LEVEL", "loud"),
        ("HUB_LOCAL_REPOSITORY_ROOTS", "relative"), ("HUB_TASK_TIME_LIMIT", "-1"), ("HUB_SESSION_IDLE_DAYS", "0"),
        ("HUB_NON_ADMIN_CAN_CREATE_PROJECT", "perhaps"),
    ],
)  # fmt: skip
def test_a_wrong_value_names_its_variable(variable: str, value: str) -> None:
    with pytest.raises(SettingsError, match=variable):
        read({variable: value})


@pytest.mark.parametrize("variable", ["HUB_DATABASE_URL", "HUB_REDIS_URL"])
def test_a_wrong_secret_is_not_repeated(variable: str) -> None:
    with pytest.raises(SettingsError) as error:
        read({variable: "nonsense://user:canary@host"})
    assert "canary" not in str(error.value)


def test_secrets_do_not_show_when_settings_are_printed() -> None:
    settings = read({"HUB_ADMIN_PASSWORD": "canary-1", "HUB_VAULT_KEYS": "canary-2"})
    assert "canary" not in repr(settings)


def test_secrets_may_come_from_files_but_not_from_both(tmp_path: Path) -> None:
    file = tmp_path / "secret"
    file.write_text("from a file\n")
    assert read({"HUB_ADMIN_PASSWORD_FILE": str(file)}).admin_password == "from a file"
    with pytest.raises(SettingsError, match="Both HUB_ADMIN_PASSWORD and HUB_ADMIN_PASSWORD_FILE"):
        read({"HUB_ADMIN_PASSWORD_FILE": str(file), "HUB_ADMIN_PASSWORD": "x"})
    with pytest.raises(SettingsError, match=r"HUB_ADMIN_PASSWORD_FILE names .* cannot be read"):
        read({"HUB_ADMIN_PASSWORD_FILE": str(tmp_path / "missing")})
    file.write_bytes(b"\xff")
    with pytest.raises(SettingsError, match="UTF-8"):
        read({"HUB_ADMIN_PASSWORD_FILE": str(file)})


def test_an_unknown_variable_is_warned_about_and_an_empty_one_is_not_set(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        settings = read({"HUB_HSOT": "x", "HUB_PORT": "", "PATH": "/bin"})
    assert settings.port == 3000
    assert [record.getMessage() for record in caplog.records] == [
        "The environment variable HUB_HSOT is not a setting of the hub."
    ]


def test_lists_are_written_with_commas_spaces_or_colons() -> None:
    settings = read({"HUB_PLUGINS_OFF": "a, b  c", "HUB_LOCAL_REPOSITORY_ROOTS": "/srv/a:/srv/b,/srv/c"})
    assert settings.plugins_off == ("a", "b", "c")
    assert settings.local_repository_roots == (Path("/srv/a"), Path("/srv/b"), Path("/srv/c"))


@pytest.mark.parametrize(
    ("url", "secure", "path"),
    [("https://hub.example.org/", True, ""), ("http://x:3000/base/", False, "/base"), ("", False, "")],
)
def test_the_public_address_decides_about_cookies_and_paths(*, url: str, secure: bool, path: str) -> None:
    settings = read({"HUB_PUBLIC_URL": url})
    assert (settings.secure, settings.base_path) == (secure, path)


def test_both_names_of_postgresql_are_understood() -> None:
    assert read({"HUB_DATABASE_URL": "postgresql://u:p@h/d"}).database == "postgres://u:p@h/d"
    assert not read({"HUB_DATABASE_URL": "postgres://u:p@h/d"}).embedded_database


def test_files_with_secrets_are_hidden_from_tasks_whatever_names_them(tmp_path: Path) -> None:
    """The settings file, and what `*_FILE` variables and sign-on name, those of plugins included."""
    config, secret = tmp_path / "hub.toml", tmp_path / "password"
    secret.write_text("s3cret")
    config.write_text(
        'hidden_paths = ["/srv/x"]\n[sign_on.sso]\nkind = "oidc"\nparams.client_secret_file = "/run/secrets/sso"\n'
    )
    variables = {"HUB_ADMIN_PASSWORD_FILE": str(secret), "HUB_VAULT_TOKEN_FILE": "/run/secrets/token"}
    hidden = read_settings(variables, config=config).hidden_paths
    named = ["/srv/x", config, secret, "/run/secrets/token", "/run/secrets/sso"]
    assert set(hidden) == {Path(one).resolve() for one in named}
