"""Database URLs: what is understood, what is refused, and that no password is ever repeated."""

from __future__ import annotations

import ssl
import stat

import pytest

from hub.db import database, open_database
from hub.db.address import read
from hub.db.mysql import session
from hub.db.rows import native
from hub.errors import SettingsError, Unavailable

pytest_plugins = ["hub.testing.databases"]


@pytest.mark.parametrize(
    ("url", "path"),
    [
        ("sqlite:///var/lib/hub.db", "/var/lib/hub.db"),
        ("sqlite:////var/lib/hub.db", "/var/lib/hub.db"),
        ("sqlite:///var/my%20hub%3F.db", "/var/my hub?.db"),
        ("sqlite://:memory:", ":memory:"),
    ],
)
def test_an_sqlite_url_names_a_file(url, path):
    address = read(url)
    assert (address.dialect, address.credentials["file_path"]) == ("sqlite", path)
    assert address.credentials["synchronous"] == "NORMAL"


def test_a_postgres_url_gives_its_parts():
    address = read("postgres://hub:s%40cret@db.example:6432/hub?maxsize=20&sslmode=verify-full&statement_cache_size=0")
    expected = {
        "host": "db.example",
        "port": 6432,
        "user": "hub",
        "password": "s@cret",
        "database": "hub",
        "maxsize": 20,
        "ssl": "verify-full",
        "statement_cache_size": 0,
    }
    assert address.credentials.items() >= expected.items()
    assert address.shown == "PostgreSQL database 'hub' at db.example:6432"
    assert "cret" not in repr(address)


def test_a_mysql_url_is_understood():
    address = read("mysql://hub:secret@db/hub?maxsize=3&unix_socket=/run/db.sock&command_timeout=5")
    assert (address.dialect, address.credentials["port"]) == ("mysql", 3306)
    assert (address.credentials["maxsize"], address.credentials["command_timeout"]) == (3, 5.0)
    assert address.credentials["unix_socket"] == "/run/db.sock"
    assert address.shown == "MySQL database 'hub' at db"
    assert read("mariadb://hub:secret@db:3307/hub").shown == "MariaDB database 'hub' at db:3307"


@pytest.mark.parametrize(
    ("options", "verified", "named"),
    [
        ("", None, None),
        ("ssl_mode=required", ssl.CERT_NONE, False),
        ("ssl_mode=verify_ca", ssl.CERT_REQUIRED, False),
        ("ssl_mode=verify_identity", ssl.CERT_REQUIRED, True),
        ("ssl_ca={}", ssl.CERT_REQUIRED, True),
    ],
)
def test_a_mysql_url_says_how_far_the_server_is_proven(options, verified, named, certificate):
    context = session(read(f"mysql://hub:secret@db/hub?{options.format(certificate[0])}").credentials).get("ssl")
    assert (context and context.verify_mode, context and context.check_hostname) == (verified, named)


def test_without_its_driver_mariadb_is_refused_with_what_to_install(monkeypatch):
    monkeypatch.setattr("hub.db.address.find_spec", lambda name: None)
    with pytest.raises(
        SettingsError, match=r"driver for MariaDB is not installed\. Run: pip install 'automation-hub\["
    ):
        read("mariadb://hub:secret@db/hub")


@pytest.mark.parametrize(
    ("url", "sentence"),
    [
        ("oracle://hub:secret@db/hub", "must begin with sqlite, postgres or mysql"),
        ("hub.db", "must begin with"),
        ("sqlite://hub.db", "three slashes"),
        ("sqlite:///hub.db?mode=ro", "three slashes"),
        ("postgres://hub:secret@db", "names no database"),
        ("postgres://hub:secret@db:port/hub", "malformed"),
        ("postgres://hub:sec[ret@db/hub", "malformed"),
        ("postgres://hub:secret@db/hub?colour=red", "unknown option 'colour'"),
        ("postgres://hub:secret@db/hub?maxsize=many", "must be a number"),
        ("mysql://hub:secret@db/hub?ssl_mode=off", "'ssl_mode' of the database URL is one of required, verify_ca"),
    ],
)
def test_a_wrong_url_is_refused_with_a_sentence_and_without_the_password(url, sentence):
    with pytest.raises(SettingsError, match=sentence) as refusal:
        read(url)
    assert "sec" not in str(refusal.value)


async def test_a_server_that_does_not_answer_is_told_in_a_sentence():
    with pytest.raises(Unavailable, match=r"PostgreSQL database 'hub' at 127.0.0.1:1 does not answer"):
        await open_database("postgres://hub:secret@127.0.0.1:1/hub")


async def test_a_file_that_is_no_database_is_told_in_a_sentence(tmp_path):
    (tmp_path / "hub.db").write_text("hello, this is a letter and no database at all" * 100)
    with pytest.raises(SettingsError, match="refused the connection: file is not a database"):
        await open_database(f"sqlite://{tmp_path / 'hub.db'}")


async def test_a_missing_database_is_told_in_a_sentence(empty_url):
    if empty_url.startswith("sqlite"):
        return
    with pytest.raises((SettingsError, Unavailable), match="nowhere"):
        await open_database(empty_url.replace("/hub_", "/nowhere_"))


async def test_only_one_database_is_open_at_a_time(url, tmp_path):
    async with database(url):
        with pytest.raises(RuntimeError, match="open already"):
            await open_database(f"sqlite://{tmp_path / 'other.db'}")
    async with database(url):
        pass


async def test_a_new_file_is_its_owners_alone(tmp_path):
    async with database(f"sqlite://{tmp_path / 'data' / 'hub.db'}") as db:
        assert await db.client.execute_query_dict("PRAGMA journal_mode") == [{"journal_mode": "wal"}]
        assert await db.client.execute_query_dict("PRAGMA foreign_keys") == [{"foreign_keys": 1}]
        assert await db.client.execute_query_dict("PRAGMA synchronous") == [{"synchronous": 1}]
        await db.client.execute_script("CREATE TABLE t (a INT)")
        modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "data").iterdir()}
    assert modes == dict.fromkeys(("hub.db", "hub.db-shm", "hub.db-wal"), 0o600)


def test_one_sql_text_serves_every_database():
    sql = """SELECT "key", 'a ? ''b'' %' FROM "option" WHERE "key" = ? AND value LIKE ?"""
    assert native(sql, "sqlite") == sql
    assert native(sql, "postgres") == sql.replace("= ? AND value LIKE ?", "= $1 AND value LIKE $2")
    assert native(sql, "mysql") == "SELECT `key`, 'a ? ''b'' %%' FROM `option` WHERE `key` = %s AND value LIKE %s"
