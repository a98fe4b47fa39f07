"""What a database's tables look like, and what they should look like going by the models."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from tortoise.backends.base.client import BaseDBAsyncClient
from tortoise.fields.relational import ForeignKeyFieldInstance
from tortoise.indexes import Index
from tortoise.models import Model

_POSTGRES_TYPES = {
    "INT": "integer",
    "BIGINT": "bigint",
    "BOOL": "boolean",
    "TEXT": "text",
    "TIMESTAMPTZ": "timestamp with time zone",
    "JSONB": "jsonb",
    "BYTEA": "bytea",
}
_MYSQL_TYPES = {"INT": "int(11)", "BIGINT": "bigint(20)", "BOOL": "tinyint(1)", "JSON": "longtext"}
"""As MariaDB tells them."""
_RULES = {"a": "NO ACTION", "r": "RESTRICT", "c": "CASCADE", "n": "SET NULL", "d": "SET DEFAULT"}


@dataclass
class Table:
    """One table; names of indexes do not count."""

    columns: dict[str, tuple[str, bool, str | None]] = field(default_factory=dict)
    """Type, nullable, default."""
    primary_key: tuple[str, ...] = ()
    indexes: set[tuple[str, ...]] = field(default_factory=set)
    unique: set[tuple[str, ...]] = field(default_factory=set)
    references: set[tuple[str, str, str, str]] = field(default_factory=set)
    """Column, table, column there, rule on delete."""


async def found(client: BaseDBAsyncClient) -> dict[str, Table]:
    """The tables of a database, without the one of applied migrations."""
    tables = await {"sqlite": _sqlite, "postgres": _postgres, "mysql": _mariadb}[client.capabilities.dialect](client)
    tables.pop("tortoise_migrations", None)
    return tables


def wanted(models: Iterable[type[Model]], dialect: str) -> dict[str, Table]:
    """The tables that the models describe."""
    return {model._meta.db_table: _wanted(model, dialect) for model in models}  # noqa: SLF001 - Tortoise's own name


def _wanted(model: type[Model], dialect: str) -> Table:
    meta = model._meta  # noqa: SLF001 - Tortoise's own name
    table = Table(primary_key=(meta.db_pk_column,))
    for name, column in meta.fields_db_projection.items():
        described: Any = meta.fields_map[name]
        nullable = described.null and not described.pk
        table.columns[column] = (_type(described, dialect), nullable, _default(model, described))
        if described.unique and not described.pk:
            table.unique.add((column,))
        if described.index and not described.pk and not described.unique:
            table.indexes.add((column,))
        if isinstance(described.reference, ForeignKeyFieldInstance) and described.reference.db_constraint:
            target = described.reference.related_model._meta  # noqa: SLF001 - Tortoise's own name
            table.references.add((column, target.db_table, target.db_pk_column, described.reference.on_delete.value))
    for group in meta.unique_together:
        table.unique.add(tuple(meta.fields_map[name].source_field or name for name in group))
    table.indexes |= {tuple(index.fields) if isinstance(index, Index) else tuple(index) for index in meta.indexes}
    return table


def _type(described: Any, dialect: str) -> str:
    kind: str = described.get_for_dialect(dialect, "SQL_TYPE")
    if dialect == "sqlite":
        return "INTEGER" if described.pk and described.generated else kind
    if dialect == "mysql":
        return _MYSQL_TYPES.get(kind) or kind.lower()
    return _POSTGRES_TYPES.get(kind) or kind.replace("VARCHAR", "character varying")


def _default(model: type[Model], described: Any) -> str | None:
    if not described.has_db_default():
        return None
    value = described.to_db_value(described.db_default, model)
    return str(int(value)) if isinstance(value, bool) else str(value)


def _plain(default: str | None) -> str | None:
    """A default without quotes and casts; booleans as numbers."""
    if default is None or default == "NULL" or default.startswith("nextval("):
        return None
    text = re.sub(r"::[a-z ]+$", "", default)
    return {"true": "1", "false": "0"}.get(text.lower(), text.removeprefix("'").removesuffix("'"))


async def _sqlite(client: BaseDBAsyncClient) -> dict[str, Table]:
    names = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
    tables = {}
    for row in await client.execute_query_dict(names):
        name = row["name"]
        table = tables[name] = Table()
        columns = await client.execute_query_dict(f'PRAGMA table_info("{name}")')
        for column in columns:
            nullable = not column["notnull"] and not column["pk"]
            table.columns[column["name"]] = (column["type"], nullable, _plain(column["dflt_value"]))
        table.primary_key = tuple(column["name"] for column in columns if column["pk"])
        for index in await client.execute_query_dict(f'PRAGMA index_list("{name}")'):
            if index["origin"] != "pk":
                parts = await client.execute_query_dict(f'PRAGMA index_info("{index["name"]}")')
                # A column without a name is an expression, such as a misspelt name that SQLite takes for a text.
                where = table.unique if index["unique"] else table.indexes
                where.add(tuple(part["name"] or "(expression)" for part in parts))
        for key in await client.execute_query_dict(f'PRAGMA foreign_key_list("{name}")'):
            table.references.add((key["from"], key["table"], key["to"], key["on_delete"]))
    return tables


_COLUMNS = """
    SELECT c.relname AS "table", a.attname AS "name", format_type(a.atttypid, a.atttypmod) AS "type",
           NOT a.attnotnull AS "nullable", pg_get_expr(d.adbin, d.adrelid) AS "default"
    FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
    LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
    WHERE c.relkind = 'r' AND c.relnamespace = 'public'::regnamespace AND a.attnum > 0 AND NOT a.attisdropped
    ORDER BY c.relname, a.attnum
