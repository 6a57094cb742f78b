"""Finding a Python on this computer that all the wheels exist for."""

from __future__ import annotations

import itertools
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from ...contract.failure import Failure
from ..process import clean_environment

PROBE = (
    "import json, os, struct, sys, sysconfig\n"
    "from importlib.util import find_spec\n"
    "base = getattr(sys, '_base_executable', None) or sys.executable\n"
    "print(json.dumps({'version': '%d.%d' % sys.version_info[:2], 'bits': struct.calcsize('P') * 8,"
    " 'implementation': sys.implementation.name, 'executable': os.path.abspath(base),"
    " 'venv': bool(find_spec('venv')) and bool(find_spec('ensurepip')),"
    " 'threads': bool(sysconfig.get_config_var('Py_GIL_DISABLED'))}))"
)


@dataclass(frozen=True)
class Interpreter:
    """A Python that was started and answered.

    Attributes:
        executable: Its own path, not that of a virtual environment around it.
        version: As ``3.11``.
        complete: Whether its modules `venv` and `ensurepip` are there (Debian packs them apart).
    """

    executable: Path
    version: str
    complete: bool


def probe(executable: str) -> Interpreter | None:
    """Start a Python and ask what it is; None when it does not start or is not a 64-bit CPython with its lock."""
    if "WindowsApps" in executable or belongs_to_blender(Path(executable)):
        # The Store's Python redirects what is written to other folders; its stub only opens the Store. Blender's goes
        # with Blender's next update.
        return None
    try:
        answer = subprocess.run(
            [executable, "-I", "-c", PROBE],
            capture_output=True,
            text=True,
            encoding="utf-8",
            timeout=20,
            env=clean_environment(),
            stdin=subprocess.DEVNULL,
            check=True,
            creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
        )
        facts = json.loads(answer.stdout)
        if facts["implementation"] != "cpython" or facts["bits"] != 64 or facts["threads"]:
            return None
        found = Interpreter(Path(facts["executable"]), str(facts["version"]), bool(facts["venv"]))
    except (OSError, ValueError, LookupError, TypeError, RecursionError, subprocess.SubprocessError):
        # Whatever answers like that is no Python.
        return None
    return None if belongs_to_blender(found.executable) else found


def running_python() -> Path:
    """Return the Python that runs the installer."""
    return Path(sys.executable)


def belongs_to_blender(executable: Path) -> bool:
    """Tell whether a Python lies in an installation of Blender: ``4.5/python/bin/python3.11``."""
    if len(executable.parents) < 3 or executable.parents[1].name != "python":
        return False
    version = executable.parents[2]
    return (version / "scripts" / "startup").is_dir() and (version / "datafiles").is_dir()


def find_interpreter(
    wanted: Sequence[str], named: str = "", own: Path | None = None, only_own: bool = False
) -> Interpreter | Failure:
    """Return a Python of one of the wanted versions, the first of them preferred.

    The running one is taken when it fits; otherwise the computer is searched: the one that was fetched for us, the
    `py` launcher, the search path, pyenv, uv, Homebrew and the usual folders. Blender's own is never taken.

    Args:
        wanted: Versions as ``3.11``, the preferred one first.
        named: Path that the user gave; then no other is tried.
        own: Folder of the Python that was fetched for us, see `standalone_python`.
        only_own: Look there and nowhere else.
    """
    if named:
        found = probe(named)
        if found is not None and found.version in wanted and found.complete:
            return found
        what = "does not start as a 64-bit CPython" if found is None else f"is Python {found.version}"
        if found is not None and found.version in wanted:
            return _venv_missing(found)
        return Failure("python-unsuitable", f"{named} {what}.", _advice(wanted))
    incomplete: Interpreter | None = None
    tried: set[str] = set()
    elsewhere = () if only_own else _candidates(wanted)
    for candidate in itertools.chain([] if only_own else [sys.executable], _fetched(own, wanted), elsewhere):
        if candidate in tried:
            continue
        tried.add(candidate)
        found = probe(candidate)
        if found is None or found.version not in wanted:
            continue
        if found.complete:
            return found
        incomplete = incomplete or found
    if incomplete is not None:
        return _venv_missing(incomplete)
    running = f"{sys.version_info.major}.{sys.version_info.minor}"
    return Failure(
        "python-missing",
        f"No Python {' or '.join(wanted)} was found on this computer, for which all packages have ready-made files; "
        f"the one that runs this is {running}.",
        _advice(wanted),
    )


