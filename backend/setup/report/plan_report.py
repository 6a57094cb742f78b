"""Plan of the installer and state of the engine as plain data for the add-on: changes nothing."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import asdict
from pathlib import Path
from typing import Any

from ...contract.failure import Failure
from ...contract.installation import (
    ENGINE,
    Condition,
    Installed,
    Layout,
    current_environment,
    inspect_engine,
    installed_packages,
    read_stamp,
    site_packages_of,
)
from ..install.verify import damaged_package, run_check, wrong_pin
from ..layout import folder_size
from ..plan.graphics import NvidiaDriver
from ..plan.libraries import how_to_get, missing_libraries
from ..plan.planning import InstallPlan, InstallRequest, make_plan, problems_of
from ..plan.preflight import check_target, existing
from ..plan.requirements import Purpose, read_purpose
from ..plan.sources import hosts
from ..plan.standalone_python import source
from ..process import clean_environment


def describe_plan(layout: Layout, request: InstallRequest, driver: NvidiaDriver | None) -> dict[str, Any]:
    """Say what setting up would do and every problem that can be found beforehand."""
    present = current_environment(layout, request.name)
    plan = make_plan(layout, request, read_stamp(present) if present is not None else None, driver)
    head = {
        "folder": str(layout.root),
        "condition": inspect_engine(layout, request.requirements).condition.value,
        "free": shutil.disk_usage(existing(layout.root)).free,
        "graphics": list(driver.names) if driver is not None else [],
    }
    if isinstance(plan, Failure):
        target = check_target(layout)
        return {**head, "problems": [asdict(each) for each in (plan, target) if each is not None]}
    fetched = sorted([*plan.packages, *plan.python_downloads], key=lambda each: -each.size)
    offline = request.sources.offline
    return {
        **head,
        "python": _python(plan),
        "build": plan.build,
        "packages": [asdict(each) for each in fetched],
        "download": 0 if offline else sum(each.size for each in fetched),
        "kept": folder_size(layout.cache) if layout.cache.is_dir() else 0,
        "disk": int(plan.gigabytes * 1e9),
        "sources": _sources(plan),
        "problems": [asdict(each) for each in problems_of(layout, plan)],
    }


def describe_state(layout: Layout, requirements: Path) -> dict[str, Any]:
    """Say what is there: a second, for the sizes of all files; nothing of the engine is imported."""
    found = inspect_engine(layout, requirements)
    if found.condition is not Condition.COMPLETE:
        return _state(layout, found)
    environment = current_environment(layout, ENGINE)
    purpose = read_purpose(requirements, ENGINE)
    if environment is None or found.stamp is None or not isinstance(purpose, Purpose):
        return _state(layout, Installed(Condition.BROKEN, "its folder changed while it was looked at"))
    packages = site_packages_of(environment, found.stamp.python)
    damaged = damaged_package(packages)
    if damaged is not None:
        return _state(layout, Installed(Condition.BROKEN, f"{damaged} is missing or damaged", found.stamp))
    wrong = wrong_pin(packages, purpose)
    if wrong is not None:
        return _state(layout, Installed(Condition.OUTDATED, f"it has {wrong}", found.stamp))
    return _state(layout, found)


def check_engine(layout: Layout, requirements: Path, project: Path, driver: NvidiaDriver | None) -> dict[str, Any]:
    """Say the same after importing every package, computing a little, and starting the engine itself."""
    state = describe_state(layout, requirements)
    environment = current_environment(layout, ENGINE)
    purpose = read_purpose(requirements, ENGINE)
    if state["state"] != Condition.COMPLETE.value or environment is None or not isinstance(purpose, Purpose):
        return state
    packages = site_packages_of(environment, state["python"])
    result = run_check(layout, environment, packages, purpose)
    if isinstance(result, Failure):
        return {**state, "state": Condition.BROKEN.value, "reason": result.sentence, "advice": result.advice}
    trouble = _engine_trouble(layout, project)
    if trouble:
        libraries = missing_libraries(packages, trouble)
        advice = how_to_get(libraries) if libraries else f"See {layout.log}."
        return {**state, "state": Condition.BROKEN.value, "reason": f"it does not start: {trouble}", "advice": advice}
    works = bool(result.facts.get("cuda_works"))
    device = ", ".join(driver.names) if works and driver is not None else "NVIDIA GPU" if works else "processor"
    return {**state, "device": device}


def _state(layout: Layout, found: Installed) -> dict[str, Any]:
    versions: dict[str, str] = {}
    environment = current_environment(layout, ENGINE)
    if environment is not None and found.stamp is not None:
        versions = installed_packages(site_packages_of(environment, found.stamp.python))
    return {
        "state": found.condition.value,
        "reason": found.reason,
        "advice": "",
        "folder": str(layout.root),
        "python": found.stamp.python if found.stamp is not None else "",
        "torch": found.stamp.torch if found.stamp is not None else "",
        "versions": versions,
    }


def _python(plan: InstallPlan) -> dict[str, Any]:
    fetched = plan.fetches_python
    return {
        "version": plan.interpreter.version,
        "path": "" if fetched else str(plan.interpreter.executable),
        "fetched": fetched,
        "from": source() if fetched else "",
    }


def _sources(plan: InstallPlan) -> list[str]:
    torch = next((purpose.pins["torch"] for purpose in plan.purposes if "torch" in purpose.pins), "")
    found = hosts(plan.request.sources, plan.build, torch)
    return [*found, source()] if plan.fetches_python else found


def _engine_trouble(layout: Layout, project: Path) -> str:
    """Start the engine as the add-on does; return what it said when it does not answer."""
    try:
        answer = subprocess.run(
            [str(layout.python), "-s", "-B", "-m", "backend", "--version"],
            cwd=project,
            env=clean_environment(),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            encoding="utf-8",
            errors="replace",
            timeout=120,
            check=False,
            creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return type(error).__name__
    if answer.returncode == 0 and answer.stdout.startswith("FLAME Head Tracker"):
        return ""
    return (answer.stderr.strip().splitlines() or ["it said nothing"])[-1]
