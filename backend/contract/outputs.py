"""Names of the files that a job writes for the user: the engine writes them, Blender looks for them."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from .failure import Failure
from .job import Job, Stage
from .photographs import photograph_files, portrait_names

TRACK: Final = "track.npz"
TEXTURE: Final = "texture.png"
REPORT, PLOT, SHEET, OVERLAY = "report.json", "report.png", "sheet.png", "overlay.mp4"
EXPORT: Final = "export"

PORTRAIT: Final = ("head.obj", "head.mtl", "overlay.png", "aligned.png", "rendered.png", "parsing.png", "photo.json")
"""Files in the folder of a photograph, besides its track and texture."""


@dataclass(frozen=True)
class Outputs:
    """What one stage writes.

    Attributes:
        files: Single files.
        folders: Folders that are replaced as a whole.
        shared: Folders in which the files lie, of which there may be thousands: each is locked once for all its files.
    """

    files: tuple[Path, ...] = ()
    folders: tuple[Path, ...] = ()
    shared: tuple[Path, ...] = ()

    @property
    def paths(self) -> tuple[Path, ...]:
        """Files and folders."""
        return self.files + self.folders

    @property
    def locked(self) -> tuple[Path, ...]:
        """What a run locks while it is at work."""
        return self.shared or self.paths


def outputs_of(job: Job) -> Mapping[str, Outputs]:
    """Return what a job writes, by the name of the stage that does; stages that write nothing are left out.

    Copies that are named by their content (photographs brought to one size, footage for Blender) are not among them:
    they are never written over something else.
    """
    by_stage = {stage.name: _outputs(job, stage) for stage in job.stages}
    return {name: outputs for name, outputs in by_stage.items() if outputs.paths}


def clash(job: Job) -> Failure | None:
    """Return whether two stages would write one file, of which the later would silently win."""
    writers: dict[str, str] = {}
    for name, outputs in outputs_of(job).items():
        for path in outputs.paths:
            other = writers.setdefault(os.path.normcase(os.path.realpath(path)), name)
            if other != name:
                return Failure(
                    "job-one-file",
                    f"The stages '{other}' and '{name}' would write the same file, {path}.",
                    "Give one of them another file or folder.",
                )
    return None


def absolute(text: str) -> Path:
    """Return a path of a job as an absolute one; ``~`` stands for the user's folder where there is such a user."""
    path = Path(text)
    with contextlib.suppress(RuntimeError):  # ~nobody
        path = path.expanduser()
    return path.absolute()


def texture_files(path: Path) -> tuple[Path, Path]:
    """Return the picture and the file with the light that belongs to it."""
    return path, path.with_name(f"{path.stem}_light.json")


def _outputs(job: Job, stage: Stage) -> Outputs:
    settings = stage.settings
    if stage.kind == "track":
        return Outputs((absolute(settings.path),))
    if stage.kind == "portraits":
        return _portraits(job.stage(stage.inputs["video"]), absolute(stage.settings.folder))
    if stage.kind not in ("texture", "report", "export"):
        return Outputs()
    track_folder = absolute(job.stage(stage.inputs["track"]).settings.path).parent
    if stage.kind == "texture":
        return Outputs(texture_files(absolute(settings.path) if settings.path else track_folder / TEXTURE))
    if stage.kind == "report":
        folder = absolute(settings.folder) if settings.folder else track_folder
        wanted = ((settings.report, REPORT), (settings.report, PLOT), (settings.sheet, SHEET))
        return Outputs(tuple(_wanted(folder, *wanted, (settings.overlay, OVERLAY))))
    folder = absolute(settings.folder) if settings.folder else track_folder / EXPORT
    return Outputs(folders=tuple(folder / name for name in settings.formats))


def _portraits(source: Stage, folder: Path) -> Outputs:
    """Return what is written of photographs; those without a face are among them, as nobody knows them before."""
    photographs = photograph_files(source.settings.path) if source.kind == "photographs" else []
    if isinstance(photographs, Failure):
        return Outputs()
    folders = tuple(folder / name for name in portrait_names(photographs))
    return Outputs(tuple(each / name for each in folders for name in (TRACK, TEXTURE, *PORTRAIT)), shared=folders)


def _wanted(folder: Path, *names: tuple[bool, str]) -> Iterator[Path]:
    return (folder / name for asked, name in names if asked)
