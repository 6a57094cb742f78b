"""Speed and peak memory of the stage Appearance."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import Final

import torch

from ...contract.failure import Failure
from ...contract.settings import AppearanceSettings, VideoSettings
from ...data.types import Fit, Video
from ...head.builtin import builtin_head
from ...head.model import HeadModel
from ...system.processes import run_python
from ..chain import Clock, Setup, context, find_landmarks, fit, import_stages
from ..rows import Row, at_least, at_most, not_measured
from ..scenes.clips import speed_clip
from .memory import peak_bytes

FRAMES, QUICK_FRAMES = 300, 60
ON_PROCESSOR, ON_GPU = 5.0, 100.0
LIMIT: Final = 3.0


def measure(setup: Setup) -> list[Row] | Failure:
    """Frames per second of wall time of the stage alone, 640x480, and the peak memory of a process at 1280x720.

    The stage is given a finished fit, as in a job where nothing comes from the cache; reading the pictures again,
    light and albedo are its own work and count. On the processor one run; on CUDA the second
    of two, since the first loads its libraries. The memory (GB of 10^9 bytes) is that of a whole job from opening the
    file to the refined fit, Landmarks with quality Standard.
    """
    frames = QUICK_FRAMES if setup.quick else FRAMES
    import_stages()
    made = speed_clip(setup, frames, 640, 480)
    if isinstance(made, Failure):
        return made
    head, clock = builtin_head(), Clock()
    found = find_landmarks(setup, made[0], "standard", clock)
    fitted = found if isinstance(found, Failure) else fit(setup, found, head, None, clock)
    if isinstance(fitted, Failure):
        return fitted
    rows: list[Row] = []
    for device, target in (("cpu", ON_PROCESSOR), ("cuda", ON_GPU)):
        what = f"Appearance, {frames} frames 640x480, {device}"
        if device == "cuda" and not torch.cuda.is_available():
            rows.append(not_measured(what, Failure("no-cuda", "there is no CUDA device", "")))
            continue
        refined = appearance(setup, made[0], fitted, head, device, clock)
        if device == "cuda" and not isinstance(refined, Failure):
            refined = appearance(setup, made[0], fitted, head, device, clock)
        if isinstance(refined, Failure):
            return refined
        report = refined.report.appearance
        facts = {} if report is None else report.as_json()
        rows.append(at_least(what, frames / clock.wall["appearance"], target, " frames/s", 1, clip=made[1], **facts))
    memory = _memory(setup, frames)
    return memory if isinstance(memory, Failure) else [*rows, memory]


def appearance(setup: Setup, clip: Path, fitted: Fit, head: HeadModel, device: str, clock: Clock) -> Fit | Failure:
    """Run the stage Appearance on a fit of a clip."""
    from ...stages import appearance as appearance_stage
    from ...stages import video as video_stage

    video: Video | Failure = video_stage.run(VideoSettings(path=str(clip)), context(setup, "video"))
    if isinstance(video, Failure):
        return video
    own, there = context(setup, "appearance"), replace(fitted, settings=replace(fitted.settings, device=device))
    return clock.timed("appearance", lambda: appearance_stage.run(there, head, video, AppearanceSettings(), own))


def _memory(setup: Setup, frames: int) -> Row | Failure:
    made = speed_clip(setup, frames, 1280, 720)
    if isinstance(made, Failure):
        return made
    arguments = ["-m", "backend.bench.speed.appearance", str(made[0]), str(setup.work), str(setup.models)]
    found = run_python([*arguments, str(setup.data)])
    if isinstance(found, Failure):
        return found
    what = f"peak memory with Appearance, {frames} frames 1280x720, cpu"
    if found["peak_bytes"] is None:
        return not_measured(what, Failure("no-peak", "this system does not tell it", ""))
    return at_most(what, found["peak_bytes"] / 1e9, LIMIT, " GB", seconds=found["seconds"], clip=made[1])


def main(arguments: list[str]) -> int:
    """Track and refine a clip and print how much memory that took."""
    clip, work, models, data = map(Path, arguments)
    import_stages()
    setup, clock, head = Setup(data, models, work, "cpu"), Clock(), builtin_head()
    found = find_landmarks(setup, clip, "standard", clock)
    fitted = found if isinstance(found, Failure) else fit(setup, found, head, None, clock)
    refined = fitted if isinstance(fitted, Failure) else appearance(setup, clip, fitted, head, "cpu", clock)
    if isinstance(refined, Failure):
        sys.stderr.write(f"{refined}\n")
        return 1
    sys.stdout.write(json.dumps({"peak_bytes": peak_bytes(), "seconds": clock.wall}) + "\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