def _fetched(folder: Path | None, wanted: Sequence[str]) -> list[str]:
    if folder is None or not folder.is_dir():
        return []
    inside = "python.exe" if sys.platform == "win32" else "bin/python{}"
    found = (folder.glob(f"cpython-{version}.*/{inside.format(version)}") for version in wanted)
    return [str(path) for paths in found for path in sorted(paths, reverse=True)]


def _venv_missing(found: Interpreter) -> Failure:
    return Failure(
        "venv-missing",
        f"Python {found.version} ({found.executable}) lacks its modules 'venv' and 'ensurepip'.",
        f"On Debian and Ubuntu: sudo apt install python{found.version}-venv; then start this again.",
    )


def _advice(wanted: Sequence[str]) -> str:
    version = wanted[0]
    where = {
        "win32": f"Install Python {version} (64-bit) from python.org, or run: winget install Python.Python.{version}",
        "darwin": f"Install Python {version} from python.org, or run: brew install python@{version}",
    }.get(
        sys.platform,
        f"Install Python {version}, e.g. sudo apt install python{version} python{version}-venv, "
        f"or run: uv python install {version}",
    )
    return f"{where}; then start this again, or name one with --python."


def _candidates(wanted: Sequence[str]) -> Iterator[str]:
    for version in wanted:
        if sys.platform == "win32":
            yield from _from_launcher(version)
        for name in (f"python{version}", "python3", "python"):
            on_path = shutil.which(name)
            if on_path:
                yield on_path
        for folder, pattern in _folders(version):
            if folder.is_dir():
                yield from (str(path) for path in sorted(folder.glob(pattern), reverse=True))


def _from_launcher(version: str) -> Iterator[str]:
    try:
        answer = subprocess.run(
            ["py", f"-{version}", "-c", "import sys; print(sys.executable)"],
            capture_output=True,
            text=True,
            timeout=20,
            env=clean_environment(),
            check=True,
        )
    except (OSError, subprocess.SubprocessError):
        return
    yield answer.stdout.strip()


def _folders(version: str) -> list[tuple[Path, str]]:
    home = Path.home()
    compact = version.replace(".", "")
    if sys.platform == "win32":
        local = Path(os.environ.get("LOCALAPPDATA", home))
        roaming = Path(os.environ.get("APPDATA", home))
        programs = Path(os.environ.get("PROGRAMFILES", "C:\\Program Files"))
        return [
            (local / "Programs" / "Python" / f"Python{compact}", "python.exe"),
            (programs / f"Python{compact}", "python.exe"),
            (Path(f"C:\\Python{compact}"), "python.exe"),
            (home / ".pyenv" / "pyenv-win" / "versions", f"{version}*/python.exe"),
            (roaming / "uv" / "python", f"cpython-{version}*/python.exe"),
        ]
    data = Path(os.environ.get("XDG_DATA_HOME", home / ".local" / "share"))
    pyenv = Path(os.environ.get("PYENV_ROOT", home / ".pyenv"))
    return [
        (pyenv / "versions", f"{version}*/bin/python{version}"),
        (data / "uv" / "python", f"cpython-{version}*/bin/python{version}"),
        (Path("/usr/bin"), f"python{version}"),
        (Path("/usr/local/bin"), f"python{version}"),
        (Path("/opt/homebrew/bin"), f"python{version}"),
        (Path("/Library/Frameworks/Python.framework/Versions"), f"{version}/bin/python{version}"),
        (Path("/opt"), f"python{version}*/bin/python{version}"),
    ]
