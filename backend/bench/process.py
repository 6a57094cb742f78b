"""Work in a process of its own, with the same Python, and what it says on its last line."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any, Final

from ..contract.failure import Failure

PROJECT: Final = Path(__file__).resolve().parents[2]
HEADLESS: Final = PROJECT / "blender_flame_tracker" / "headless.py"


def last_line(arguments: list[str]) -> dict[str, Any] | Failure:
    """Run Python with these arguments and return the JSON object on its last line."""
    done = subprocess.run([sys.executable, *arguments], cwd=PROJECT, capture_output=True, text=True, check=False)
    lines = done.stdout.strip().splitlines()
    if done.returncode == 0 and lines and lines[-1].startswith("{"):
        return json.loads(lines[-1])
    said = done.stderr.strip().splitlines()
    if any("No module named 'bpy'" in line for line in said):
        return Failure(
            "blender-module-missing",
            "Blender's module is not in this environment.",
            "Run 'python3 install_deps.py --test', which installs it.",
        )
    why = said[-1] if said else "it ended without a word"
    return Failure("bench-process", f"A process of the benchmark failed: {why}.", "Run it again with --only.")


def blender(*arguments: str) -> dict[str, Any] | Failure:
    """Run a command of `blender_flame_tracker/headless.py`."""
    return last_line([str(HEADLESS), *arguments])
