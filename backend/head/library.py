"""Library of the head models, and the one that the settings ask for."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from ..contract.failure import Failure, Notice
from ..contract.licences import UNKNOWN, Licence
from ..contract.model_files import head_files
from ..contract.settings import HeadSettings
from .builtin import builtin_head
from .flame.flame_file import checked_arrays, file_sha256, load_flame, read_flame_content
from .flame.flame_versions import recognise
from .model import HeadModel


@dataclass(frozen=True)
class HeadFile:
    """A file in the folder of models that is a head model, or would be one but for its problems.

    Attributes:
        path: The file.
        name: Which model it is, for people.
        version: The same as `name` where it could be read, else empty.
        licence: What may be done with it; not known where the file could not be read.
        sha256: Hash of the file.
        problems: Why it cannot be used, one sentence each; empty where it can.
        advice: What to do about that.
    """

    path: Path
    name: str
    version: str
    licence: Licence
    sha256: str
    problems: tuple[str, ...]
    advice: str = ""


def find_models(folder: Path) -> list[HeadFile]:
    """Return the head model files of a folder, usable ones first, in the order of `head_files`."""
    return sorted((inspect_head_file(path) for path in head_files(folder)), key=lambda model: bool(model.problems))


def resolve_head(settings: HeadSettings, models: Path) -> HeadModel | Failure:
    """Return the head that the settings ask for.

    Args:
        settings: `auto` takes the first file of `head_files` that can be used, else the built-in head.
        models: Folder of model files.
    """
    if settings.source == "file":
        if not settings.file:
            return Failure(
                "model-not-chosen",
                "No head model file is chosen.",
                "Choose a FLAME file, or set the source of the head to automatic or built-in.",
            )
        return load_flame(Path(settings.file).expanduser(), settings)
    skipped: list[Failure] = []
    if settings.source == "auto":
        for path in head_files(models):
            head = load_flame(path, settings)
            if isinstance(head, HeadModel):
                return replace(head, left_out=(*(each for each in skipped if each.code != "not-flame"), *head.left_out))
            skipped.append(head)
    return replace(limited(builtin_head(), settings), left_out=tuple(skipped))


def left_out_notices(head: HeadModel) -> list[Notice]:
    """Return what to say of the files that could not be used when this head was chosen."""
    taken = f"It is not used; the head is '{head.name}'."
    return [Notice("model-file-left-out", each.sentence, f"{each.advice} {taken}") for each in head.left_out]


def limited(model: HeadModel, settings: HeadSettings) -> HeadModel:
    """Return the head with at most as many identity and expression modes as the settings ask for, the first ones."""
    identities = settings.identity_modes or model.identity_basis.shape[2]
    count = min(settings.expression_modes, model.expression_basis.shape[2])
    return replace(
        model,
        identity_basis=model.identity_basis[:, :, :identities],
        expression_basis=model.expression_basis[:, :, :count],
        expression_names=model.expression_names[:count],
        expression_range=model.expression_range[:count],
    )


def inspect_head_file(path: Path) -> HeadFile:
    """Return what a file is that may be a head model."""
    content = read_flame_content(path)
    if isinstance(content, Failure):
        return HeadFile(path, path.name, "", UNKNOWN, "", (content.sentence,), content.advice)
    sha256 = file_sha256(path)
    arrays = checked_arrays(content, path.name)
    if isinstance(arrays, Failure):
        return HeadFile(path, path.name, "", UNKNOWN, sha256, (arrays.sentence,), arrays.advice)
    version = recognise(path, sha256, content)
    return HeadFile(path, version.name, version.name, version.licence, sha256, ())
