"""Tortoise's migration machinery, with what it lacks for databases that hold data.

On SQLite, Tortoise changes or removes a column by building the table anew; its indexes and unique constraints get
lost on the way, and a script ends the open transaction. Its executor also asks for the history in a way that breaks
a PostgreSQL transaction when there is none yet.
"""

from __future__ import annotations

import sqlite3
from typing import Any

from tortoise.backends.base.client import BaseDBAsyncClient
from tortoise.fields.relational import ForeignKeyFieldInstance
from tortoise.migrations.executor import MigrationExecutor
from tortoise.migrations.graph import MigrationKey
from tortoise.migrations.recorder import MigrationRecorder
from tortoise.migrations.schema_editor import BaseSchemaEditor, MySQLSchemaEditor, SqliteSchemaEditor
from tortoise.migrations.schema_generator.state import State
from tortoise.migrations.schema_generator.state_apps import StateApps

from hub.db.late_state import LateState

HISTORY_TABLE = "tortoise_migrations"


class Executor(MigrationExecutor):
    """Applies and takes back migrations inside the transaction that the connection has open."""

    def __init__(self, connection: BaseDBAsyncClient, apps: dict[str, dict[str, Any]]) -> None:
        super().__init__(connection, apps)
        self.recorder = self.loader.recorder = Recorder(connection)
        self._apps = apps

    async def _project_state(self, applied: set[MigrationKey], *, upto: MigrationKey | None = None) -> State:
        return (await self._states(applied))[upto]

    async def _project_state_cache(self, applied: set[MigrationKey]) -> dict[MigrationKey, State]:
        return {key: state for key, state in (await self._states(applied)).items() if key is not None}

    async def _states(self, applied: set[MigrationKey]) -> dict[MigrationKey | None, State]:
        """Return the models as they were before each applied migration and, for None, as they are now.

        Tortoise's own way makes all classes anew after each operation.
        """
        connections = {label: config.get("default_connection", "default") for label, config in self._apps.items()}
        state: State = LateState({}, StateApps(default_connections=connections))
        states: dict[MigrationKey | None, State] = {}
        for key in self._full_plan():
            migration = self.loader.graph.nodes[key]
            if key in applied and migration is not None:
                states[key] = state.clone()
                await migration.apply(state, dry_run=True, schema_editor=None)
        return states | {None: state}

    def _schema_editor(self, atomic: bool = True, collect_sql: bool = False) -> BaseSchemaEditor:  # noqa: FBT001, FBT002 - Tortoise's own signature
        if self.connection.capabilities.dialect == "sqlite":
            return SqliteEditor(self.connection, atomic=atomic, collect_sql=collect_sql)
        if self.connection.capabilities.dialect == "mysql":
            return MysqlEditor(self.connection, atomic=atomic, collect_sql=collect_sql)
        return super()._schema_editor(atomic, collect_sql)


class Recorder(MigrationRecorder):
    """The table of applied migrations."""

    def __init__(self, connection: BaseDBAsyncClient) -> None:
        super().__init__(connection, table_name=HISTORY_TABLE)

    async def applied_migrations(self) -> list[MigrationKey]:
        """What is applied, oldest first; an error is an error, not an empty history."""
        if not await has_table(self.connection, HISTORY_TABLE):
            return []
        table = self._quote(HISTORY_TABLE)
        columns = ", ".join(self._quote(name) for name in ("app", "name"))
        order = self._quote("id")
        sql = f"SELECT {columns} FROM {table} ORDER BY {order}"  # noqa: S608 - of constants
        _, found = await self.connection.execute_query(sql)
        return [MigrationKey(app_label=row["app"], name=row["name"]) for row in found]

    async def ensure_schema(self, schema_editor: BaseSchemaEditor) -> None:
        """Create the table where it is missing."""
        if not await has_table(self.connection, HISTORY_TABLE):
            sql = schema_editor._get_model_sql_data(self.model).table_sql  # noqa: SLF001 - Tortoise's own name
            await schema_editor._run_sql(sql)  # noqa: SLF001 - Tortoise's own name


