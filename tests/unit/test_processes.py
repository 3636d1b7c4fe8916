"""A process is there until it has ended."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from model.processes import alive


def test_a_process_is_alive_until_it_has_ended() -> None:
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    assert alive(child.pid)
    child.communicate(b"\n")
    assert not alive(child.pid)


def test_a_process_of_somebody_else_is_alive(monkeypatch: pytest.MonkeyPatch) -> None:
    def not_ours(process: int, signal: int) -> None:
        raise PermissionError(1, "not ours")

    monkeypatch.setattr(os, "kill", not_ours)
    assert alive(1)
