"""Which code runs which kind of stage. A new stage is one more entry here, with settings and links in `contract`."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from .contract.failure import Failure

IMAGE_SUFFIXES: Final = frozenset({".png", ".jpg", ".jpeg", ".tif", ".tiff", ".bmp", ".exr", ".webp", ".dpx"})
MODEL_SUFFIXES: Final = frozenset({".pkl", ".npz", ".npy", ".json", ".obj"})

Run = Callable[..., Any]
"""(inputs by name, settings=, context=) -> output or `Failure`."""


def _no_files(_settings: Any, _models: Path) -> Iterable[Path]:
    return ()


def _no_problem(_settings: Any) -> Failure | None:
    return None


def _no_summary(_output: Any) -> str:
    return ""


@dataclass(frozen=True)
class StageCode:
    """How a kind of stage is run and kept.

    Attributes:
        run: Called with the inputs by name, `settings` and `context`.
        sources: Files and folders under ``backend`` whose change makes old results void.
        keep: ``data``: the output is stored. ``files``: the stage writes files for the user and returns something with
            `files`; it is `load`-ed from them. ``nothing``: quick enough to be done again.
        also: Kinds of stages further up whose output it takes besides its linked inputs, by the name of the kind.
        irrelevant: Settings that do not change the output.
        files: Files from outside that it reads, (settings, models folder) -> paths.
        check: What can be refused before any work starts, settings -> failure or None.
        load: For ``files``: mapping name -> path -> output or `Failure`.
        summary: Output -> a few words for people.
    """

    run: Run
    sources: tuple[str, ...] = ()
    keep: str = "data"
    also: tuple[str, ...] = ()
    irrelevant: frozenset[str] = frozenset()
    files: Callable[[Any, Path], Iterable[Path]] = _no_files
    check: Callable[[Any], Failure | None] = _no_problem
    load: Callable[[Mapping[str, Path]], Any] | None = None
    summary: Callable[[Any], str] = _no_summary


def _late(module: str, name: str) -> Callable[..., Any]:
    """Return a function of `stages` that is imported when it is called: the program starts without torch."""

    def call(*args: Any, **kwargs: Any) -> Any:
        return getattr(importlib.import_module(f".stages.{module}", __package__), name)(*args, **kwargs)

    return call


def _video_files(settings: Any, _models: Path) -> Iterable[Path]:
    path = Path(settings.path)
    if path.suffix.lower() not in IMAGE_SUFFIXES or not path.parent.is_dir():
        return [path]
    return sorted(other for other in path.parent.iterdir() if other.suffix.lower() == path.suffix.lower())


def _task_files(settings: Any, models: Path) -> Iterable[Path]:
    return [Path(settings.task_file)] if settings.task_file else sorted(models.rglob("*.task"))


def _head_files(settings: Any, models: Path) -> Iterable[Path]:
    files: list[Path] = []
    if settings.source == "auto":
        files += sorted(path for path in models.rglob("*") if path.suffix.lower() in MODEL_SUFFIXES)
    elif settings.source == "file":
        folder = Path(settings.file).parent
        beside = folder.iterdir() if folder.is_dir() else ()
        files += [Path(settings.file), *sorted(path for path in beside if path.suffix.lower() in MODEL_SUFFIXES)]
    if settings.identity_track:
        files.append(Path(settings.identity_track))
    return files


def _guess_files(_settings: Any, models: Path) -> Iterable[Path]:
    """Networks of others that guess the identity."""
    return [models / name for name in ("mica.tar", "deca_model.tar") if (models / name).is_file()]


def _export_files(_settings: Any, models: Path) -> Iterable[Path]:
    """Files that change what is exported besides track and video: texture spaces and the parsing network."""
    names = ("FLAME_texture.npz", "FLAME_albedo_from_BFM.npz", "79999_iter.pth")
    return [models / name for name in names if (models / name).is_file()]


STAGE_CODE: Final[Mapping[str, StageCode]] = {
    "video": StageCode(
        _late("video", "run"),
        ("stages/video.py", "stages/data.py", "video"),
        files=_video_files,
        summary=_late("summaries", "video"),
    ),
    "face": StageCode(_late("face", "run"), ("stages/face.py",), keep="nothing"),
    "head": StageCode(
        _late("head", "run"),
        ("stages/head.py", "head"),
        keep="nothing",
        files=_head_files,
        summary=_late("summaries", "head"),
    ),
    "camera": StageCode(
        _late("camera", "run"), ("stages/camera.py",), keep="nothing", summary=_late("summaries", "camera")
    ),
    "landmarks": StageCode(
        _late("landmarks", "run"),
        ("stages/landmarks.py", "stages/data.py", "contract/names.py", "landmarks", "video"),
        irrelevant=frozenset({"threads"}),
        files=_task_files,
        summary=_late("summaries", "landmarks"),
    ),
    "fit": StageCode(
        _late("fit", "run"),
        ("stages/fit.py", "stages/data.py", "contract/names.py", "contract/camera.py", "solve", "head", "regress"),
        also=("video",),
        files=_guess_files,
        summary=_late("summaries", "fit"),
    ),
    "appearance": StageCode(
        _late("appearance", "run"),
        ("stages/appearance.py", "stages/fit.py", "stages/data.py", "solve", "head", "render", "video"),
        summary=_late("summaries", "appearance"),
    ),
    "smooth": StageCode(
        _late("smooth", "run"), ("stages/smooth.py", "solve"), keep="nothing", summary=_late("summaries", "smooth")
    ),
    "track": StageCode(
        _late("track", "run"),
        ("stages/track.py", "contract", "head"),
        keep="files",
        also=("head",),
        check=_late("track", "check"),
        load=_late("track", "load"),
        summary=_late("summaries", "track"),
    ),
    "texture": StageCode(
        _late("texture", "run"),
        ("stages/texture.py", "render", "solve/surface_samples.py", "video"),
        keep="files",
        check=_late("texture", "check"),
        load=_late("texture", "load"),
        summary=_late("summaries", "texture"),
    ),
    "report": StageCode(
        _late("report", "run"),
        ("stages/report.py", "report", "render"),
        keep="files",
        check=_late("report", "check"),
        load=_late("report", "load"),
        summary=_late("summaries", "report"),
    ),
    "export": StageCode(
        _late("export", "run"),
        ("stages/export.py", "export", "aligned", "parsing", "landmarks", "render"),
        keep="files",
        also=("head",),
        files=_export_files,
        check=_late("export", "check"),
        load=_late("export", "load"),
        summary=_late("summaries", "export"),
    ),
}
