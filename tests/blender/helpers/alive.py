"""Check of a process: it runs, or has ended."""

import os
import time
from pathlib import Path


def is_alive(pid):
    """Whether a process runs; one that has ended and was not yet collected does not."""
    status = Path(f"/proc/{pid}/status")
    try:
        os.kill(pid, 0)
        return not (status.exists() and "State:\tZ" in status.read_text())
    except (ProcessLookupError, FileNotFoundError):  # It may end between two looks.
        return False


def gone_within(seconds, *pids):
    """Wait until processes are gone; say whether they went in time."""
    end = time.monotonic() + seconds
    while any(is_alive(pid) for pid in pids):
        if time.monotonic() > end:
            return False
        time.sleep(0.02)
    return True
