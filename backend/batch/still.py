"""A still of a shot that failed, for the page: one frame of its clip, read in a process of its own.

A damaged file may take its reader down with it, and the batch shall go on.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from ..contract.failure import Failure
from ..contract.settings import VideoSettings
from ..contract.supervision.process import Engine
from ..contract.supervision.supervisor import EarlyEnd, Supervisor
from ..contract.targets import TargetRefused, Targets

STILL: Final = "frame.png"

PATIENCE: Final = 20.0
"""Seconds that the reader has; the page does without a picture afterwards."""

_HEIGHT: Final = 270
"""Pixels, as a tile of the contact sheet."""


class StillReader:
    """The process that reads the still of one shot; `poll` it until it is `over`."""

    def __init__(self, engine: Engine, video: VideoSettings, file: Path, overwrite: bool) -> None:
        self._supervisor = Supervisor()
        frames = [str(video.first_frame), str(video.last_frame)]
        command = [str(engine.python), "-s", "-B", "-m", __name__, video.path, *frames, str(file), str(int(overwrite))]
        self._supervisor.start(engine, command, Path(os.devnull), _Silent())

    @property
    def over(self) -> bool:
        """Whether the still is there, or will never be."""
        return not self._supervisor.busy

    def poll(self) -> None:
        """See whether the process has ended, and end it where it takes too long."""
        self._supervisor.poll()
        if self._supervisor.busy and self._supervisor.seconds > PATIENCE:
            self._supervisor.let_go()

    def close(self) -> None:
        """End it."""
        self._supervisor.close(0.0)


class _Silent:
    """Hears nothing: the reader says no events."""

    over = False

    def take(self, event: Mapping[str, Any]) -> None: ...

    def fail(self, failure: Failure) -> None: ...

    def cancelled(self) -> None: ...

    def reason_of(self, end: EarlyEnd) -> Failure | None:
        return None


def write_still(video: VideoSettings, file: Path, overwrite: bool) -> bool:
    """Write a frame from the middle of a clip, or the first that can be decoded; return whether there was one.

    Raises:
        OSError: It cannot be written.
        TargetRefused: A file of somebody else has its name.
    """
    from ..data.context import Context  # what reads videos takes half a second to load, and the driver needs none of it
    from ..system.pictures import reduced_to, write_picture
    from ..video.opening import open_video
    from ..video.reader import read_frame, read_frames

    context = Context("still", lambda _event: None, lambda: False, file.parent, file.parent)
    opened = open_video(video, context, hashed=False)
    if isinstance(opened, Failure):
        return False
    picture = read_frame(opened, len(opened) // 2)
    if picture is None:
        picture = next((each for _, each in read_frames(opened)), None)
    if picture is None:
        return False
    write_picture(file, reduced_to(picture, _HEIGHT), Targets(overwrite, (Path(video.path),)).write)
    return True


def main(arguments: list[str]) -> int:
    """Write the still of a clip: its path, first and last frame, the file to write, and whether it may replace one."""
    path, first, last, file, overwrite = arguments
    video = VideoSettings(path=path, first_frame=int(first), last_frame=int(last))
    try:
        return 0 if write_still(video, Path(file), overwrite == "1") else 1
    except (OSError, TargetRefused):
        return 1


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
