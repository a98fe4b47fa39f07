"""The database's history; `hub.db.schema` walks it."""
