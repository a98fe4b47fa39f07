"""Telling by their numbers which processes can be younger than a moment."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from hub.worker import younger
from hub.worker.younger import Since

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells of processes in /proc")


def test_who_is_younger_is_never_left_out() -> None:
    moment = Since()
    with subprocess.Popen(["sleep", "60"]) as one:
        assert one.pid in moment.among([1, os.getpid(), one.pid])
        one.kill()


def test_who_is_older_is_left_out_until_the_numbers_may_have_begun_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(younger, "_numbers", lambda: (30_000, 1_000))
    monkeypatch.setattr(younger, "_largest", lambda: 32_768)
    births = iter([50_000, 51_767, 50_000, 51_768])
    monkeypatch.setattr(younger, "_births", lambda: next(births))
    assert list(Since().among([7, 30_000, 30_001])) == [30_001]
    assert list(Since().among([7, 30_000, 30_001])) == [7, 30_000, 30_001]


def test_everybody_is_looked_at_where_the_machine_does_not_tell(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(younger, "_read", lambda _: b"")
    assert list(Since().among([7, 8])) == [7, 8]
