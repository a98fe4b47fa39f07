"""A real MariaDB for tests: the server program of this machine, in a folder of its own and behind a socket."""

from __future__ import annotations

import asyncio
import getpass
import itertools
import os
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Any, Final

import asyncmy
from asyncmy import errors

_START: Final = 60.0
"""Seconds after which a server that does not answer never will."""

_NAMES: Final = "SELECT table_name FROM information_schema.tables WHERE table_schema = %s AND table_name <> %s"
_HISTORY: Final = "tortoise_migrations"
_COUNTED: Final = (
    "SELECT table_name FROM information_schema.tables "
    "WHERE table_schema = %s AND table_name <> %s AND auto_increment > 1"
)
_PASSWORD: Final = "of a server that lives as long as a test"  # noqa: S105 - of a server that lives as long as a test


def mariadb_program() -> str | None:
    """The server program of this machine, or `None` when there is none."""
    return shutil.which("mariadbd", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")


class MariadbServer:
    """A server of this test process. Each test asks it for a database of its own."""

    def __init__(self) -> None:
        program, install = mariadb_program(), shutil.which("mariadb-install-db")
        if program is None or install is None:
            raise FileNotFoundError("MariaDB is missing: install mariadb-server-core and mariadb-client-core")
        self._program, self._install = program, install
        # It ends with this process, however that ends.
        self._bound = ["setpriv", "--pdeathsig", "KILL", "--"] if shutil.which("setpriv") else []
        # Not below pytest's folder: the path of a socket has at most 107 bytes.
        self._folder = Path(tempfile.mkdtemp(prefix="hub-mdb-"))
        self._socket = self._folder / "sock"
        self._numbers = itertools.count(1)
        self._process: subprocess.Popen[bytes] | None = None

    async def start(self) -> None:
        """Make a data folder and serve it; the user of the hub has all rights on databases that begin with `hub_`."""
        self._furnish()
        await self.resume()
        await self._administer(f"CREATE USER hub@localhost IDENTIFIED BY '{_PASSWORD}'")
        await self._administer("GRANT ALL ON `hub\\_%`.* TO hub@localhost")

    async def resume(self) -> None:
        """Serve, at the same place, and return once it answers; nothing is written to the disk before it suits."""
        self._serve()
        async with asyncio.timeout(_START):
            while not await self._answers():
                if self._process is None or self._process.poll() is not None:
                    raise RuntimeError(f"MariaDB did not start: {_end_of(self._folder / 'log')}")
                await asyncio.sleep(0.02)

    def _furnish(self) -> None:
        done = subprocess.run(
            [self._install, *self._place(), "--auth-root-authentication-method=normal", "--skip-test-db"],
            check=False, capture_output=True, text=True,
        )  # fmt: skip
        if done.returncode:
            raise RuntimeError(f"MariaDB's data folder could not be made: {done.stdout[-2000:]}{done.stderr[-2000:]}")

    def _serve(self) -> None:
        self._process = subprocess.Popen(
            [
                *self._bound, self._program, *self._place(), f"--socket={self._socket}",
                f"--pid-file={self._folder / 'pid'}", f"--tmpdir={self._folder}", f"--log-error={self._folder / 'log'}",
                "--skip-networking",
                "--performance-schema=OFF", "--innodb-flush-log-at-trx-commit=2", "--innodb-doublewrite=0",
                "--innodb-flush-method=nosync", "--innodb-buffer-pool-size=32M", "--innodb-file-per-table=0",
                "--max-connections=200", "--key-buffer-size=1M", "--aria-pagecache-buffer-size=1M",
            ],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip

    def _place(self) -> list[str]:
        data = self._folder / "data"
        return ["--no-defaults", f"--user={getpass.getuser()}", f"--datadir={data}", "--innodb-log-file-size=16M"]

    async def interrupt(self) -> None:
        """Stop serving at once, as a crash would: connections break, and what was committed stays."""
        await asyncio.to_thread(self._kill)

    def _kill(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def stop(self) -> None:
        """Stop the server and remove its files."""
        self._kill()
        shutil.rmtree(self._folder, ignore_errors=True)

    def url(self, name: str) -> str:
        """The hub's URL of a database."""
        return f"mysql://hub:{_PASSWORD.replace(' ', '%20')}@localhost/{name}?unix_socket={self._socket}"

    async def create(self) -> str:
        """A new empty database, and its name."""
        name = f"hub_{os.getpid()}_{next(self._numbers)}"
        await self._administer(f"CREATE DATABASE `{name}` CHARACTER SET utf8mb4")
        return name

    async def copy(self, template: str) -> str:
        """A new database with the tables of another one and its history, and its name."""
        name = await self.create()
        async with await self._connect(name) as connection, connection.cursor() as cursor:
            await cursor.execute("SET foreign_key_checks = 0")
            for table in [*await self._tables(cursor, template), _HISTORY]:
                await cursor.execute(f"SHOW CREATE TABLE `{template}`.`{table}`")
                await cursor.execute((await cursor.fetchone())[1])
            await cursor.execute(f"INSERT INTO `{_HISTORY}` SELECT * FROM `{template}`.`{_HISTORY}`")  # noqa: S608 - names of ours
            await connection.commit()
        return name

    async def drop(self, name: str) -> None:
        """Remove a database, whoever is still connected to it."""
        await self._disconnect(name)
        await self._administer(f"DROP DATABASE IF EXISTS `{name}`")

    async def empty(self, name: str) -> None:
        """Forget everything that was stored in a database, whoever is still connected; numbers begin at 1 again."""
        await self._disconnect(name)
        async with await self._connect(name) as connection, connection.cursor() as cursor:
            await cursor.execute("SET foreign_key_checks = 0")
            tables = await self._tables(cursor, name)
            looks = (f"SELECT '{table}' FROM DUAL WHERE EXISTS (SELECT 1 FROM `{table}`)" for table in tables)  # noqa: S608 - names of ours
            await cursor.execute(f"{' UNION ALL '.join(looks)} UNION {_COUNTED}", [name, _HISTORY])
            for (table,) in await cursor.fetchall():
                await cursor.execute(f"TRUNCATE `{table}`")

    async def _tables(self, cursor: Any, name: str) -> list[str]:
        await cursor.execute(_NAMES, [name, _HISTORY])
        return [table for (table,) in await cursor.fetchall()]

    async def _disconnect(self, name: str) -> None:
        async with await self._connect() as connection, connection.cursor() as cursor:
            await cursor.execute("SELECT id FROM information_schema.processlist WHERE db = %s", [name])
            for (number,) in await cursor.fetchall():
                try:
                    await cursor.execute(f"KILL {int(number)}")
                except errors.Error as error:
                    if "Unknown thread" not in str(error):  # it went by itself meanwhile
                        raise

    async def _answers(self) -> bool:
        try:
            await self._administer("SELECT 1")
        except errors.OperationalError:
            return False
        return True

    async def _administer(self, statement: str) -> None:
        async with await self._connect() as connection, connection.cursor() as cursor:
            await cursor.execute(statement)

    async def _connect(self, name: str | None = None) -> Any:
        return asyncmy.connect(user="root", unix_socket=str(self._socket), db=name, connect_timeout=20)


def _end_of(log: Path) -> str:
    return log.read_text("utf-8", "replace")[-2000:] if log.exists() else "it wrote no log"
