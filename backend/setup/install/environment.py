"""Making an environment beside the present one and switching to it when it is proven."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from pathlib import Path

from ...contract.failure import Failure
from ...contract.installation import (
    Layout,
    Stamp,
    current_environment,
    interpreter_in,
    platform_name,
    read_pointer,
    read_stamp,
    site_packages_of,
)
from ..layout import new_environment, remove, remove_leftovers, write_pointer, write_stamp
from ..plan.graphics import NvidiaDriver
from ..plan.interpreters import Interpreter
from ..plan.planning import InstallPlan, InstallRequest, make_plan, problems_of
from ..process import clean_environment, run_guarded
from ..reporter import Reporter
from . import extras as optional
from .launcher import ensure_launcher
from .packages import Pip
from .pip_progress import PipProgress
from .standalone_python import fetch
from .torch_packages import TorchPin, install_torch
from .verify import damaged_package, run_check, wrong_pin


@dataclass(frozen=True)
class InstalledEnvironment:
    """A usable environment.

    Attributes:
        environment: Its folder.
        python: What to start: the launcher for the engine, the environment's own interpreter for others.
        made: Whether it had to be made now.
    """

    environment: Path
    python: Path
    made: bool


def ensure_environment(
    layout: Layout, request: InstallRequest, driver: NvidiaDriver | None, reporter: Reporter
) -> InstalledEnvironment | Failure:
    """Return an environment that fulfils a request: the present one when it is whole, else a new one made beside it.

    Call it while holding `locked`. What an earlier, interrupted run left is removed first. The present environment
    stays in use until the new one has passed its checks, and for ever when that fails or is interrupted.
    """
    present = current_environment(layout, request.name)
    stamp = read_stamp(present) if present is not None else None
    plan = make_plan(layout, request, stamp, driver)
    if isinstance(plan, Failure):
        return plan
    if present is not None and stamp is not None:
        trouble = _trouble(present, stamp, plan)
        if trouble is None:
            failure = _finish(layout, plan, present)
            return failure or InstalledEnvironment(present, _python_of(layout, request.name, present), made=False)
        reporter.note(f"The environment '{request.name}' is made anew: {trouble}.")
    made = _make_beside(layout, plan, reporter)
    if isinstance(made, Failure):
        return made
    failure = _finish(layout, plan, made)
    if failure is not None:
        return failure
    remove_leftovers(layout)
    return InstalledEnvironment(made, _python_of(layout, request.name, made), made=True)


def _trouble(environment: Path, stamp: Stamp, plan: InstallPlan) -> str | None:
    """Say why an environment does not fulfil a plan, in half a sentence; None when it does."""
    if stamp.platform != platform_name():
        return f"it was made on {stamp.platform}"
    for name, fingerprint in plan.fingerprints.items():
        if name not in stamp.purposes:
            return f"'{name}' is to be added"
        if stamp.purposes[name] != fingerprint:
            return f"the list of packages '{name}' has changed"
    missing = set(plan.request.extras) - set(stamp.extras)
    if missing:
        return f"{', '.join(sorted(missing))} is to be added"
    if plan.request.python and stamp.python != plan.interpreter.version:
        return f"it has Python {stamp.python}"
    settled = stamp.offered_cpu_only and plan.request.torch == "auto"
    if stamp.torch != plan.build and not settled:
        return f"torch is to be the {plan.build} build"
    return _damage(environment, stamp, plan)


def _damage(environment: Path, stamp: Stamp, plan: InstallPlan) -> str | None:
    packages = site_packages_of(environment, stamp.python)
    answer = run_guarded(interpreter_in(environment), ["platform"], environment=clean_environment())
    if answer.code != 0:
        return "its Python does not start"
    damaged = damaged_package(packages)
    if damaged is not None:
        return f"the file {damaged} is missing or damaged"
    for purpose in plan.purposes:
        wrong = wrong_pin(packages, purpose)
        if wrong is not None:
            return f"it has {wrong}"
    return None


def _make_beside(layout: Layout, plan: InstallPlan, reporter: Reporter) -> Path | Failure:
    problems = problems_of(layout, plan)
    if problems:
        return problems[0]
    if plan.fetches_python:
        fetched = _fetch_python(layout, plan, reporter)
        if isinstance(fetched, Failure):
            return fetched
        plan = replace(plan, interpreter=fetched)
    remove_leftovers(layout)
    layout.temporary.mkdir(exist_ok=True)
    environment = new_environment(layout, plan.request.name, plan.key)
    complete = False
    try:
        failure = _fill(layout, plan, environment, reporter)
        complete = failure is None
    except OSError as error:
        failure = Failure(
            "target-not-writable",
            f"The environment could not be written: {error.strerror or error}.",
            "Make room, or choose another folder with --target.",
        )
    finally:
        if not complete:
            remove(environment)
            remove(layout.temporary)
    return failure or environment


def _fetch_python(layout: Layout, plan: InstallPlan, reporter: Reporter) -> Interpreter | Failure:
    reporter.stage("python")
    reporter.note(f"This computer has no Python {' or '.join(plan.purposes[0].pythons)}: one is fetched.")
    try:
        return fetch(layout, [plan.interpreter.version], plan.request.sources, plan.wheels, reporter)
    except OSError as error:
        return Failure(
            "target-not-writable",
            f"Python could not be written: {error.strerror or error}.",
            "Make room, or choose another folder with --target.",
        )
    finally:
        remove(layout.temporary)


def _fill(layout: Layout, plan: InstallPlan, environment: Path, reporter: Reporter) -> Failure | None:
    python = plan.interpreter
    reporter.stage("environment")
    reporter.step(f"Environment '{plan.request.name}' with Python {python.version}: {python.executable}")
    outcome = run_guarded(
        python.executable, ["venv", str(environment)], environment=clean_environment(layout.temporary), log=layout.log
    )
    if outcome.code != 0:
        last = (outcome.lines or ["it said nothing"])[-1]
        return Failure("venv-failed", f"Python could not make a virtual environment: {last}.", f"See {layout.log}.")
    packages = site_packages_of(environment, python.version)
    sizes = {download.name: download.size for download in plan.packages if download.name != "pip"}
    pip = Pip(
        interpreter_in(environment), packages, layout, plan.request.sources, PipProgress(reporter, packages, sizes)
    )
    failure = _upgrade_pip(pip, plan)
    if failure is not None:
        return failure
    build = plan.build
    reporter.stage("packages")
    if plan.needs_torch:
        version = next(purpose.pins["torch"] for purpose in plan.purposes if "torch" in purpose.pins)
        reporter.step(f"torch {version}, {'CUDA' if build == 'cuda' else 'processor'} build")
        pin = TorchPin(version, python.version, plan.wheels, plan.cuda_pins)
        result = install_torch(pip, pin, build, plan.request.torch, plan.driver)
        if isinstance(result, Failure):
            return result
        build = result
    reporter.step(f"Packages: {', '.join(purpose.name for purpose in plan.purposes)}")
    failure = pip.install((line for line in plan.lines if not line.startswith("torch==")), plan.wheels)
    if failure is not None:
        return failure
    for extra in plan.request.extras:
        reporter.step(f"{extra}: fetched and compiled, which takes minutes")
        failure = optional.build(extra, pip, plan.wheels, plan.request.project)
        if failure is not None:
            return failure
    reporter.stage("check")
    failure = _complete(pip, plan)
    return failure or _prove(layout, plan, environment, build, reporter)


def _upgrade_pip(pip: Pip, plan: InstallPlan) -> Failure | None:
    version = next((purpose.pins["pip"] for purpose in plan.purposes if "pip" in purpose.pins), None)
    if version is None:
        return None
    pip.progress.reporter.step(f"pip {version}")
    failure = pip.install([f"pip=={version}"], plan.wheels)
    if failure is not None and failure.code == "package-missing" and pip.sources.offline:
        pip.progress.reporter.note("The folder of wheels has no pip; the one that came with Python is used.")
        return None
    return failure


def _complete(pip: Pip, plan: InstallPlan) -> Failure | None:
    """Refuse lists that lack something which one of their packages asks for."""
    unmet = pip.unmet({name for purpose in plan.purposes for name in purpose.files_only})
    if unmet is None:
        return None
    return Failure(
        "packages-incomplete", f"The packages do not fit together: {unmet.rstrip('.')}.", f"See {pip.layout.log}."
    )


def _prove(layout: Layout, plan: InstallPlan, environment: Path, build: str, reporter: Reporter) -> Failure | None:
    packages = site_packages_of(environment, plan.interpreter.version)
    reporter.step("Checking that everything imports and computes")
    for purpose in plan.purposes:
        result = run_check(layout, environment, packages, purpose)
        if isinstance(result, Failure):
            return result
        if "torch_cuda" not in result.facts:
            continue
        if (result.facts["torch_cuda"] is not None) != (build == "cuda"):
            return Failure(
                "wrong-torch-build",
                f"torch {result.facts.get('torch')} is not the {build} build that was asked for.",
                f"See {layout.log}; an index of your own (PIP_INDEX_URL, pip.conf) may offer only the other one.",
            )
        if build == "cuda" and not result.facts.get("cuda_works"):
            reporter.note("torch has CUDA, but it does not work with this driver: the processor will be used.")
            reporter.note("Update the NVIDIA driver, or set up again with --torch cpu, which is much smaller.")
    stamp = Stamp(
        name=plan.request.name,
        purposes=plan.fingerprints,
        extras=sorted(plan.request.extras),
        python=plan.interpreter.version,
        platform=platform_name(),
        torch=build,
        offered_cpu_only=build == "cpu" and plan.build == "cuda",
    )
    (environment / "in-use").touch()
    write_stamp(environment, stamp)
    return None


def _finish(layout: Layout, plan: InstallPlan, environment: Path) -> Failure | None:
    """Point to an environment and see to it that the launcher starts."""
    pointer = read_pointer(layout)
    pointer[plan.request.name] = environment.name
    pointer["project"] = _relative(plan.request.project.resolve(), layout.root)
    if plan.request.name == "engine":
        stamp = read_stamp(environment)
        version = stamp.python if stamp is not None else plan.interpreter.version
        failure = ensure_launcher(layout, environment, version)
        if failure is not None:
            return failure
    try:
        if pointer != read_pointer(layout):
            write_pointer(layout, pointer)
    except OSError as error:
        return Failure(
            "target-not-writable",
            f"{layout.pointer} could not be written ({error.strerror}).",
            "Check the rights of the folder; then start this again.",
        )
    return None


def _python_of(layout: Layout, name: str, environment: Path) -> Path:
    return layout.python if name == "engine" else interpreter_in(environment)


def _relative(project: Path, root: Path) -> str:
    """Return the program's folder relative to ours where ours lies in it, so that both can be moved together."""
    return os.path.relpath(project, root) if root.is_relative_to(project) else str(project)
