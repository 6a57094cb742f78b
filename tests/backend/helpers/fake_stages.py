"""Stages that compute nothing but behave like real ones, and a program that runs a job with them.

Every stage that runs adds its name to ``ran.txt`` in the folder of the job's video file. The landmarks stage takes as
long as the video file says and keeps each finished chunk in its work folder. A clip with a ``shape`` makes a
real track.
"""

from __future__ import annotations

import argparse
import ctypes
import dataclasses
import json
import os
import sys
import time
from fractions import Fraction
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))

import numpy as np  # noqa: E402
from report_tracks import a_track  # noqa: E402

from backend.contract.atomic import write_atomically  # noqa: E402
from backend.contract.camera import Intrinsics  # noqa: E402
from backend.contract.failure import Failure  # noqa: E402
from backend.contract.job import Job, default_job  # noqa: E402
from backend.contract.settings import FitSettings, ReportSettings, SmoothSettings, TrackFileSettings, VideoSettings  # noqa: E402
from backend.contract.track import write_track  # noqa: E402
from backend.data.context import Context  # noqa: E402
from backend.data.fit_report import FitReport, SolveReport  # noqa: E402
from backend.data.stage_code import StageCode  # noqa: E402
from backend.data.types import Camera, Fit, HeadPose, Landmarks, Person, ReportFiles, Video  # noqa: E402
from backend.run.registry import STAGE_CODE  # noqa: E402

FRAMES = 6


