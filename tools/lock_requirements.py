"""Lock files of `uv` over the pins of `requirements`, from which the two tables of packages are made anew.

After the pins have changed, with `uv` on the search path::

    python -m tools.lock_requirements requirements LOCKS
    python -m tools.make_wheel_table LOCKS/*/uv.lock requirements
    python -m tools.make_package_table LOCKS/engine/uv.lock requirements
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from backend.contract.failure import Failure
from backend.setup.plan.downloads import read_table
from backend.setup.plan.extras import BUILD_TOOLS
from backend.setup.plan.requirements import Purpose, read_purpose
from backend.setup.plan.standalone_python import UV

TOOLS: Final = (f"uv=={UV}", *BUILD_TOOLS)
"""What the installer itself fetches beside the requirement files."""

SYSTEMS: Final = (
    "sys_platform == 'linux' and platform_machine == 'x86_64'",
    "sys_platform == 'win32'",
    "sys_platform == 'darwin' and platform_machine == 'arm64'",
)


def main(requirements: Path, locks: Path) -> None:
    """Write a lock file for each list of packages and one for what the installer itself fetches."""
    for file in sorted(requirements.glob("*.txt")):
        purpose = read_purpose(requirements, file.stem)
        if isinstance(purpose, Failure):
            sys.exit(str(purpose))
        pins = [line for line in purpose.lines if line and not line.startswith("#")]
        _lock(locks / file.stem, project(pins, purpose.pythons, purpose, _cuda_pins(requirements)))
    _lock(locks / "tools", project(TOOLS, ("3.11", "3.12")))


def project(
    pins: Sequence[str], pythons: Sequence[str], purpose: Purpose | None = None, held: Sequence[str] = ()
) -> str:
    """Return a project in TOML that asks for some pins.

    Args:
        pins: Lines of a requirement file.
        pythons: Versions of Python that it is for, as ``3.11``.
        purpose: Whose packages of which only files are read are taken without what they ask for.
        held: Pins that hold where something asks for their packages.
    """
    oldest, newest = (pick(int(python.partition(".")[2]) for python in pythons) for pick in (min, max))
    lines = [
        "[project]",
        'name = "pins"',
        'version = "0"',
        f'requires-python = ">=3.{oldest},<3.{newest + 1}"',
        f"dependencies = {json.dumps(list(pins))}",
        "[tool.uv]",
        "package = false",
        f"environments = {json.dumps(SYSTEMS)}",
        f"constraint-dependencies = {json.dumps(list(held))}",
    ]
    for name in purpose.files_only if purpose is not None else ():
        version = purpose.pins[name] if purpose is not None else ""
        lines += ["[[tool.uv.dependency-metadata]]", f'name = "{name}"', f'version = "{version}"', "requires-dist = []"]
    return "\n".join([*lines, ""])


def _cuda_pins(requirements: Path) -> list[str]:
    """Return what CUDA's build of torch brings along, which stands in no requirement file, at its present versions."""
    rows = [row for row in read_table(requirements) if row["build"] == "cuda"]
    return [f"{row['name']}=={row['version']}" for row in rows]


def _lock(folder: Path, content: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "pyproject.toml").write_text(content, encoding="utf-8")
    subprocess.run(["uv", "lock", "--quiet"], cwd=folder, check=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
