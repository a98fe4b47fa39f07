"""Settings of what is kept for how long, and of what the hub tells about itself."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field


class Upkeep(BaseModel):
    """The part of the settings that no task notices."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    max_tasks_per_template: int = Field(default=0, ge=0)
    """How many finished tasks of a template are kept; 0 keeps all."""
    keep_days: int = Field(default=0, ge=0, le=36500)
    """How many days finished tasks are kept; 0 keeps them for ever."""
    keep_log_days: int = Field(default=0, ge=0, le=36500)
    """How many days logs are kept, where that is less than their tasks; 0 keeps them with their tasks."""
    keep_log_mib: int = Field(default=0, ge=0)
    """How many MiB all logs together may take as they are stored; the oldest go first. 0 is without limit."""
    keep_event_days: int = Field(default=0, ge=0, le=36500)
    """How many days events are kept; 0 keeps them for ever."""
    archive_logs_after: int | None = Field(default=None, ge=0, le=36500)
    """Days after which logs of finished tasks move to the blob store; 0 moves them at once, empty leaves them."""
