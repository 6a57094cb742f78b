"""Stage Portraits: of every photograph a folder with its track, its mesh with texture, and pictures to look at."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from ..contract.arrays import Picture
from ..contract.failure import Failure
from ..contract.outputs import TEXTURE, TRACK, absolute
from ..contract.photographs import photograph_files, portrait_names
from ..contract.portable import portable_header
from ..contract.settings import PortraitSettings, TextureSettings
from ..contract.track import TRACKED, write_track
from ..data.context import Context
from ..data.stage_code import StageCode, counted
from ..data.types import Fit, PortraitFiles, Video
from ..head.model import HeadModel
from ..system.writable import writable_problem
from .appearance import model_files
from .track import track_of

if TYPE_CHECKING:
    from ..export.portrait_files import Studio

_LARGE: Final = 900
"""Pixels between the outermost landmarks from which on the larger texture is worth its size."""


def check(settings: PortraitSettings) -> Failure | None:
    """Refuse a folder that cannot be written to before any work is done."""
    return writable_problem(absolute(settings.folder))


def run(
    fit: Fit, head: HeadModel, video: Video, settings: PortraitSettings, context: Context
) -> PortraitFiles | Failure:
    """Write a folder for every photograph with a face; the texture is one, baked from all of them."""
    from ..export.portrait_files import save_picture

    photographs = photograph_files(context.settings.get("photographs", {}).get("path", ""))
    if isinstance(photographs, Failure):
        return photographs
    task_file = context.settings["landmarks"]["task_file"]
    # The track of a photograph stands by itself: a torso that stays behind while the head turns is seen in clips alone.
    context = replace(context, settings={})
    texture = _texture(video, fit, head, context)
    if isinstance(texture, Failure):
        return texture
    studio = _studio(head, texture, task_file, context)
    if isinstance(studio, Failure):
        return studio
    files: dict[str, Path] = {}
    for index, (path, name) in enumerate(zip(photographs, portrait_names(photographs), strict=True)):
        if fit.status[index] != TRACKED:
            continue
        folder = absolute(settings.folder) / name
        written = _write(folder, path, index, fit, video.metadata["scales"][index], studio, context)
        if isinstance(written, Failure):
            return written
        written["texture"] = save_picture(folder / TEXTURE, texture, context.targets.write)
        files.update({f"{name}/{kind}": file for kind, file in written.items()})
    return PortraitFiles(files)


def _texture(video: Video, fit: Fit, head: HeadModel, context: Context) -> Picture | Failure:
    from ..texture.clip_texture import texture_to_draw

    points = fit.landmarks.points[fit.landmarks.found][:, :, :2]
    size = "2048" if (points.max(axis=1) - points.min(axis=1)).max() > _LARGE else "1024"
    return texture_to_draw(track_of(fit, head, context), video, TextureSettings(size=size), context)


def _studio(head: HeadModel, texture: Picture, task_file: str, context: Context) -> Studio | Failure:
    from ..export.portrait_files import Studio, space_and_parser
    from ..landmarks.networks import Network, find_networks
    from ..render.lit_head import Skin

    files = find_networks(task_file, context.models)
    if isinstance(files, Failure):
        return files
    opened = space_and_parser(head, None if files.person is None else Network(files.person), context)
    if isinstance(opened, Failure):
        return opened
    return Studio(head, *opened, TEXTURE, Skin(texture, head.uv, head.uv_faces), context.targets.write)


def _write(
    folder: Path, path: Path, index: int, fit: Fit, scale: float, studio: Studio, context: Context
) -> dict[str, Path] | Failure:
    """Write one photograph's folder; its track shows the photograph itself, upright."""
    from ..export.portrait_files import save_picture, write_portrait
    from ..photo.per_photo_fit import own_fit
    from ..photo.read import read_photo

    photo = read_photo(path)
    if isinstance(photo, Failure):
        return photo
    folder.mkdir(parents=True, exist_ok=True)
    shown = path
    if photo.altered:
        # Blender shows files as they are stored; this one must be turned or converted first.
        shown = save_picture(folder / "photo.png", photo.pixels, context.targets.write)
    photograph_fit = own_fit(fit, index, path.name, shown, photo.width, photo.height, scale)
    track = track_of(photograph_fit, studio.head, context)
    track = replace(track, header=portable_header(track.header, folder))
    problem = write_track(folder / TRACK, track, context.targets)
    if problem is not None:
        return problem
    return {"track": folder / TRACK, **write_portrait(folder, track, 0, photo.pixels, studio)}


def summary(output: PortraitFiles, _settings: PortraitSettings) -> str:
    """Of how many photographs there is a folder."""
    return counted(len({path.parent for path in output.files.values()}), "photograph")


CODE: Final = StageCode(run, keep="files", files=model_files, check=check, summary=summary)
