"""The error that ends a task with a sentence."""

from __future__ import annotations

from hub.plugin import Refused


class Unfit(Refused):
    """Something about the template, the task, the plan or this worker ends the run; the sentence says what."""

    def __init__(self, sentence: str, *, code: int = 1) -> None:
        super().__init__(sentence)
        self.code = code
