"""Speed of the whole way from a video file to a track file."""

from __future__ import annotations

from typing import Final

from ...contract.failure import Failure
from ...head.builtin import builtin_head
from ..chain import Clock, Setup, import_stages, run_chain
from ..rows import Row, at_least
from ..scenes.clips import speed_clip

TARGETS: Final = {"draft": 60.0, "standard": 25.0, "best": 12.0}
FRAMES, QUICK_FRAMES = 300, 60


def measure(setup: Setup) -> list[Row] | Failure:
    """Frames per second of wall time, 640x480, from opening the file to the track file on the disk.

    The job of the panel with its standard settings, the built-in head, an unknown focal length and an empty cache,
    without overlay and report: the stages Video, Landmarks, Fit, Smooth and Track File, each from the event of its
    begin to that of its end. The process has loaded its code and the head before; loading the networks counts. One run
    of each quality, in this order: Draft carries what only the first run costs. `seconds` are on the wall per stage,
    `processor_seconds` those of all cores together.
    """
    frames = QUICK_FRAMES if setup.quick else FRAMES
    made = speed_clip(setup, frames, 640, 480)
    if isinstance(made, Failure):
        return made
    clip, content = made
    import_stages()
    builtin_head()
    networks = "with face_landmarker.task" if setup.task_file else "with the wheel's networks"
    rows = []
    for quality, target in TARGETS.items():
        clock = Clock()
        done = run_chain(setup, clip, quality, setup.work / f"{quality}.npz", clock)
        if isinstance(done, Failure):
            return done
        seconds = sum(clock.wall.values())
        parts = ", ".join(f"{name} {clock.wall[name]:.1f}" for name in ("landmarks", "fit", "track"))
        row = at_least(
            f"{quality.capitalize()}: {frames} frames 640x480, {networks} (s: {parts})",
            frames / seconds,
            target,
            " frames/s",
            1,
            clip=content,
            seconds=clock.wall,
            processor_seconds=clock.processor,
        )
        rows.append(row)
    return rows
