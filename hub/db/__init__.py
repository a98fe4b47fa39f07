"""The database: opening it, units of work, raw reads, and the history of its schema. Nothing else sets Tortoise up."""

from hub.db.database import Database, current, database, open_database
from hub.db.models import every, one
from hub.db.planning import planned_for_values
from hub.db.rows import column, execute, rows, version
from hub.db.together import Row, brief, insert, update
from hub.db.unit import exclusive, hold_still, in_unit, notes, on_commit, transaction, unit

__all__ = [
    "Database",
    "Row",
    "brief",
    "column",
    "current",
    "database",
    "every",
    "exclusive",
    "execute",
    "hold_still",
    "in_unit",
    "insert",
    "notes",
    "on_commit",
    "one",
    "open_database",
    "planned_for_values",
    "rows",
    "transaction",
    "unit",
    "update",
    "version",
]
