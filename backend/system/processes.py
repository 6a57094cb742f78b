"""Other Pythons that do a piece of work: Blender's side, and what has to be measured in a process of its own."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any, Final

from ..contract.failure import Failure
from .project import PROJECT

HEADLESS: Final = PROJECT / "blender_flame_tracker" / "headless" / "command.py"


def run_python(arguments: list[str]) -> dict[str, Any] | Failure:
    """Run this Python with arguments and return the JSON object on the last line of its output."""
    done = subprocess.run([sys.executable, *arguments], cwd=PROJECT, capture_output=True, text=True, check=False)
    lines = done.stdout.strip().splitlines()
    if done.returncode == 0 and lines and lines[-1].startswith("{"):
        return json.loads(lines[-1])
    errors = done.stderr.strip().splitlines()
    if any("No module named 'bpy'" in line for line in errors):
        return Failure(
            "blender-module-missing",
            "Blender's module is not in this environment; the steps that need it were skipped.",
            "Run 'python3 install_deps.py --demo', which installs it.",
        )
    reason = errors[-1] if errors else "it ended without a message"
    return Failure(
        "process-failed", f"A part of the work failed: {reason}.", "Everything that was finished before it is complete."
    )


def run_blender(*arguments: str) -> dict[str, Any] | Failure:
    """Run a command of `blender_flame_tracker/headless/command.py` with the Blender module of this environment."""
    return run_python([str(HEADLESS), *arguments])
