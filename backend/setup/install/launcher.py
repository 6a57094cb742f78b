"""The virtual environment that users start: it has no packages of its own and shows those that `current.json` names.

So switching to a new environment is the replacement of one small file, on every system; a virtual environment cannot
be moved, and a running program keeps the files that it has open.
"""

from __future__ import annotations

import subprocess
from pathlib import Path

from ...contract.failure import Failure
from ...contract.installation import Layout, interpreter_in, site_packages_of
from ..process import clean_environment, run_guarded

MODULE = "_flame_head_tracker_environment"
# Written into the launcher's site-packages. ASCII only and without paths: those come from current.json, in UTF-8,
# whatever encoding the system has.
MODULE_TEXT = '''"""Shows the packages of the environment that current.json names. Written by install_deps.py."""
import json
import os
import site
import sys


def show():
    try:
        with open(os.path.join(sys.prefix, "current.json"), encoding="utf-8") as file:
            current = json.load(file)
        environment = os.path.join(sys.prefix, "envs", current["engine"])
        project = os.path.normpath(os.path.join(sys.prefix, current["project"]))
    except (OSError, ValueError, KeyError, TypeError):
        return
    try:
        # Held as long as this process lives, so that an update does not remove what it is still importing from.
        import fcntl

        held = open(os.path.join(environment, "in-use"), "rb")
        fcntl.flock(held, fcntl.LOCK_SH | fcntl.LOCK_NB)
        globals()["_held"] = held
    except (ImportError, OSError):
        # On Windows the system itself protects files in use.
        pass
    version = "python%d.%d" % sys.version_info[:2]
    for parts in (("lib", version, "site-packages"), ("Lib", "site-packages")):
        packages = os.path.join(environment, *parts)
        if os.path.isdir(packages):
            site.addsitedir(packages)
            break
    if project not in sys.path:
        sys.path.append(project)


show()
'''


def ensure_launcher(layout: Layout, environment: Path, version: str) -> Failure | None:
    """Make the launcher, or repair it, for an environment with a version of Python (as ``3.11``)."""
    if _answers(layout.python, version) and _module_is_written(layout, version):
        return None
    try:
        _remove_interpreters(layout)
        # The base interpreter of the environment itself: both must be of one version.
        outcome = run_guarded(
            interpreter_in(environment),
            ["venv", "--without-pip", str(layout.root)],
            environment=clean_environment(),
            log=layout.log,
        )
        if outcome.code != 0:
            last = (outcome.lines or ["it said nothing"])[-1]
            return Failure("venv-failed", f"Python could not make a virtual environment: {last}.", f"See {layout.log}.")
        packages = site_packages_of(layout.root, version)
        (packages / f"{MODULE}.py").write_text(MODULE_TEXT, encoding="ascii")
        (packages / "flame_head_tracker.pth").write_text(f"import {MODULE}\n", encoding="ascii")
    except OSError as error:
        return Failure(
            "launcher-in-use",
            f"{layout.python} could not be written ({error.strerror}).",
            "Close Blender and other programs that use it; then start this again.",
        )
    return None


def _answers(python: Path, version: str) -> bool:
    try:
        answer = subprocess.run(
            [str(python), "-I", "-S", "-c", "import sys; print('%d.%d' % sys.version_info[:2])"],
            capture_output=True,
            text=True,
            timeout=30,
            env=clean_environment(),
            check=True,
            creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
        )
    except (OSError, subprocess.SubprocessError):
        return False
    return answer.stdout.strip() == version


def _module_is_written(layout: Layout, version: str) -> bool:
    packages = site_packages_of(layout.root, version)
    try:
        module = (packages / f"{MODULE}.py").read_text(encoding="ascii")
        line = (packages / "flame_head_tracker.pth").read_text(encoding="ascii")
    except (OSError, UnicodeDecodeError):
        return False
    return module == MODULE_TEXT and line == f"import {MODULE}\n" and (layout.root / "pyvenv.cfg").is_file()


def _remove_interpreters(layout: Layout) -> None:
    # `venv` leaves a link that exists as it is, even one that leads nowhere.
    folder = layout.python.parent
    if folder.is_dir():
        for path in folder.glob("python*"):
            path.unlink()
    (layout.root / "pyvenv.cfg").unlink(missing_ok=True)
