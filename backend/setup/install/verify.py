"""Proving that an environment is whole: every file there, every package importable, a small computation right."""

from __future__ import annotations

import csv
import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ...contract.failure import Failure
from ...contract.installation import Layout, installed_packages, interpreter_in
from ..plan.libraries import how_to_get, missing_libraries
from ..plan.requirements import Purpose
from ..process import clean_environment, run_guarded


@dataclass(frozen=True)
class CheckResult:
    """What a check script said on its last line, as JSON: versions and what torch can do."""

    facts: dict[str, Any]


def damaged_package(packages: Path) -> str | None:
    """Return the first installed file that is missing or has another size than recorded, None when all are right.

    Compares the size of every file with the RECORD of its package: about a second for a whole environment.
    """
    if not packages.is_dir():
        return packages.name
    for record in sorted(packages.glob("*.dist-info/RECORD")):
        with record.open(encoding="utf-8", newline="") as file:
            for row in csv.reader(file):
                # Python rewrites compiled files as it likes, those that came in a wheel too.
                if len(row) != 3 or not row[2] or "__pycache__" in row[0]:
                    continue
                if not _has_size(packages / row[0], int(row[2])):
                    return row[0]
    return None


def wrong_pin(packages: Path, purpose: Purpose) -> str | None:
    """Return the first installed package whose version is not the pinned one; a build such as ``+cpu`` is allowed."""
    installed = installed_packages(packages)
    for name, version in purpose.pins.items():
        if name in installed and name != "pip" and installed[name].partition("+")[0] != version.partition("+")[0]:
            return f"{name} {installed[name]} instead of {version}"
    return None


def run_check(layout: Layout, environment: Path, packages: Path, purpose: Purpose) -> CheckResult | Failure:
    """Run the check of a purpose in an environment: imports and a small computation."""
    outcome = run_guarded(
        interpreter_in(environment),
        [str(purpose.check.resolve())],
        environment=clean_environment(layout.temporary),
        log=layout.log,
    )
    if outcome.code == 0:
        try:
            facts = json.loads(outcome.lines[-1])
        except (ValueError, IndexError):
            facts = None
        if isinstance(facts, dict):
            return CheckResult(facts)
    libraries = missing_libraries(packages, outcome.text)
    if libraries:
        return Failure(
            "system-library-missing",
            f"The packages are there, but this system lacks {', '.join(libraries)}.",
            how_to_get(libraries) + " Then start this again.",
        )
    errors = [line for line in outcome.lines if re.match(r"\w*(Error|Exception|Exit)\b", line)]
    last = (errors or [line for line in outcome.lines if line.strip()] or [f"exit status {outcome.code}"])[-1]
    return Failure(
        "check-failed",
        f"The packages of '{purpose.name}' were installed but do not work: {last.rstrip('.')}.",
        f"See {layout.log}.",
    )


def _has_size(path: Path, size: int) -> bool:
    try:
        return path.stat().st_size == size
    except OSError:
        return False
