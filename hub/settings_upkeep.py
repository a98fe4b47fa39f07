"""Settings of what is kept for how long, and of what the hub tells about itself."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from hub.setting_types import Networks


class Upkeep(BaseModel):
    """The part of the settings that no task notices."""

    model_config = ConfigDict(frozen=True, extra="forbid")

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
    metrics: bool = False
    """Answers `/metrics` for Prometheus, to those whom the two settings below let in."""
    metrics_token: str = Field(default="", repr=False)
    """Token of who may see the metrics, from any address; empty for none."""
    metrics_networks: Networks = Field(default="none", validate_default=True)
    """Networks that may see them without a token: addresses, `localhost`, `private`, or `none`."""
    metrics_by_template: bool = False
    """Tells of finished tasks by project and template, the first thousand of them."""
    metrics_port: int = Field(default=0, ge=0, le=65535)
    """Port on which a worker answers `/metrics`; 0 for none. A server answers on its own port."""
    log_format: Literal["text", "json"] = "text"
    """How the log of the server or worker is written: for people, or a JSON object in each line."""
    traces: bool = False
    """Sends traces over OTLP, as the variables of OpenTelemetry (`OTEL_…`) say; needs automation-hub[otel]."""
