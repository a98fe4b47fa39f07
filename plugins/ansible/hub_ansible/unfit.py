"""The error that ends a task before Ansible is started."""

from __future__ import annotations

from hub.plugin import Refused


class Unfit(Refused):
    """Something about the template, the task or this worker makes a run impossible; the sentence says what."""

    def __init__(self, sentence: str, *, code: int = 1) -> None:
        super().__init__(sentence)
        self.code = code
