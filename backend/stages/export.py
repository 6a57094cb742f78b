"""Stage Export: the track in other programs' formats, made from the finished track and the footage."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Final

from ..contract.failure import Failure
from ..contract.output_settings import EXPORT_FORMATS, SCENE_FORMATS
from ..contract.outputs import EXPORT
from ..contract.settings import ExportSettings
from ..data.context import Context
from ..data.stage_code import StageCode
from ..data.types import ExportFiles, TrackFile, Video
from ..export.blender_program import find_blender
from ..export.folders import folder_problem
from ..export.scenes import write_scenes
from ..head.model import HeadModel
from ..system.writable import writable_problem
from .appearance import model_files

NAMES: Final = {
    "live_link": "Live Link Face",
    "metahuman": "MetaHuman controls",
    "vrma": "VRM animation",
    "camera": "camera for Nuke",
    "gltf": "glTF",
    "fbx_unity": "FBX for Unity",
    "fbx_unreal": "FBX for Unreal",
    "usd": "USD",
    "alembic": "Alembic",
    "camera_fbx": "camera as FBX",
    "camera_alembic": "camera as Alembic",
    "avatar": "avatar folder",
    "frames": "frame files",
    "meshes": "meshes",
    "metrical": "metrical-tracker folder",
    "imavatar": "IMavatar folder",
}


def check(settings: ExportSettings) -> Failure | None:
    """Refuse what cannot lead to any file before work is done."""
    if not settings.formats:
        return Failure(
            "export-nothing",
            "Export is switched on, but no format is chosen.",
            f"Choose at least one, e.g. Live Link Face (--export-live-link); there are {', '.join(EXPORT_FORMATS)}.",
        )
    blender = find_blender(settings.blender) if settings.scene_formats else None
    if isinstance(blender, Failure):
        return blender
    return writable_problem(Path(settings.folder).expanduser()) if settings.folder else None


def load(files: Mapping[str, Path]) -> ExportFiles:
    """Return the folders that an earlier run wrote."""
    return ExportFiles(dict(files))


def run(
    track: TrackFile, video: Video, head: HeadModel, settings: ExportSettings, context: Context
) -> ExportFiles | Failure:
    """Write what the settings ask for; see `export.writing`, and `export.scenes` for what Blender writes."""
    from ..export.writing import write_exports

    folder = Path(settings.folder).expanduser().absolute() if settings.folder else track.path.parent / EXPORT
    folders = {name: folder / name for name in settings.formats}
    problem = writable_problem(folder) or next(filter(None, map(folder_problem, folders.values())), None)
    if problem is not None:
        return problem
    others = replace(settings, **dict.fromkeys(SCENE_FORMATS, False))
    written = write_exports(track.track, video.through(track.track.curved), head, others, folders, context)
    if isinstance(written, Failure) or not settings.scene_formats:
        return written if isinstance(written, Failure) else ExportFiles(written)
    scenes = write_scenes(
        track.path,
        video.path.stem,
        settings,
        folders,
        context.targets,
        context.notice,
        context.progress,
        context.check,
    )
    return scenes if isinstance(scenes, Failure) else ExportFiles({**written, **scenes})


def summary(output: ExportFiles, _settings: ExportSettings) -> str:
    """What was written."""
    return ", ".join(NAMES.get(name, name) for name in output.files)


CODE: Final = StageCode(
    run,
    keep="files",
    upstream=("head",),
    files=model_files,
    check=check,
    load=load,
    summary=summary,
)