def make_clip(folder: Path, **behaviour: object) -> Path:
    """Write what the fake stages take for a video: how they shall behave."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "clip.json"
    path.write_text(json.dumps(behaviour), "utf-8")
    return path


def job_for(clip: Path, out: Path, smooth: SmoothSettings | None = None) -> Job:
    return default_job(
        {
            "video": VideoSettings(path=str(clip)),
            "smooth": smooth or SmoothSettings(),
            "track": TrackFileSettings(path=str(out / "track.npz")),
            "report": ReportSettings(),
        }
    )


def ran(clip: Path) -> list[str]:
    """Return the names of the stages that have run since the last call."""
    log = clip.with_name("ran.txt")
    names = log.read_text().split() if log.exists() else []
    log.unlink(missing_ok=True)
    return names


def _note(clip: Path, name: str) -> None:
    with clip.with_name("ran.txt").open("a") as log:
        log.write(name + "\n")


@dataclasses.dataclass(frozen=True)
class Files:
    clip: Path
    files: dict[str, Path]


def video(settings, context: Context) -> Video | Failure:
    path = Path(settings.path)
    if not path.is_file():
        return Failure("video-not-found", f"There is no file {path}.", "Choose a video.")
    _note(path, "video")
    time_ = np.arange(FRAMES) / 25
    return Video(path, "0" * 64, 64, 48, 0, Fraction(30000, 1001), 0.24, np.arange(FRAMES), time_, "fake", {"a": 1.5})


def face(settings, context: Context):
    return settings


def head(settings, context: Context) -> str:
    return "a head"


def camera(video: Video, settings, context: Context) -> Camera:
    return Camera(None, "estimated")


def _shape_of(clip: Path) -> float:
    return json.loads(clip.read_text("utf-8")).get("shape", 0.0)


def person(head, settings, context: Context, **clips) -> Person | Failure:
    """The sum of all shapes, so that it is told from their mean."""
    videos = [clip.path for name, clip in clips.items() if name.startswith("video")]
    _note(videos[0], "person")
    if any(json.loads(video.read_text("utf-8")).get("unlike") for video in videos):
        return Failure("unlike", "They do not go together.", "Leave one out.")
    return Person(np.array([sum(map(_shape_of, videos))]), "0", tuple(video.name for video in videos), ())


def known_head(head, person: Person, settings, context: Context) -> str:
    return f"{head} of {person.identity[0]}"


def block_for_ever() -> None:
    """Wait in a library that no signal wakes, as FFmpeg does for a drive that is gone."""
    lock = ctypes.create_string_buffer(128)
    library = ctypes.CDLL(None)
    library.pthread_mutex_lock(lock)
    library.pthread_mutex_lock(lock)


def landmarks(video: Video, face, settings, context: Context) -> Landmarks | Failure:
    behaviour = json.loads(video.path.read_text("utf-8"))
    _note(video.path, "landmarks")
    if behaviour.get("break"):
        raise RuntimeError("a fault of the program")
    if behaviour.get("dies"):
        os._exit(7)
    if behaviour.get("no_face"):
        return Failure("no-face", "No face was found.", "Choose another range.")
    if behaviour.get("blocked"):
        block_for_ever()
    os.write(1, b"a library prints to standard output\n")
    for frame in range(FRAMES):
        chunk = context.work / f"chunk-{frame}.npy"
        if not chunk.exists():
            _note(video.path, f"chunk-{frame}")
            until = time.monotonic() + behaviour.get("seconds", 0.0) / FRAMES
            while time.monotonic() < until:
                time.sleep(0.01)
                if not behaviour.get("deaf"):
                    context.check()
            points = np.full((478, 3), float(frame), np.float32)
            # A kill may come at any time: as of the real stages, a chunk that is there is whole.
            write_atomically(chunk, lambda partial, points=points: np.save(partial, points))
        context.progress(frame + 1, FRAMES)
    points = np.stack([np.load(context.work / f"chunk-{frame}.npy") for frame in range(FRAMES)])
    nothing = np.full((FRAMES, 478), np.nan, np.float32)
    return Landmarks(
        frame_index=video.frame_index,
        time=video.time,
        rate=video.rate,
        width=video.width,
        height=video.height,
        found=np.ones(FRAMES, bool),
        points=points,
        spread=nothing,
        scores=nothing[:, :52],
        detection=np.ones(FRAMES, np.float32),
        shot=np.zeros(FRAMES, np.int64),
        masks=None,
        source="fake",
        others=({"number": 1, "frames": 3},),
        number=0,
        video={"name": video.path.name},
        metadata={},
    )


def fit(landmarks: Landmarks, head, camera: Camera, settings, context: Context, video: Video | None = None) -> Fit:
    _note(Path(context.settings["video"]["path"]), "fit")
    still = np.zeros((FRAMES, 3))
    pose = HeadPose(np.zeros(2), np.zeros((FRAMES, 4)), still, still, still, still, np.zeros((FRAMES, 2)))
    return Fit(
        landmarks=landmarks,
        intrinsics=Intrinsics.centred(64, 48, 70.0),
        focal_source="estimated",
        focal_uncertainty=0.1,
        pose=pose,
        rotation=np.tile(np.eye(3), (FRAMES, 1, 1)),
        translation=still + 0.5,
        status=np.full(FRAMES, 2, np.int8),
        confidence=np.ones(FRAMES),
        reprojection_error=np.ones(FRAMES),
        visibility=np.ones((FRAMES, 478), np.float32),
        landmark_offsets=np.zeros((478, 3)),
        report=FitReport(SolveReport({"fit": float("nan")}, {"fit": 3}, converged=True)),
        settings=FitSettings(),
    )


def appearance(fit: Fit, head, video: Video, settings, context: Context) -> Fit:
    _note(video.path, "appearance")
    return fit


def smooth(fit: Fit, settings, context: Context) -> Fit:
    _note(Path(context.settings["video"]["path"]), "smooth")
    return fit


def track(fit: Fit, head, settings, context: Context) -> Files:
    clip = Path(context.settings["video"]["path"])
    assert head.startswith("a head")
    _note(clip, "track")
    path = Path(settings.path)
    path.parent.mkdir(parents=True, exist_ok=True)
    shape = _shape_of(clip) if head == "a head" else float(head.rsplit(maxsplit=1)[1])
    if shape:
        made = a_track(FRAMES)
        assert write_track(path, dataclasses.replace(made, identity=np.full_like(made.identity, shape))) is None
        return Files(clip, {"track": path})
    path.write_text(f"{float(fit.translation.sum())}", "utf-8")
    return Files(clip, {"track": path})


def texture(track: Files, video: Video, settings, context: Context) -> ReportFiles:
    _note(video.path, "texture")
    path = track.files["track"].with_name("texture.txt")
    path.write_text("skin", "utf-8")
    return ReportFiles({"texture": path})


def report(track: Files, video: Video, settings, context: Context) -> ReportFiles:
    _note(video.path, "report")
    path = track.files["track"].with_name("report.txt")
    path.write_text("all well", "utf-8")
    return ReportFiles({"report": path})


def registry() -> dict[str, StageCode]:
    """Return the real registry with the fake code in it."""
    stages = (video, face, head, camera, landmarks, fit, appearance, smooth, track, texture, report, person, known_head)
    fakes = {stage.__name__: stage for stage in stages}
    result = {
        kind: dataclasses.replace(STAGE_CODE[kind], run=code, summary=lambda output, settings: "well")
        for kind, code in fakes.items()
    }
    result["track"] = dataclasses.replace(
        result["track"], check_outputs=None, load=lambda files: Files(Path(), dict(files))
    )
    result["texture"] = dataclasses.replace(result["texture"], load=lambda files: ReportFiles(dict(files)))
    return result


if __name__ == "__main__":
    from backend.cli.session import add_common_flags, execute
    from backend.contract.portable import read_job

    parser = argparse.ArgumentParser()
    parser.add_argument("job", type=Path)
    add_common_flags(parser)
    arguments = parser.parse_args()
    parsed = read_job(arguments.job.read_text("utf-8"), arguments.job.parent)
    assert isinstance(parsed, Job), parsed
    sys.exit(execute(parsed, arguments, lambda finished: "The end.\n", registry()))
