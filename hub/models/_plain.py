"""Keeps Tortoise from reading the source of each model for `#:` comments, which takes time at every start."""

from __future__ import annotations

from tortoise import models

models._get_comments = lambda cls: {}  # noqa: SLF001 - no setting turns it off
