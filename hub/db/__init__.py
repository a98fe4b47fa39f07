"""The database: opening it, units of work, raw reads, and the history of its schema. Nothing else sets Tortoise up."""

from hub.db.database import Database, current, database, open_database
from hub.db.rows import column, execute, rows, version
from hub.db.unit import exclusive, hold_still, in_unit, notes, on_commit, transaction, unit

__all__ = [
    "Database",
    "column",
    "current",
    "database",
    "exclusive",
    "execute",
    "hold_still",
    "in_unit",
    "notes",
    "on_commit",
    "open_database",
    "rows",
    "transaction",
    "unit",
    "version",
]
