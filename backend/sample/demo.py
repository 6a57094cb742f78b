"""The demo: make a clip, track it like any video, import it into Blender, and compare with the truth.

``python -m backend.sample.demo --out demo`` writes sample.mp4, track.npz, texture.png, overlay.mp4, sheet.png,
report.png, scene.blend, scene.png (and truth/truth.npz, which the tracker is not given) and prints a table.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..contract.failure import Failure
from ..contract.track import read_track
from ..system.processes import PROJECT, run_blender
from .compare import TrackErrors, compare
from .sample import Sample, write_sample


@dataclass(frozen=True)
class Step:
    """A part of the demo that was done, and how long it took in seconds."""

    name: str
    seconds: float


def parser() -> argparse.ArgumentParser:
    """Return the parser."""
    result = argparse.ArgumentParser(prog="python -m backend.sample.demo", description=__doc__, allow_abbrev=False)
    result.add_argument("--out", type=Path, required=True, metavar="DIR", help="Folder for the results")
    result.add_argument("--seconds", type=float, default=6.0, help="Length of the clip (default: 6)")
    result.add_argument("--models", type=Path, default=PROJECT / "models", metavar="DIR", help="Folder of model files")
    return result


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the demo and return the exit code."""
    parsed = parser().parse_args(arguments)
    result = run_demo(parsed.out.resolve(), max(2, round(parsed.seconds * 30)), parsed.models.resolve())
    if isinstance(result, Failure):
        sys.stderr.write(f"{result}\n")
        return 1
    sys.stdout.write(result)
    return 0


def run_demo(out: Path, frames: int, models: Path) -> str | Failure:
    """Do all of it and return the table, or why it stopped."""
    steps: list[Step] = []
    sample = _timed(steps, "make the clip", lambda: write_sample(out, frames=frames, models=models, progress=_bar))
    if isinstance(sample, Failure):
        return sample
    problem = _timed(steps, "track it", lambda: track_video(sample.video, out, models))
    if problem is not None:
        return problem
    scene = _timed(steps, "import it, render a still", lambda: build_scene(out))
    if isinstance(scene, Failure):
        return scene
    track = read_track(out / "track.npz")
    if isinstance(track, Failure):
        return track
    return table(out, sample, steps, compare(track, sample.truth), scene)


def _timed(steps: list[Step], name: str, work: Callable[[], Any]) -> Any:
    sys.stderr.write(f"\n{name} …\n")
    started = time.monotonic()
    result = work()
    steps.append(Step(name, time.monotonic() - started))
    return result


def _bar(done: int, total: int) -> None:
    if done % 30 == 0 or done == total:
        sys.stderr.write(f"  filmed {done} of {total} frames\n")


def track_video(video: Path, out: Path, models: Path) -> Failure | None:
    """Track a video with the command line, as a user does, with a cache of its own so that the time is honest."""
    with tempfile.TemporaryDirectory(prefix="flame-demo-cache-") as cache:
        command = [sys.executable, "-m", "backend", "track", str(video), "--out", str(out), "--models", str(models)]
        command += ["--head", "builtin", "--add", "appearance", "--add", "texture", "--cache", cache]
        done = subprocess.run(command, cwd=PROJECT, check=False)
    if done.returncode != 0:
        return Failure("demo-not-tracked", "Tracking the clip failed.", "See its messages above.")
    return None


def build_scene(out: Path) -> dict[str, Any] | Failure:
    """Import all with Blender's module, save scene.blend, render scene.png, and look through Blender's camera.

    Returns:
        What `blender_flame_tracker/headless/command.py` says of the scene, with `check`: distances in pixels between
        the head in the saved file seen through Blender's camera and the engine's projection.
    """
    track, blend, picture = out / "track.npz", out / "scene.blend", out / "scene.png"
    made = run_blender("scene", str(track), str(blend), str(picture), "--light", "world")
    if isinstance(made, Failure):
        return made
    check = run_blender("check", str(track), str(blend))
    return check if isinstance(check, Failure) else {**made, "check": check}


def table(out: Path, sample: Sample, steps: Sequence[Step], errors: TrackErrors, scene: dict[str, Any]) -> str:
    """Return what was made, how long it took and how far it is from the truth, for people."""
    rows = [
        ("time", ""),
        *((f"  {step.name}", f"{step.seconds:.1f} s") for step in steps),
        ("against the truth", f"{errors.frames} of {len(sample.truth)} frames"),
        ("  face vertices, aligned without scale", "median {:.2f} mm, 95 % {:.2f} mm".format(*errors.face)),
        ("  head rotation", "median {:.2f}°, 95 % {:.2f}°".format(*errors.rotation)),
        ("  depth / focal length (not given)", f"{100 * errors.depth:+.1f} % / {100 * errors.focal:+.1f} %"),
        ("  face in the picture", f"{errors.pixels:.2f} px"),
        ("  jitter (acceleration error)", f"{errors.acceleration:.2f} mm/frame²"),
        ("  jaw", f"correlation {errors.jaw_correlation:.2f}, slope {errors.jaw_slope:.2f}"),
        ("  blinks kept / lids shut when open", f"{100 * errors.blink_kept:.0f} % / {100 * errors.blink_false:.0f} %"),
        ("  gaze", f"{errors.gaze:.1f}°"),
        ("through Blender's camera", "median {median:.4f} px, worst {worst:.4f} px".format(**scene["check"])),
    ]
    width = max(len(name) for name, _ in rows)
    lines = [f"{name:<{width}}   {value}".rstrip() for name, value in rows]
    files = "sample.mp4 track.npz texture.png overlay.mp4 sheet.png report.png scene.blend scene.png"
    return "\n".join(["", *lines, "", f"In {out}: {files}", ""])


if __name__ == "__main__":
    raise SystemExit(main())
