"""The public kit for those who write plugins: a recording `io`, contracts to subclass, and factories.

Names are loaded when first used: pytest imports this package before coverage starts, and an eager import would hide the
lines that run at import.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from hub.testing.contracts import BlobStoreContract, ExecutorContract, KeyTypeContract, NotifierContract
    from hub.testing.inline import inline_plugin
    from hub.testing.recording import Call, RecordingIO, notice, stop, task_view
    from hub.testing.running import RunningIO

__all__ = [
    "BlobStoreContract",
    "Call",
    "ExecutorContract",
    "KeyTypeContract",
    "NotifierContract",
    "RecordingIO",
    "RunningIO",
    "inline_plugin",
    "notice",
    "stop",
    "task_view",
]

_HOMES = {
    "hub.testing.contracts": ("BlobStoreContract", "ExecutorContract", "KeyTypeContract", "NotifierContract"),
    "hub.testing.inline": ("inline_plugin",),
    "hub.testing.recording": ("Call", "RecordingIO", "notice", "stop", "task_view"),
    "hub.testing.running": ("RunningIO",),
}


def __getattr__(name: str) -> Any:
    from importlib import import_module  # noqa: PLC0415 - see the docstring

    for home, names in _HOMES.items():
        if name in names:
            return getattr(import_module(home), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
