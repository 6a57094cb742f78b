"""Memory of this computer and of a process, as the system tells it."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from backend.system.memory import free_memory, memory_of, total_memory


def test_what_is_free_is_less_than_all() -> None:
    free = free_memory()
    assert total_memory() > 1 << 28
    assert free is None or 0 < free <= total_memory()


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only Linux tells it without packages of others")
def test_a_process_that_let_go_of_memory_is_known_to_have_held_it() -> None:
    held = memory_of(os.getpid())
    assert held is not None and 0 < held[0] <= held[1]
    code = "b = bytearray(80 << 20); b[::4096] = b'x' * len(b[::4096]); del b; print(flush=True); input()"
    with subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        measured = memory_of(process.pid)
        process.communicate(b"\n")
    assert measured is not None and measured[1] > 80 << 20 > measured[0]
    assert memory_of(process.pid) is None, "it has ended"
