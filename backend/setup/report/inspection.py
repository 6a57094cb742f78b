"""Inspection for the doctor: the environments, and through their own Python what is in them."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from ...contract.installation import Layout, current_environment, read_pointer, read_stamp, site_packages_of
from ..install.verify import damaged_package, wrong_pin
from ..plan.libraries import missing_libraries
from ..plan.requirements import Purpose, read_purpose
from ..process import clean_environment

READY = "complete"


@dataclass(frozen=True)
class EnvironmentState:
    """One environment.

    Attributes:
        name: ``engine``, ``blender-4.2``, ...
        state: ``complete``, or what is wrong with it.
        python: Version as ``3.11``, empty where unknown.
        purposes: Requirement files it was made from.
        libraries: System libraries that its packages do not find.
    """

    name: str
    state: str
    python: str = ""
    purposes: tuple[str, ...] = ()
    libraries: tuple[str, ...] = ()


@dataclass(frozen=True)
class Inspection:
    """All environments, the engine first, and the answer of `probe` from the one that the engine would run in.

    Attributes:
        own: Whether that one was made by the installer; otherwise it is the Python that runs the doctor.
        trouble: Why there is no answer; empty where there is one.
    """

    environments: list[EnvironmentState]
    own: bool
    answer: dict[str, Any] = field(default_factory=dict)
    trouble: str = ""


def inspect(layout: Layout, project: Path) -> Inspection:
    """Look at everything; changes nothing."""
    names = ["engine", *sorted(name for name in read_pointer(layout) if name.startswith("blender-"))]
    environments = [_state(layout, name, project / "requirements") for name in names]
    if environments[0].state == READY:
        return Inspection(environments, True, *_ask(layout.python, project))
    if find_spec("torch") is not None:
        return Inspection(environments, False, *_ask(Path(sys.executable), project))
    return Inspection(environments, True, {}, environments[0].state)


def _state(layout: Layout, name: str, requirements: Path) -> EnvironmentState:
    environment = current_environment(layout, name)
    if environment is None:
        half_made = layout.environments.is_dir() and any(layout.environments.glob(f"{name}-*"))
        return EnvironmentState(name, "half-made" if half_made else "not installed")
    stamp = read_stamp(environment)
    if stamp is None:
        return EnvironmentState(name, "half-made")
    packages = site_packages_of(environment, stamp.python)
    state = READY
    damaged = damaged_package(packages)
    if damaged is not None:
        state = f"broken: {damaged} is missing or damaged"
    for purpose_name in stamp.purposes:
        purpose = read_purpose(requirements, purpose_name)
        if state == READY and isinstance(purpose, Purpose):
            wrong = wrong_pin(packages, purpose)
            state = f"outdated: {wrong}" if wrong is not None else READY
    if state == READY and name == "engine" and not layout.python.exists():
        state = "broken: its launcher does not start"
    libraries = tuple(missing_libraries(packages))
    return EnvironmentState(name, state, stamp.python, tuple(stamp.purposes), libraries)


def _ask(python: Path, project: Path) -> tuple[dict[str, Any], str]:
    environment = clean_environment()
    try:
        answer = subprocess.run(
            [str(python), "-m", "backend.cli.installed_facts", str(project / "models")],
            cwd=project,
            env=environment,
            capture_output=True,
            text=True,
            encoding="utf-8",
            timeout=120,
            check=False,
            creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return {}, f"its Python does not start ({type(error).__name__})"
    try:
        return json.loads(answer.stdout.splitlines()[-1]), ""
    except (ValueError, IndexError):
        last = (answer.stderr.strip().splitlines() or ["it said nothing"])[-1]
        return {}, f"its packages do not import: {last}"
