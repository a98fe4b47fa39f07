"""The verbs: `f(hub, actor, …)`. They check permission, and nobody else writes to the database."""
