"""Checks of a computer that is to track shots of a batch: the same program, its packages, and the same folders."""

from __future__ import annotations

import importlib.util
import json
import secrets
import socket
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from ... import __version__
from ...contract.checks import is_path, is_real, is_text, mapping_of, object_with, parse_json
from ...contract.targets import Targets
from ...system.writable import writable_problem
from ..capacity import usual_workers
from ..keys import code_of_stages

PACKAGES: Final = ("torch", "numpy", "cv2", "numba", "av")
"""What the engine imports; finding them takes milliseconds where importing them takes seconds."""
NEEDS: Final = ".batch-farm.json"
"""File in the folder of a batch that says what its computers need; by its token they know it for the same folder."""


@dataclass(frozen=True)
class Needs:
    """What a computer needs for the shots of a batch.

    Attributes:
        program_version, code: Of the program.
        folder: Of the batch.
        token: Random; the same stands in the file `NEEDS` of the folder.
        models: Folder of model files.
        model_files: Name -> bytes of the model files there.
    """

    program_version: str
    code: str
    folder: str
    token: str
    models: str
    model_files: dict[str, int]

    def to_plain(self) -> dict[str, Any]:
        """Return it as JSON can hold it."""
        return asdict(self)


_ARE_NEEDS: Final = object_with(
    {
        **dict.fromkeys(("program_version", "code", "token"), is_text),
        **dict.fromkeys(("folder", "models"), is_path),
        "model_files": mapping_of(is_real),
    }
)


@dataclass(frozen=True)
class Fitness:
    """Whether a computer can track shots.

    Attributes:
        computer: Its name.
        shots: How many it can work on at once, by its cores and memory.
        problem: Why it cannot, in one sentence; empty where it can.
    """

    computer: str
    shots: int
    problem: str


def code_hash() -> str:
    """Return the version of all stages' code in this program."""
    return "-".join(version[:8] for version in code_of_stages())


def write_needs(folder: Path, models: Path, targets: Targets) -> Needs:
    """Write what computers need that are to work in a folder with these model files, as this one has them.

    Raises:
        OSError: A folder cannot be read or written.
        TargetRefused: Somebody else's file has that name.
    """
    files = {file.name: file.stat().st_size for file in sorted(models.iterdir()) if file.is_file()}
    needs = Needs(__version__, code_hash(), str(folder), secrets.token_hex(16), str(models), files)
    text = json.dumps(needs.to_plain(), indent=1)
    targets.write(folder / NEEDS, lambda partial: partial.write_text(text, "ascii"))
    return needs


def read_needs(folder: Path) -> Needs | None:
    """Return what stands in the file `NEEDS` of a folder; None where there is no such file."""
    try:
        data = parse_json((folder / NEEDS).read_bytes(), _ARE_NEEDS)
    except OSError:
        return None
    return None if data is None else Needs(**{name: data[name] for name in Needs.__dataclass_fields__})


def fitness(needs: Needs) -> Fitness:
    """Return whether this computer can track shots."""
    return Fitness(socket.gethostname(), usual_workers(), _problem(needs))


def _problem(needs: Needs) -> str:
    """Return the first thing that is wrong; empty where nothing is."""
    folder = Path(needs.folder)
    if needs.program_version != __version__:
        return f"it has version {__version__} of this program, not {needs.program_version}; bring it to the same one"
    if needs.code != code_hash():
        return "its program, its Python or its packages differ; install the same ones there"
    absent = [name for name in PACKAGES if importlib.util.find_spec(name) is None]
    if absent:
        return f"its Python lacks {', '.join(absent)}; start the worker with the Python of the engine"
    written = read_needs(folder)
    if written is None or written.token != needs.token:
        return f"it does not see the folder {folder}; put the results on a drive that all share"
    problem = writable_problem(folder)
    if problem is not None:
        return f"it may not write into {folder}"
    return _models_problem(needs)


def _models_problem(needs: Needs) -> str:
    folder = Path(needs.models)
    try:
        there = {name: (folder / name).stat().st_size for name in needs.model_files}
    except OSError:
        return f"it does not have the model files of {folder}; give all computers the same folder with --models"
    return "" if there == needs.model_files else f"its model files in {folder} differ; give all the same with --models"
