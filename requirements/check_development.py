"""Run in a new environment: imports the test runner and asks the checkers for their versions."""

import json
import subprocess
import sys

import hypothesis
import pytest

versions = {"pytest": pytest.__version__, "hypothesis": hypothesis.__version__}
for tool in ("ruff", "pyright"):
    answer = subprocess.run([sys.executable, "-m", tool, "--version"], capture_output=True, text=True, check=False)
    if answer.returncode != 0:
        sys.exit(f"RuntimeError: {tool} does not start: {answer.stderr.strip()[-300:]}")
    versions[tool] = answer.stdout.strip().split()[-1]
print(json.dumps(versions))
