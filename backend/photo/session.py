"""A run over photographs of one person: from files to files."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import torch

from ..contract.failure import Failure, Notice
from ..contract.settings import FaceSettings
from ..head.albedo_file import space_for
from ..head.library import resolve_head
from ..landmarks.networks import Networks, find_networks
from ..parsing.parser import open_parser
from ..stages.data import Context
from ..stages.folders import writable_problem
from .output import Studio, write_sitting
from .people import chosen_face
from .read import read_photo
from .several import Sitting, fit_sittings

Emit = Callable[[Mapping[str, Any]], None]


def run_photos(
    paths: Sequence[Path], out: Path, models: Path, settings: Mapping[str, Any], emit: Emit, work: Path
) -> dict[str, Path] | Failure:
    """Fit one person to photographs and write a folder for each; return the files by ``photo/name``.

    Args:
        paths: Pictures.
        out: Folder of the results.
        models: Folder of model files.
        settings: Kind -> settings: face, head, camera and fit count.
        emit: Takes events.
        work: Folder for unfinished work.
    """
    problem = writable_problem(out)
    if problem is not None:
        return problem
    context = Context("image", emit, lambda: False, work, models, settings={})
    files = find_networks("", models)
    if isinstance(files, Failure):
        return files
    networks = Networks(files)
    sittings = _sittings(paths, networks, settings["face"], context)
    if isinstance(sittings, Failure):
        return sittings
    head = resolve_head(settings["head"], models)
    if isinstance(head, Failure):
        return head
    space, unfit = space_for(head, models)
    if unfit is not None:
        context.notice(unfit)
    parser = open_parser(head, networks.person, models, None, torch.device("cpu"))
    if isinstance(parser, Failure):
        return parser
    fits = fit_sittings(sittings, head, settings["camera"], settings["fit"], networks.person, context)
    if isinstance(fits, Failure):
        return fits
    studio = Studio(head, space, parser, context)
    written: dict[str, Path] = {}
    for sitting, fit, name in zip(sittings, fits, _names(sittings), strict=True):
        result = write_sitting(out / name, sitting, fit, studio)
        if isinstance(result, Failure):
            return result
        written.update({f"{name}/{kind}": path for kind, path in result.items()})
    return written


def _sittings(
    paths: Sequence[Path], networks: Networks, choice: FaceSettings, context: Context
) -> list[Sitting] | Failure:
    """Read the pictures and find the face in each; one without a face is left out where another has one."""
    result: list[Sitting] = []
    failures: list[Failure] = []
    for path in paths:
        photo = read_photo(path.expanduser())
        if isinstance(photo, Failure):
            return photo
        face = chosen_face(networks, photo.pixels, photo.path.name, choice, context)
        if isinstance(face, Failure):
            failures.append(face)
        else:
            result.append(Sitting(photo, face))
    if not result:
        return failures[0]
    for failure in failures:
        context.notice(Notice("photo-left-out", f"{failure.sentence} It is left out."))
    return result


def _names(sittings: list[Sitting]) -> list[str]:
    """A folder name per photograph: its file's name, with a number where two are alike."""
    names: list[str] = []
    for sitting in sittings:
        stem, name, number = sitting.photo.path.stem, sitting.photo.path.stem, 2
        while name in names:
            name, number = f"{stem}-{number}", number + 1
        names.append(name)
    return names