"""
_INDEXES = """
    SELECT c.relname AS "table", i.indisprimary AS "primary", i.indisunique AS "unique",
           ARRAY(SELECT pg_get_indexdef(i.indexrelid, n, true) FROM generate_series(1, i.indnatts) AS n) AS "columns"
    FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid
    WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r'
"""
_REFERENCES = """
    SELECT c.relname AS "table", a.attname AS "column", t.relname AS "target", b.attname AS "there",
           k.confdeltype::text AS "rule"
    FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid JOIN pg_class t ON t.oid = k.confrelid
    JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = k.conkey[1]
    JOIN pg_attribute b ON b.attrelid = k.confrelid AND b.attnum = k.confkey[1]
    WHERE k.contype = 'f' AND c.relnamespace = 'public'::regnamespace
"""


async def _postgres(client: BaseDBAsyncClient) -> dict[str, Table]:
    tables: dict[str, Table] = {}
    for row in await client.execute_query_dict(_COLUMNS):
        table = tables.setdefault(row["table"], Table())
        table.columns[row["name"]] = (row["type"], row["nullable"], _plain(row["default"]))
    for row in await client.execute_query_dict(_INDEXES):
        columns = tuple(name.strip('"') for name in row["columns"])
        if row["primary"]:
            tables[row["table"]].primary_key = columns
        elif row["unique"]:
            tables[row["table"]].unique.add(columns)
        else:
            tables[row["table"]].indexes.add(columns)
    for row in await client.execute_query_dict(_REFERENCES):
        reference = (row["column"], row["target"], row["there"], _RULES[row["rule"]])
        tables[row["table"]].references.add(reference)
    return tables


_MARIADB_COLUMNS = """
    SELECT table_name AS "table", column_name AS "name", column_type AS "type", is_nullable = 'YES' AS "nullable",
           column_default AS "default"
    FROM information_schema.columns WHERE table_schema = DATABASE() ORDER BY table_name, ordinal_position
"""
_MARIADB_INDEXES = """
    SELECT table_name AS "table", index_name AS "name", MIN(non_unique) = 0 AS "unique",
           GROUP_CONCAT(column_name ORDER BY seq_in_index) AS "columns"
    FROM information_schema.statistics WHERE table_schema = DATABASE() GROUP BY table_name, index_name
"""
_MARIADB_REFERENCES = """
    SELECT k.table_name AS "table", k.constraint_name AS "name", k.column_name AS "column",
           k.referenced_table_name AS "target", k.referenced_column_name AS "there", r.delete_rule AS "rule"
    FROM information_schema.key_column_usage k JOIN information_schema.referential_constraints r
      ON r.constraint_schema = k.table_schema AND r.constraint_name = k.constraint_name AND r.table_name = k.table_name
    WHERE k.table_schema = DATABASE() AND k.referenced_table_name IS NOT NULL
"""


async def _mariadb(client: BaseDBAsyncClient) -> dict[str, Table]:
    tables: dict[str, Table] = {}
    for row in await client.execute_query_dict(_MARIADB_COLUMNS):
        table = tables.setdefault(row["table"], Table())
        table.columns[row["name"]] = (row["type"], bool(row["nullable"]), _plain(row["default"]))
    own = set()
    for row in await client.execute_query_dict(_MARIADB_REFERENCES):
        own.add((row["table"], row["name"]))
        tables[row["table"]].references.add((row["column"], row["target"], row["there"], row["rule"]))
    for row in await client.execute_query_dict(_MARIADB_INDEXES):
        columns = tuple(row["columns"].split(","))
        if row["name"] == "PRIMARY":
            tables[row["table"]].primary_key = columns
        elif row["unique"]:
            tables[row["table"]].unique.add(columns)
        elif (row["table"], row["name"]) not in own:  # the server makes one by itself for a reference without
            tables[row["table"]].indexes.add(columns)
    return tables
