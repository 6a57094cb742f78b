"""A run over photographs of one person: from files to files."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import torch

from ..contract.arrays import Picture
from ..contract.failure import Failure
from ..contract.outputs import PORTRAIT, TEXTURE
from ..contract.photographs import photograph_setting
from ..contract.portable import portable_header
from ..contract.settings import TextureSettings
from ..contract.targets import problems
from ..contract.track import TRACKED, write_track
from ..data.context import Context
from ..data.types import Fit, Video
from ..export.portrait_files import Studio, save_picture, write_portrait
from ..head.albedo.albedo_file import space_for
from ..head.choosing import with_notices
from ..head.library import resolve_head
from ..head.model import HeadModel
from ..landmarks.networks import Network, find_networks
from ..parsing.parser import open_parser
from ..photo.canvas import photographs_as_video
from ..photo.per_photo_fit import own_fit
from ..photo.read import read_photo
from ..render.lit_head import Skin
from ..run.results_folder import locked
from ..stages import camera as camera_stage
from ..stages import fit as fit_stage
from ..stages import landmarks as landmarks_stage
from ..stages.photographs import chosen_files
from ..stages.track import track_of
from ..system.writable import writable_problem
from ..texture.clip_texture import texture_to_draw

_TRACK: Final = "track.npz"
_LARGE: Final = 900
"""Pixels between the outermost landmarks from which on the larger texture is worth its size."""


def run_photos(
    paths: Sequence[Path], out: Path, settings: Mapping[str, Any], context: Context
) -> dict[str, Path] | Failure:
    """Fit one person to photographs and write a folder for each; return the files by ``photo/name``.

    Args:
        paths: Pictures.
        out: Folder of the results.
        settings: Kind -> settings: face, landmarks, head, camera and fit count.
        context: As for a stage.
    """
    problem = writable_problem(out)
    if problem is not None:
        return problem
    head = with_notices(resolve_head(settings["head"], context.models), context)
    if isinstance(head, Failure):
        return head
    photographs = chosen_files(photograph_setting(map(str, paths)))
    if isinstance(photographs, Failure):
        return photographs
    names = _names(photographs)
    targets = dataclasses.replace(context.targets, inputs=(*context.targets.inputs, *photographs))
    context = dataclasses.replace(context, targets=targets)
    with locked([out / name for name in names], context.cancelled) as busy:
        return busy or _run(photographs, out, names, head, settings, context)


def _run(
    photographs: list[Path],
    out: Path,
    names: list[str],
    head: HeadModel,
    settings: Mapping[str, Any],
    context: Context,
) -> dict[str, Path] | Failure:
    taken = problems(context.targets, (out / name / file for name in names for file in (_TRACK, TEXTURE, *PORTRAIT)))
    if taken:
        return taken[0]
    video = photographs_as_video(photographs, context.work / "photographs", context)
    if isinstance(video, Failure):
        return video
    fit = _fitted(video, head, settings, context)
    if isinstance(fit, Failure):
        return fit
    texture = _texture(video, fit, head, context)
    if isinstance(texture, Failure):
        return texture
    studio = _studio(head, texture, settings["landmarks"].task_file, context)
    if isinstance(studio, Failure):
        return studio
    written: dict[str, Path] = {}
    for index, path in enumerate(photographs):
        if fit.status[index] != TRACKED:
            continue
        result = _write(out / names[index], path, index, video, fit, studio, context)
        if isinstance(result, Failure):
            return result
        result["texture"] = save_picture(out / names[index] / TEXTURE, texture, context.targets.write)
        written.update({f"{names[index]}/{kind}": file for kind, file in result.items()})
    return written


def _fitted(video: Video, head: HeadModel, settings: Mapping[str, Any], context: Context) -> Fit | Failure:
    landmarks = landmarks_stage.run(video, settings["face"], settings["landmarks"], context)
    if isinstance(landmarks, Failure):
        return landmarks
    camera = camera_stage.run(video, settings["camera"], context)
    if isinstance(camera, Failure):
        return camera
    return fit_stage.run(landmarks, head, camera, settings["fit"], context, video)


def _studio(head: HeadModel, texture: Picture, task_file: str, context: Context) -> Studio | Failure:
    space, unfit = space_for(head, context.models)
    if unfit is not None:
        context.notice(unfit)
    files = find_networks(task_file, context.models)
    if isinstance(files, Failure):
        return files
    person = None if files.person is None else Network(files.person)
    parser = open_parser(head, person, context.models, None, torch.device("cpu"), context.notice)
    if isinstance(parser, Failure):
        return parser
    return Studio(head, space, parser, TEXTURE, Skin(texture, head.uv, head.uv_faces), context.targets.write)


def _texture(video: Video, fit: Fit, head: HeadModel, context: Context) -> Picture | Failure:
    """The texture of the person, baked from all photographs."""
    points = fit.landmarks.points[fit.landmarks.found][:, :, :2]
    size = "2048" if (points.max(axis=1) - points.min(axis=1)).max() > _LARGE else "1024"
    return texture_to_draw(track_of(fit, head, context), video, TextureSettings(size=size), context)


def _write(
    folder: Path, path: Path, index: int, video: Video, fit: Fit, studio: Studio, context: Context
) -> dict[str, Path] | Failure:
    """Write one photograph's folder; its track shows the photograph itself, upright."""
    photo = read_photo(path)
    if isinstance(photo, Failure):
        return photo
    folder.mkdir(parents=True, exist_ok=True)
    shown = path
    if photo.altered:
        # Blender shows files as they are stored; this one must be turned or converted first.
        shown = save_picture(folder / "photo.png", photo.pixels, context.targets.write)
    scale = video.metadata["scales"][index]
    track = track_of(own_fit(fit, index, shown, photo.width, photo.height, scale), studio.head, context)
    track = dataclasses.replace(track, header=portable_header(track.header, folder))
    problem = write_track(folder / _TRACK, track, context.targets)
    if problem is not None:
        return problem
    return {"track": folder / _TRACK, **write_portrait(folder, track, 0, photo.pixels, studio)}


def _names(photographs: list[Path]) -> list[str]:
    """A folder name per photograph: its file's name, with a number where two are alike to any system."""
    names: dict[str, str] = {}
    for path in photographs:
        name, number = path.stem, 2
        while name.casefold() in names:
            name, number = f"{path.stem}-{number}", number + 1
        names[name.casefold()] = name
    return list(names.values())
