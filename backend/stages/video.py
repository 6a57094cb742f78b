"""Stage Video: which frames of which file are tracked, and when each of them is shown."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Final

from ..contract.failure import Failure
from ..contract.file_access import is_file
from ..contract.footage import is_picture
from ..contract.lens_file import lens_file_beside
from ..contract.sequence import sequence_from
from ..contract.settings import VideoSettings
from ..data.context import Context
from ..data.stage_code import StageCode, counted
from ..data.types import Video


def run(settings: VideoSettings, context: Context) -> Video | Failure:
    """Look at the video and choose its frames; see `video.opening`."""
    from ..video.opening import open_video

    return open_video(settings, context)


def files(settings: VideoSettings, _models: Path) -> Iterable[Path]:
    """The video, or all pictures of a sequence, and a lens file beside it."""
    path = Path(settings.path).expanduser()
    beside = lens_file_beside(path) if settings.path else None
    lens = [] if beside is None else [beside]
    if not is_picture(path) or not is_file(path):
        return [path, *lens]
    try:
        return [*sequence_from(path).present, *lens]
    except OSError:
        return [path, *lens]


def summary(output: Video, _settings: VideoSettings) -> str:
    """Frames, size and rate."""
    size = f"{output.width}×{output.height}"  # noqa: RUF001
    return f"{counted(len(output), 'frame')}, {size}, {float(output.rate):.4g} frames/s"


CODE: Final = StageCode(
    run,
    output_names_inputs=True,
    files=files,
    summary=summary,
)
