"""Examples of bodies and answers; a test reads each with its draft or its shape."""

from __future__ import annotations

from typing import Any

EXAMPLES: dict[str, Any] = {}
