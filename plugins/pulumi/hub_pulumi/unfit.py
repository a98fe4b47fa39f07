"""The error that ends a task with a sentence."""

from __future__ import annotations

from hub.plugin import Refused


class Unfit(Refused):
    """The template, the task, the stack or this worker makes a run impossible; the sentence says how."""

    def __init__(self, sentence: str, *, code: int = 1) -> None:
        super().__init__(sentence)
        self.code = code
