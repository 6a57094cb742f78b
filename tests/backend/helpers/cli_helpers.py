"""Runs the command line in a process of its own, for its tests."""

from __future__ import annotations

import subprocess
import sys

from fake_stages import ROOT


def backend(*arguments: object, **options) -> subprocess.CompletedProcess:
    """Run the command line as a user does."""
    command = [sys.executable, "-m", "backend", *map(str, arguments)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False, **options)
