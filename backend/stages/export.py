"""Stage Export: the track in other programs' formats, made from the finished track and the footage."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from ..contract.failure import Failure
from ..contract.settings import ExportSettings
from ..head.model import HeadModel
from ..stage_code import StageCode
from .appearance import model_files
from .data import Context, ExportFiles, TrackFile, Video
from .folders import writable_problem

FOLDER: Final = "export"
AVATAR: Final = "avatar"
FRAMES: Final = "frames"
MESHES: Final = "meshes"
_AVATAR_FILES: Final = re.compile(
    r"transforms(_train|_val|_test)?\.json|images|fg_masks|flame_param|(canonical_flame_param|head_model)\.npz"
)
_FRAME_FILES: Final = re.compile(r"\d+(\.npz|_compare\.jpg)|texture\.png")
_MESH_FILES: Final = re.compile(
    r"texture\.png|(.+/)?(head\.(obj|mtl)|(overlay|aligned|rendered|parsing)\.png|photo\.json)"
)


def check(settings: ExportSettings) -> Failure | None:
    """Refuse what cannot lead to any file before work is done."""
    if not (settings.frames or settings.avatar or settings.meshes):
        return Failure(
            "export-nothing",
            "Export is asked for, but no format.",
            "Choose frames (--export-frames), avatar or meshes.",
        )
    return writable_problem(Path(settings.folder).expanduser()) if settings.folder else None


def load(files: Mapping[str, Path]) -> ExportFiles:
    """Return the folders that an earlier run wrote."""
    return ExportFiles(dict(files))


def run(
    track: TrackFile, video: Video, head: HeadModel, settings: ExportSettings, context: Context
) -> ExportFiles | Failure:
    """Write what the settings ask for; see `export.writing`."""
    from ..export.writing import write_exports

    folder = Path(settings.folder).expanduser().absolute() if settings.folder else track.path.parent / FOLDER
    places = {name: folder / name for name in (AVATAR, FRAMES, MESHES)}
    problem = writable_problem(folder) or next(filter(None, map(_taken, places.values())), None)
    if problem is not None:
        return problem
    written = write_exports(track.track, video, head, settings, places, context)
    return written if isinstance(written, Failure) else ExportFiles(written)


def summary(output: ExportFiles, _settings: ExportSettings) -> str:
    """What was written."""
    names = {FRAMES: "frame files", AVATAR: "avatar folder", MESHES: "meshes"}
    return ", ".join(names.get(name, name) for name in output.files)


def _taken(folder: Path) -> Failure | None:
    """Refuse to replace a folder that holds anything else than an earlier export of its kind."""
    if not folder.exists():
        return None
    known = {AVATAR: _AVATAR_FILES, FRAMES: _FRAME_FILES, MESHES: _MESH_FILES}[folder.name]
    found = list(folder.iterdir())
    if folder.name == MESHES:  # a folder for each frame, whose names can be any
        found = [inside for path in found for inside in (path.iterdir() if path.is_dir() else [path])]
    strange = sorted(path.name for path in found if not known.fullmatch(path.relative_to(folder).as_posix()))
    if not strange:
        return None
    return Failure(
        "export-folder-taken",
        f"The folder {folder} holds other things than an export: {', '.join(strange[:3])}.",
        "Choose another folder for the export, or move them away.",
    )


CODE: Final = StageCode(
    run,
    (
        "stages/export.py",
        "export",
        "aligned",
        "parsing",
        "contract/shading.py",
        "checkpoint.py",
        "loading.py",
        "landmarks",
        "render",
        "solve/shading.py",
        "solve/light_solver.py",
        "solve/key_frames.py",
        "photo",
        "head",
        "video",
    ),
    keep="files",
    also=("head",),
    files=model_files,
    check=check,
    load=load,
    summary=summary,
)
