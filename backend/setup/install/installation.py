"""Making an environment beside the present one and switching to it when it is proven."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
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
from ..layout import is_environment_name, new_environment, write_pointer, write_stamp
from ..plan.graphics import NvidiaDriver
from ..plan.interpreters import Interpreter
from ..plan.planning import Plan, Wish, make_plan, problems_of
from ..process import clean_environment, run_guarded
from ..reporter import Reporter
from . import extras as optional
from .launcher import ensure_launcher
from .packages import Pip
from .pip_progress import Meter
from .standalone_python import fetch
from .torch_packages import Pin, install_torch
from .verify import damaged_package, run_check, wrong_pin


@dataclass(frozen=True)
class Ready:
    """A usable environment.

    Attributes:
        environment: Its folder.
        python: What to start: the launcher for the engine, the environment's own interpreter for others.
        made: Whether it had to be made now.
    """

    environment: Path
    python: Path
    made: bool


def ensure(layout: Layout, wish: Wish, driver: NvidiaDriver | None, reporter: Reporter) -> Ready | Failure:
    """Return an environment that fulfils a wish: the present one when it is whole, else a new one made beside it.

    Call it while holding `locked`. What an earlier, interrupted run left is removed first. The present environment
    stays in use until the new one has passed its checks, and for ever when that fails or is interrupted.
    """
    present = current_environment(layout, wish.name)
    stamp = read_stamp(present) if present is not None else None
    plan = make_plan(layout, wish, stamp, driver)
    if isinstance(plan, Failure):
        return plan
    if present is not None and stamp is not None:
        trouble = _trouble(present, stamp, plan)
        if trouble is None:
            failure = _finish(layout, plan, present)
            return failure or Ready(present, _python_of(layout, wish.name, present), made=False)
        reporter.note(f"The environment '{wish.name}' is made anew: {trouble}.")
    made = _make_beside(layout, plan, reporter)
    if isinstance(made, Failure):
        return made
    failure = _finish(layout, plan, made)
    if failure is not None:
        return failure
    remove_leftovers(layout)
    return Ready(made, _python_of(layout, wish.name, made), made=True)


@contextmanager
def locked(layout: Layout) -> Iterator[Failure | None]:
    """Hold the folder for one installer at a time; gives a `Failure` when another one has it."""
    with layout.lock.open("a+b") as file:
        try:
            _lock(file.fileno())
        except OSError:
            yield Failure(
                "installer-running",
                f"Another installation into {layout.root} is under way.",
                "Wait until it has ended, or stop it.",
            )
            return
        yield None


def remove_leftovers(layout: Layout) -> list[Path]:
    """Remove environments that are not in use and scratch files; returns what could not be removed, e.g. in use."""
    used = {layout.environments / Path(folder).name for folder in read_pointer(layout).values()}
    stays = []
    for folder in layout.environments.iterdir():
        # What somebody else has put there is theirs.
        if is_environment_name(folder.name) and folder not in used and (_in_use(folder) or not _remove(folder)):
            stays.append(folder)
    _remove(layout.temporary)
    return stays


def _trouble(environment: Path, stamp: Stamp, plan: Plan) -> str | None:
    """Say why an environment does not fulfil a plan, in half a sentence; None when it does."""
    if stamp.platform != platform_name():
        return f"it was made on {stamp.platform}"
    for name, fingerprint in plan.fingerprints.items():
        if name not in stamp.purposes:
            return f"'{name}' is to be added"
        if stamp.purposes[name] != fingerprint:
            return f"the list of packages '{name}' has changed"
    missing = set(plan.wish.extras) - set(stamp.extras)
    if missing:
        return f"{', '.join(sorted(missing))} is to be added"
    if plan.wish.python and stamp.python != plan.interpreter.version:
        return f"it has Python {stamp.python}"
    settled = stamp.offered_cpu_only and plan.wish.torch == "auto"
    if stamp.torch != plan.build and not settled:
        return f"torch is to be the {plan.build} build"
    return _damage(environment, stamp, plan)


def _damage(environment: Path, stamp: Stamp, plan: Plan) -> str | None:
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


def _make_beside(layout: Layout, plan: Plan, reporter: Reporter) -> Path | Failure:
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
    environment = new_environment(layout, plan.wish.name, plan.key)
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
            _remove(environment)
            _remove(layout.temporary)
    return failure or environment


def _fetch_python(layout: Layout, plan: Plan, reporter: Reporter) -> Interpreter | Failure:
    reporter.stage("python")
    reporter.note(f"This computer has no Python {' or '.join(plan.purposes[0].pythons)}: one is fetched.")
    try:
        return fetch(layout, [plan.interpreter.version], plan.wish.sources, plan.wheels, reporter)
    except OSError as error:
        return Failure(
            "target-not-writable",
            f"Python could not be written: {error.strerror or error}.",
            "Make room, or choose another folder with --target.",
        )
    finally:
        _remove(layout.temporary)


def _fill(layout: Layout, plan: Plan, environment: Path, reporter: Reporter) -> Failure | None:
    python = plan.interpreter
    reporter.stage("environment")
    reporter.step(f"Environment '{plan.wish.name}' with Python {python.version}: {python.executable}")
    outcome = run_guarded(
        python.executable, ["venv", str(environment)], environment=clean_environment(layout.temporary), log=layout.log
    )
    if outcome.code != 0:
        last = (outcome.lines or ["it said nothing"])[-1]
        return Failure("venv-failed", f"Python could not make a virtual environment: {last}.", f"See {layout.log}.")
    packages = site_packages_of(environment, python.version)
    sizes = {download.name: download.size for download in plan.packages if download.name != "pip"}
    pip = Pip(interpreter_in(environment), packages, layout, plan.wish.sources, Meter(reporter, packages, sizes))
    failure = _upgrade_pip(pip, plan)
    if failure is not None:
        return failure
    build = plan.build
    reporter.stage("packages")
    if plan.needs_torch:
        version = next(purpose.pins["torch"] for purpose in plan.purposes if "torch" in purpose.pins)
        reporter.step(f"torch {version}, {'CUDA' if build == 'cuda' else 'processor'} build")
        pin = Pin(version, python.version, plan.wheels, plan.cuda_pins)
        result = install_torch(pip, pin, build, plan.wish.torch, plan.driver)
        if isinstance(result, Failure):
            return result
        build = result
    reporter.step(f"Packages: {', '.join(purpose.name for purpose in plan.purposes)}")
    failure = pip.install((line for line in plan.lines if not line.startswith("torch==")), plan.wheels)
    if failure is not None:
        return failure
    for extra in plan.wish.extras:
        reporter.step(f"{extra}: fetched and compiled, which takes minutes")
        failure = optional.build(extra, pip, plan.wheels, plan.wish.project)
        if failure is not None:
            return failure
    reporter.stage("check")
    failure = _complete(pip, plan)
    return failure or _prove(layout, plan, environment, build, reporter)


def _upgrade_pip(pip: Pip, plan: Plan) -> Failure | None:
    version = next((purpose.pins["pip"] for purpose in plan.purposes if "pip" in purpose.pins), None)
    if version is None:
        return None
    pip.meter.reporter.step(f"pip {version}")
    failure = pip.install([f"pip=={version}"], plan.wheels)
    if failure is not None and failure.code == "package-missing" and pip.sources.offline:
        pip.meter.reporter.note("The folder of wheels has no pip; the one that came with Python is used.")
        return None
    return failure


def _complete(pip: Pip, plan: Plan) -> Failure | None:
    """Refuse lists that lack something which one of their packages asks for."""
    unmet = pip.unmet({name for purpose in plan.purposes for name in purpose.files_only})
    if unmet is None:
        return None
    return Failure(
        "packages-incomplete", f"The packages do not fit together: {unmet.rstrip('.')}.", f"See {pip.layout.log}."
    )


def _prove(layout: Layout, plan: Plan, environment: Path, build: str, reporter: Reporter) -> Failure | None:
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
        name=plan.wish.name,
        purposes=plan.fingerprints,
        extras=sorted(plan.wish.extras),
        python=plan.interpreter.version,
        platform=platform_name(),
        torch=build,
        offered_cpu_only=build == "cpu" and plan.build == "cuda",
    )
    (environment / "in-use").touch()
    write_stamp(environment, stamp)
    return None


def _finish(layout: Layout, plan: Plan, environment: Path) -> Failure | None:
    """Point to an environment and see to it that the launcher starts."""
    pointer = read_pointer(layout)
    pointer[plan.wish.name] = environment.name
    pointer["project"] = _relative(plan.wish.project.resolve(), layout.root)
    if plan.wish.name == "engine":
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


def _remove(folder: Path) -> bool:
    shutil.rmtree(folder, ignore_errors=True)
    return not folder.exists()


def _in_use(environment: Path) -> bool:
    """Tell whether a running engine still imports from an environment; see `launcher`."""
    try:
        with (environment / "in-use").open("r+b") as file:
            _lock(file.fileno())
    except FileNotFoundError:
        return False
    except OSError:
        return True
    return False


def _lock(descriptor: int) -> None:
    if os.name == "nt":
        import msvcrt

        msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
    else:
        import fcntl

        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
