"""What people are told whom a directory does not let in; never which of the two it was."""

from __future__ import annotations

from typing import Final

SORRY: Final = "The directory knows another password, or does not let this account in."
