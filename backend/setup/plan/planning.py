"""Plan of an installation and what stands in its way, before anything is changed."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

from ...contract.failure import Failure
from ...contract.installation import Layout, Stamp, platform_name
from . import extras as optional
from .downloads import Download, downloads_of
from .graphics import NvidiaDriver
from .interpreters import Interpreter, find_interpreter
from .preflight import check_owner, check_path_length, check_platform, check_room, check_target, check_wheels
from .requirements import Purpose, read_purpose
from .sources import Sources
from .standalone_python import PYTHON_GIGABYTES, cannot_fetch, check_pip, what_is_fetched
from .torch_build import CUDA_GIGABYTES, wanted_build
from .wheels import Wheel, read_wheels


@dataclass(frozen=True)
class InstallRequest:
    """What is asked for.

    Attributes:
        name: Name of the environment; ``engine`` is the one that `.venv/bin/python` starts.
        purposes: Names of requirement files.
        extras: Optional renderers to build into it.
        requirements: Folder of the requirement files.
        project: Folder of the program, importable in the environment.
        torch: ``auto``, ``cpu`` or ``cuda``.
        python: Interpreter that the user named, empty to look for one.
        sources: Where packages come from.
    """

    name: str
    purposes: tuple[str, ...]
    requirements: Path
    project: Path
    extras: tuple[str, ...] = ()
    torch: str = "auto"
    python: str = ""
    sources: Sources = field(default_factory=Sources)


@dataclass(frozen=True)
class InstallPlan:
    """A request with what was found on this computer.

    Attributes:
        interpreter: Base of the environment; without a path where it is yet to be fetched.
        build: ``cpu`` or ``cuda``, empty without torch.
        driver: NVIDIA's, or None.
    """

    request: InstallRequest
    purposes: tuple[Purpose, ...]
    interpreter: Interpreter
    build: str
    driver: NvidiaDriver | None

    @property
    def fetches_python(self) -> bool:
        """Whether this computer has no Python that fits."""
        return self.interpreter.executable == Path()

    @property
    def fingerprints(self) -> dict[str, str]:
        """Hashes of the requirement files by purpose."""
        return {purpose.name: purpose.fingerprint for purpose in self.purposes}

    @property
    def needs_torch(self) -> bool:
        """Whether torch is among the packages."""
        return any("torch" in purpose.pins for purpose in self.purposes)

    @property
    def key(self) -> str:
        """Short hash of all that the environment is made from, for the name of its folder."""
        parts = [f"{self.fingerprints}", f"{sorted(self.request.extras)}", self.interpreter.version, self.build]
        return hashlib.sha256("|".join([*parts, platform_name()]).encode()).hexdigest()[:8]

    @property
    def packages(self) -> list[Download]:
        """What is fetched, the largest first."""
        return downloads_of(self.purposes, self.build)

    @property
    def lines(self) -> list[str]:
        """All lines of the requirement files."""
        return [line for purpose in self.purposes for line in purpose.lines]

    @property
    def wheels(self) -> list[Wheel]:
        """Every file that may be installed."""
        return read_wheels(self.request.requirements)

    @property
    def cuda_pins(self) -> list[str]:
        """What CUDA's build of torch brings along on this system, as lines of a requirement file."""
        pinned = {name for purpose in self.purposes for name in purpose.pins}
        return [
            f"{each.name}=={each.version}" for each in downloads_of(self.purposes, "cuda") if each.name not in pinned
        ]

    @property
    def python_downloads(self) -> list[Download]:
        """What is fetched beside, where this computer has no Python."""
        return what_is_fetched(self.interpreter.version) if self.fetches_python else []

    @property
    def gigabytes(self) -> float:
        """Room that everything needs once unpacked."""
        packages = sum(purpose.gigabytes for purpose in self.purposes)
        cuda = CUDA_GIGABYTES if self.build == "cuda" else 0.0
        return packages + cuda + (PYTHON_GIGABYTES if self.fetches_python else 0.0)


def make_plan(
    layout: Layout, request: InstallRequest, stamp: Stamp | None, driver: NvidiaDriver | None
) -> InstallPlan | Failure:
    """Plan how a request is fulfilled; changes nothing.

    Args:
        layout: The folder.
        request: What is asked for.
        stamp: What the present environment of that name was made from, if there is one.
        driver: NVIDIA's, or None.
    """
    # What was asked for once stays: setting up again without --demo does not take Blender away.
    earlier = [name for name in stamp.purposes if name not in request.purposes] if stamp is not None else []
    # The add-on has no lists for tests and demo; a checkout whose environment has them is protected by `check_owner`.
    names = [*request.purposes, *(name for name in earlier if (request.requirements / f"{name}.txt").is_file())]
    request = replace(request, extras=tuple(sorted({*request.extras, *(stamp.extras if stamp else [])})))
    purposes: list[Purpose] = []
    for name in names:
        purpose = read_purpose(request.requirements, name)
        if isinstance(purpose, Failure):
            return purpose
        purposes.append(purpose)
    found = _interpreter(layout, request, purposes, stamp)
    if isinstance(found, Failure):
        return found
    plan = InstallPlan(request, tuple(purposes), found, "", driver)
    if not plan.needs_torch:
        return plan
    build = wanted_build(request.torch, driver)
    if isinstance(build, Failure):
        return build
    if stamp is not None and stamp.torch == "cuda" and request.torch == "auto":
        # A driver that is away for the moment is no reason to fetch gigabytes twice.
        build = "cuda"
    return replace(plan, build=build)


def problems_of(layout: Layout, plan: InstallPlan) -> list[Failure]:
    """Return all that would keep a new environment from being made; changes nothing."""
    sources = plan.request.sources
    checks: list[Callable[[], Failure | None]] = [
        lambda: check_platform() if plan.needs_torch else None,
        lambda: check_target(layout),
        lambda: check_owner(layout, plan.request.project),
        lambda: check_path_length(layout, plan.request.name),
        lambda: check_room(layout, plan.gigabytes),
        lambda: check_pip() if plan.fetches_python else None,
        lambda: check_wheels(sources.wheelhouse, plan.packages) if sources.offline else None,
        *(lambda extra=extra: optional.check_tools(extra) for extra in plan.request.extras),
    ]
    return [failure for check in checks if (failure := check()) is not None]


def _interpreter(
    layout: Layout, request: InstallRequest, purposes: list[Purpose], stamp: Stamp | None
) -> Interpreter | Failure:
    wanted = [version for version in purposes[0].pythons if all(version in purpose.pythons for purpose in purposes)]
    if stamp is not None and stamp.python in wanted:
        # The Python that the environment has is kept, so that the launcher stays as it is.
        wanted.sort(key=lambda version: version != stamp.python)
    found = find_interpreter(wanted, request.python, own=layout.pythons)
    if isinstance(found, Interpreter) or request.python or check_platform() is not None:
        return found
    return cannot_fetch(wanted) if request.sources.offline else Interpreter(Path(), wanted[0], True)
