"""How a verb begins: settings, the log, and an open hub."""

from __future__ import annotations

import asyncio
import logging
import os
import socket
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from hub.boot import open_hub
from hub.context import Hub
from hub.server_log import formatter
from hub.settings import Settings, read_settings

T = TypeVar("T")


class _Sentences(logging.Formatter):
    """Messages alone: who types a command wants to know what happened, not where."""

    def format(self, record: logging.LogRecord) -> str:
        return record.getMessage()


def quiet_log() -> None:
    """Let short commands show warnings as plain sentences, on standard error."""
    shown = logging.StreamHandler()
    shown.setFormatter(_Sentences())
    logging.basicConfig(level=logging.WARNING, handlers=[shown], force=True)


def full_log(settings: Settings) -> None:
    """Let servers and workers log to standard error, with time and place."""
    shown = logging.StreamHandler()
    shown.setFormatter(formatter(settings.log_format, f"{socket.gethostname()}-{os.getpid()}"))
    logging.basicConfig(level=settings.log_level.upper(), handlers=[shown], force=True)


def settings_of(ctx: click.Context, **given: Any) -> Settings:
    """Read the settings; `given` flags that were left out are None and change nothing."""
    quiet_log()
    config: Path | None = ctx.find_root().obj
    return read_settings(config=config, **{name: value for name, value in given.items() if value is not None})


def with_hub(ctx: click.Context, work: Callable[[Hub], Awaitable[T]]) -> T:
    """Open the hub, do one thing with it, and close it."""
    settings = settings_of(ctx)

    async def run() -> T:
        async with open_hub(settings) as hub:
            return await work(hub)

    return asyncio.run(run())
