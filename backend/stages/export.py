"""Stage Export: the track in other programs' formats, made from the finished track and the footage."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from ..contract.failure import Failure
from ..contract.marks import FOLDER_MARK
from ..contract.outputs import EXPORT
from ..contract.settings import ExportSettings
from ..data.context import Context
from ..data.stage_code import StageCode
from ..data.types import ExportFiles, TrackFile, Video
from ..head.model import HeadModel
from ..system.writable import writable_problem
from .appearance import model_files

NAMES: Final = {
    "avatar": "avatar folder",
    "frames": "frame files",
    "meshes": "meshes",
    "metrical": "metrical-tracker folder",
    "imavatar": "IMavatar folder",
}
_FILES: Final = {
    "avatar": re.compile(
        r"transforms(_train|_val|_test|_backup|_backup_flame)?\.json|images|fg_masks|flame_param"
        r"|((canonical_)?flame_param|head_model)\.npz"
    ),
    "frames": re.compile(r"\d+(\.npz|_compare\.jpg)|texture\.png|about\.json"),
    "meshes": re.compile(
        r"(.+/)?(texture\.png|head\.(obj|mtl)|(overlay|aligned|rendered|parsing|parsing_colours)\.png|photo\.json)"
    ),
    "metrical": re.compile(r"canonical\.obj|about\.json|checkpoint|mesh|input|depth|imgs|alpha|parsing"),
    "imavatar": re.compile(r"flame_params\.json|about\.json|images?|mask|semantic"),
}
"""What the folder of each format may hold of an earlier export."""


def check(settings: ExportSettings) -> Failure | None:
    """Refuse what cannot lead to any file before work is done."""
    if not settings.formats:
        return Failure(
            "export-nothing",
            "Export is switched on, but no format is chosen.",
            "Choose frames (--export-frames), avatar, meshes, metrical or imavatar.",
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

    folder = Path(settings.folder).expanduser().absolute() if settings.folder else track.path.parent / EXPORT
    folders = {name: folder / name for name in settings.formats}
    problem = writable_problem(folder) or next(filter(None, map(_taken, folders.values())), None)
    if problem is not None:
        return problem
    written = write_exports(track.track, video, head, settings, folders, context)
    return written if isinstance(written, Failure) else ExportFiles(written)


def summary(output: ExportFiles, _settings: ExportSettings) -> str:
    """What was written."""
    return ", ".join(NAMES.get(name, name) for name in output.files)


def _taken(folder: Path) -> Failure | None:
    """Refuse to replace a folder that holds anything else than an earlier export of its kind."""
    if not folder.exists():
        return None
    expected = _FILES[folder.name]
    content = list(folder.iterdir())
    if folder.name == "meshes":  # a folder for each frame, whose names can be any
        content = [inside for path in content for inside in (path.iterdir() if path.is_dir() else [path])]
    names = [path.relative_to(folder).as_posix() for path in content]
    strange = sorted(name for name in names if name != FOLDER_MARK and not expected.fullmatch(name))
    if not strange:
        return None
    return Failure(
        "export-folder-taken",
        f"The folder {folder} contains files that are not from an export: {', '.join(strange[:3])}.",
        "Choose another folder for the export, or move those files away.",
    )


CODE: Final = StageCode(
    run,
    keep="files",
    upstream=("head",),
    files=model_files,
    check=check,
    load=load,
    summary=summary,
)