class SqliteEditor(SqliteSchemaEditor):
    """Keeps indexes and the transaction while it changes tables."""

    async def _run_sql(self, sql: str) -> None:
        if self.collect_sql:
            await super()._run_sql(sql)
            return
        for statement in statements(sql):
            await self.client.execute_query(statement)

    async def _remake_table(
        self, model: Any, create_field: Any = None, delete_field: Any = None, alter_fields: Any = None
    ) -> None:
        table = model._meta.db_table  # noqa: SLF001 - Tortoise's own name
        before = await self._indexes(table)
        fields: dict[str, Any] = dict(model._meta.fields_map)  # noqa: SLF001 - Tortoise's own name
        if isinstance(delete_field, ForeignKeyFieldInstance):
            # A reference is two fields, itself and its column; Tortoise forgets to leave out the second.
            model._meta.fields_map.pop(_column(delete_field), None)  # noqa: SLF001 - Tortoise's own name
        try:
            await super()._remake_table(
                model, create_field=create_field, delete_field=delete_field, alter_fields=alter_fields
            )
        finally:
            model._meta.fields_map.clear()  # noqa: SLF001 - Tortoise's own name
            model._meta.fields_map.update(fields)  # noqa: SLF001 - Tortoise's own name
        renamed = {_column(old): _column(new) for old, new in alter_fields or ()}
        gone = _column(delete_field) if delete_field is not None else None
        have = {(unique, columns) for _, unique, columns in await self._indexes(table)}
        for name, unique, columns in before:
            wanted = tuple(renamed.get(column, column) for column in columns)
            if gone not in columns and (unique, wanted) not in have:
                await self._index(table, name, wanted, unique=unique)

    def _drop_index_sql(self, model: Any, index_name: str) -> str:
        # One that named a column which was removed has gone with it.
        return f"DROP INDEX IF EXISTS {self.quote(index_name)}"

    async def _index(self, table: str, name: str, columns: tuple[str, ...], *, unique: bool) -> None:
        if name.startswith("sqlite_autoindex_"):
            name = self._generate_index_name_for_table("uid", table, list(columns))
        kind = "UNIQUE INDEX" if unique else "INDEX"
        fields = ", ".join(self.quote(column) for column in columns)
        await self._run_sql(f"CREATE {kind} {self.quote(name)} ON {self.quote(table)} ({fields})")

    async def _indexes(self, table: str) -> list[tuple[str, bool, tuple[str, ...]]]:
        found = []
        _, listed = await self.client.execute_query(f"PRAGMA index_list({self.quote(table)})")
        for row in listed:
            if row["origin"] != "pk":
                _, columns = await self.client.execute_query(f"PRAGMA index_info({self.quote(row['name'])})")
                found.append((row["name"], bool(row["unique"]), tuple(column["name"] for column in columns)))
        return found


class MysqlEditor(MySQLSchemaEditor):
    """Makes tables whose texts are compared letter by letter, as on other databases, and forgets no reference."""

    async def add_field(self, model: Any, field_name: str) -> None:
        """Add a column; Tortoise keeps its reference for a table that is made later, which is another one."""
        await super().add_field(model, field_name)
        table = self._qualify_table_name(model._meta.db_table, model._meta.schema)  # noqa: SLF001 - Tortoise's own name
        for reference in self._get_inner_statements():
            await self._run_sql(f"ALTER TABLE {table} ADD {reference}")

    async def remove_field(self, model: Any, field: Any) -> None:
        """Remove a column, and first the reference that is made of it."""
        if isinstance(field, ForeignKeyFieldInstance):
            for name in await self._references(model._meta.db_table, _column(field)):  # noqa: SLF001 - Tortoise's own name
                table = self._qualify_table_name(model._meta.db_table, model._meta.schema)  # noqa: SLF001 - Tortoise's own name
                await self._run_sql(f"ALTER TABLE {table} DROP FOREIGN KEY {self.quote(name)}")
        await super().remove_field(model, field)

    async def _references(self, table: str, column: str) -> list[str]:
        _, found = await self.client.execute_query(_REFERENCES, [table, column])
        return [row["name"] for row in found]

    def _table_generate_extra(self, table: str) -> str:
        client: Any = self.client
        return f" ENGINE=InnoDB CHARACTER SET utf8mb4 COLLATE {client.collation}"


_REFERENCES = """
    SELECT constraint_name AS name FROM information_schema.key_column_usage
    WHERE table_schema = DATABASE() AND table_name = %s AND column_name = %s AND referenced_table_name IS NOT NULL
"""


async def has_table(connection: BaseDBAsyncClient, table: str) -> bool:
    """Whether the database has the table, asked in a way that fails in no transaction."""
    sql = {
        "sqlite": "SELECT 1 AS found FROM sqlite_master WHERE type = 'table' AND name = ?",
        "postgres": "SELECT 1 AS found WHERE to_regclass($1) IS NOT NULL",
        "mysql": "SELECT 1 AS found FROM information_schema.tables WHERE table_schema = DATABASE() AND table_name = %s",
    }[connection.capabilities.dialect]
    _, found = await connection.execute_query(sql, [table])
    return bool(found)


def statements(script: str) -> list[str]:
    """The statements of an SQLite script; a semicolon within a text or a comment ends none."""
    found, open_ = [], ""
    for piece in script.split(";"):
        open_ += piece
        if sqlite3.complete_statement(open_ + ";"):
            if open_.strip():
                found.append(open_.strip())
            open_ = ""
        else:
            open_ += ";"
    if open_.strip("; \n\t"):
        found.append(open_.strip())
    return found


def _column(field: Any) -> str:
    name: str = field.source_field or field.model_field_name
    return name
