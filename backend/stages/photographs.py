"""Stage Photographs: one or several photographs of a person as the frames of a clip."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Final

from ..contract.failure import Failure
from ..contract.file_access import exists, is_folder
from ..contract.footage import is_picture
from ..contract.photographs import photograph_paths
from ..contract.settings import PhotographSettings
from ..data.context import Context
from ..data.stage_code import StageCode, counted
from ..data.types import Video
from ..system.writable import writable_problem


def check(settings: PhotographSettings) -> Failure | None:
    """Refuse what cannot lead to any frame before work is done."""
    chosen = chosen_files(settings.path)
    if isinstance(chosen, Failure):
        return chosen
    return writable_problem(Path(settings.folder).expanduser()) if settings.folder else None


def chosen_files(text: str) -> list[Path] | Failure:
    """Return the files that the setting names; of a folder all pictures in it, by their names."""
    # A name may hold the separator.
    parts = [text] if text.strip() and exists(Path(text).expanduser()) else photograph_paths(text)
    if not parts:
        return Failure("photo-not-given", "No photograph was chosen.", "Choose a picture of a face.")
    result: list[Path] = []
    for part in parts:
        path = Path(part).expanduser().absolute()
        if not is_folder(path):
            result.append(path)
            continue
        found = sorted(other for other in path.iterdir() if is_picture(other))
        if not found:
            return Failure("photo-not-found", f"There is no picture in {path}.", "Choose a picture of a face.")
        result += found
    return list(dict.fromkeys(result))


def run(settings: PhotographSettings, context: Context) -> Video | Failure:
    """Bring the photographs to one camera and size; see `photo.canvas`."""
    from ..photo.canvas import photographs_as_video

    chosen = chosen_files(settings.path)
    if isinstance(chosen, Failure):
        return chosen
    return photographs_as_video(chosen, Path(settings.folder).expanduser() if settings.folder else None, context)


def files(settings: PhotographSettings, _models: Path) -> Iterable[Path]:
    """The photographs."""
    chosen = chosen_files(settings.path)
    return [] if isinstance(chosen, Failure) else chosen


def summary(output: Video, _settings: PhotographSettings) -> str:
    """How many, and their size."""
    return f"{counted(len(output), 'photograph')}, {output.width}×{output.height}"  # noqa: RUF001


CODE: Final = StageCode(run, keep="nothing", files=files, check=check, summary=summary)
