"""Which head models there are, and the one that the settings ask for."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from ..contract.failure import Failure, Notice
from ..contract.licences import UNKNOWN, Licence
from ..contract.settings import HeadSettings
from .builtin import builtin_head
from .file_names import SIDE_FILES, UNUSED
from .flame_file import checked_arrays, load_flame, read_flame_content
from .flame_versions import recognise
from .model import HeadModel

_ENDINGS: Final = (".pkl", ".npz")


@dataclass(frozen=True)
class FoundModel:
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


def find_models(folder: Path) -> list[FoundModel]:
    """Return the head model files of a folder, usable ones first, then by name. A missing folder has none."""
    if not folder.is_dir():
        return []
    paths = [path for path in sorted(folder.iterdir()) if path.suffix.lower() in _ENDINGS and path.is_file()]
    found = [_look_at(path) for path in paths if path.name not in (*SIDE_FILES, *UNUSED)]
    return sorted(found, key=lambda model: (bool(model.problems), model.path.name))


def resolve_head(settings: HeadSettings, models: Path) -> HeadModel | Failure:
    """Return the head that the settings ask for.

    Args:
        settings: `auto` takes the first usable file of the folder, else the built-in head.
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
    if settings.source == "auto":
        for model in find_models(models):
            if not model.problems:
                return load_flame(model.path, settings)
    return limited(builtin_head(), settings)


def skipped_models(models: Path) -> list[Notice]:
    """Return what to say when the built-in head is taken although the folder has files: why none can be used."""
    found = find_models(models)
    return [Notice("model-skipped", model.problems[0], "The built-in head is used instead.") for model in found]


def limited(model: HeadModel, settings: HeadSettings) -> HeadModel:
    """Return the head with at most as many identity and expression modes as the settings ask for, the first ones."""
    count = min(settings.expression_modes, model.expression_basis.shape[2])
    return replace(
        model,
        identity_basis=model.identity_basis[:, :, : settings.identity_modes],
        expression_basis=model.expression_basis[:, :, :count],
        expression_names=model.expression_names[:count],
        expression_range=model.expression_range[:count],
    )


def _look_at(path: Path) -> FoundModel:
    content = read_flame_content(path)
    if isinstance(content, Failure):
        return FoundModel(path, path.name, "", UNKNOWN, "", (content.sentence,), content.advice)
    sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
    arrays = checked_arrays(content, path.name)
    if isinstance(arrays, Failure):
        return FoundModel(path, path.name, "", UNKNOWN, sha256, (arrays.sentence,), arrays.advice)
    version = recognise(path.name, sha256, content)
    return FoundModel(path, version.name, version.name, version.licence, sha256, ())
