"""Stage Photographs: one or several photographs of a person as the frames of a clip."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Final

from ..contract.failure import Failure
from ..contract.photographs import photograph_files
from ..contract.settings import PhotographSettings
from ..data.context import Context
from ..data.stage_code import StageCode, counted
from ..data.types import Video
from ..system.writable import writable_problem


def check(settings: PhotographSettings) -> Failure | None:
    """Refuse what cannot lead to any frame before work is done."""
    chosen = photograph_files(settings.path)
    if isinstance(chosen, Failure):
        return chosen
    return writable_problem(Path(settings.folder).expanduser()) if settings.folder else None


def run(settings: PhotographSettings, context: Context) -> Video | Failure:
    """Bring the photographs to one camera and size; see `photo.canvas`."""
    from ..photo.canvas import photographs_as_video

    chosen = photograph_files(settings.path)
    if isinstance(chosen, Failure):
        return chosen
    return photographs_as_video(chosen, Path(settings.folder).expanduser() if settings.folder else None, context)


def files(settings: PhotographSettings, _models: Path) -> Iterable[Path]:
    """The photographs."""
    chosen = photograph_files(settings.path)
    return [] if isinstance(chosen, Failure) else chosen


def summary(output: Video, _settings: PhotographSettings) -> str:
    """How many, and their size."""
    return f"{counted(len(output), 'photograph')}, {output.width}×{output.height}"  # noqa: RUF001


CODE: Final = StageCode(
    run,
    keep="nothing",
    output_names_inputs=True,
    ignored_settings=frozenset({"folder"}),
    files=files,
    check=check,
    summary=summary,
)
