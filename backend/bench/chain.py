"""The real stages, timed: as a job where a benchmark measures the whole way, else one by one.

A job reads its landmarks and its head from files. Benchmarks that hand in exact landmarks, a part of a clip or a head
that no file holds, or look at what one stage gives the next, call the stages themselves, without cache.
"""

from __future__ import annotations

import importlib
import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

import numpy as np

from ..contract.arrays import Floats, Integers
from ..contract.failure import Failure
from ..contract.job import default_job
from ..contract.options import to_dict
from ..contract.settings import (
    AppearanceSettings,
    CameraSettings,
    FaceSettings,
    FitSettings,
    HeadSettings,
    LandmarkSettings,
    SmoothSettings,
    TextureSettings,
    TrackFileSettings,
    VideoSettings,
)
from ..data.context import Context
from ..data.types import Camera, Fit, HeadPose, Landmarks, TextureFiles, TrackFile, Video
from ..head.model import HeadModel
from ..head.skinning import pose_vertices, select_frames
from ..run.cache import Cache
from ..run.runner import Finished, Stopped, run_job

CODE = ("video.opening", "landmarks.tracking", "fit.fitting", "stages.smooth", "stages.track")
"""What the stages compute with, see `import_stages`."""
TIMED: Final = ("video", "landmarks", "fit", "smooth", "track")
"""Stages of a job that compute something from the footage."""
CHAIN: Final = (*TIMED, "face", "head", "camera")
"""Stages from a video to its track file."""


SHOTS: Final = 8
"""Shots of the benchmark of many, where nobody says how many."""


@dataclass(frozen=True)
class Setup:
    """What a benchmark may use.

    Attributes:
        data: Folder of the shared data; what is not there is not measured.
        models: Folder of model files.
        work: Empty folder for temporary files.
        device: ``cpu``, ``cuda`` … as in `FitSettings`.
        quick: Use fewer frames and say so.
        shots: Of the benchmark of many shots.
    """

    data: Path
    models: Path
    work: Path
    device: str = "auto"
    quick: bool = False
    shots: int = SHOTS

    @property
    def task_file(self) -> str:
        """The landmarker with scores, from the models or else from the shared data; empty: the wheel's networks."""
        candidates = (self.models / "face_landmarker.task", self.data / "face_landmarker.task")
        return next((str(path) for path in candidates if path.is_file()), "")


@dataclass
class Clock:
    """Seconds per stage: on the wall and of the processor."""

    wall: dict[str, float] = field(default_factory=dict)
    processor: dict[str, float] = field(default_factory=dict)
    _started: tuple[float, float] = (0.0, 0.0)

    def timed(self, name: str, work: Any) -> Any:
        """Call `work` and keep how long it took."""
        wall, processor = time.perf_counter(), time.process_time()
        result = work()
        self.wall[name] = time.perf_counter() - wall
        self.processor[name] = time.process_time() - processor
        return result

    def listen(self, event: Mapping[str, Any]) -> None:
        """Take the events of a job, and keep how long the stages of `TIMED` took."""
        if event.get("event") != "stage" or event["name"] not in TIMED:
            return
        if event["state"] == "running":
            self._started = time.perf_counter(), time.process_time()
        elif event["state"] == "done":
            wall, processor = self._started
            self.wall[event["name"]] = time.perf_counter() - wall
            self.processor[event["name"]] = time.process_time() - processor


def import_stages() -> None:
    """Load the code of all stages, as a process does when it starts."""
    for name in CODE:
        importlib.import_module(f"..{name}", __package__)


def context(setup: Setup, name: str) -> Context:
    """Return what a stage needs; events are dropped."""
    folder = setup.work / name
    folder.mkdir(parents=True, exist_ok=True)
    return Context(name, lambda _event: None, lambda: False, folder, setup.models)


def find_landmarks(setup: Setup, clip: Path, quality: str, clock: Clock) -> Landmarks | Failure:
    """Run the stages Video and Landmarks."""
    from ..stages import landmarks as landmark_stage
    from ..stages import video as video_stage

    video: Video | Failure = clock.timed(
        "video", lambda: video_stage.run(VideoSettings(path=str(clip)), context(setup, "video"))
    )
    if isinstance(video, Failure):
        return video
    settings = LandmarkSettings(quality=quality, task_file=setup.task_file)
    stage_context = context(setup, f"landmarks-{clip.stem}-{quality}-{time.monotonic_ns()}")
    return clock.timed("landmarks", lambda: landmark_stage.run(video, FaceSettings(), settings, stage_context))


def fit(
    setup: Setup, landmarks: Landmarks, head: HeadModel, focal: float | None, clock: Clock | None = None
) -> Fit | Failure:
    """Run the stage Fit; the focal length is known in pixels, or None."""
    from ..stages import fit as fit_stage

    camera = Camera(focal, "estimated" if focal is None else "known")
    settings = FitSettings(device=setup.device)
    return (clock or Clock()).timed(
        "fit", lambda: fit_stage.run(landmarks, head, camera, settings, context(setup, "fit"))
    )


def found_and_fitted(setup: Setup, clip: Path, head: HeadModel, focal: float | None) -> Fit | Failure:
    """Go from a video or photograph to a fit in quality Standard; the focal length is known in pixels, or None."""
    landmarks = find_landmarks(setup, clip, "standard", Clock())
    return landmarks if isinstance(landmarks, Failure) else fit(setup, landmarks, head, focal)


def write(setup: Setup, fitted: Fit, head: HeadModel, path: Path, clock: Clock) -> TrackFile | Failure:
    """Run the stages Smooth and Track File."""
    from ..stages import smooth as smooth_stage
    from ..stages import track as track_stage

    smoothed = clock.timed("smooth", lambda: smooth_stage.run(fitted, SmoothSettings(), context(setup, "smooth")))
    if isinstance(smoothed, Failure):
        return smoothed
    settings = {"fit": to_dict(FitSettings()), "camera": to_dict(CameraSettings())}
    stage_context = replace(context(setup, "track"), settings=settings)
    return clock.timed(
        "track", lambda: track_stage.run(smoothed, head, TrackFileSettings(path=str(path)), stage_context)
    )


def refine(setup: Setup, fitted: Fit, head: HeadModel, clip: Path, clock: Clock) -> Fit | Failure:
    """Run the stage Appearance."""
    from ..stages import appearance as appearance_stage
    from ..stages import video as video_stage

    video = video_stage.run(VideoSettings(path=str(clip)), context(setup, "video"))
    if isinstance(video, Failure):
        return video
    stage_context = context(setup, "appearance")
    return clock.timed(
        "appearance", lambda: appearance_stage.run(fitted, head, video, AppearanceSettings(), stage_context)
    )


def bake(setup: Setup, fitted: Fit, head: HeadModel, clip: Path, folder: Path, clock: Clock) -> TextureFiles | Failure:
    """Run the stages Track File and Texture into a folder."""
    from ..stages import texture as texture_stage
    from ..stages import video as video_stage

    video = video_stage.run(VideoSettings(path=str(clip)), context(setup, "video"))
    if isinstance(video, Failure):
        return video
    folder.mkdir(parents=True, exist_ok=True)
    track = write(setup, fitted, head, folder / "track.npz", clock)
    if isinstance(track, Failure):
        return track
    stage_context = context(setup, "texture")
    return clock.timed("texture", lambda: texture_stage.run(track, video, TextureSettings(), stage_context))


def run_chain(setup: Setup, clip: Path, quality: str, path: Path, clock: Clock) -> Finished | Failure:
    """Run the job of the panel on a video, without report: from the file to the track file, nothing done before.

    Args:
        setup: What may be used.
        clip: The video, its focal length unknown.
        quality: Of the landmarks.
        path: Track file to write.
        clock: Gets the seconds of every stage that computes something, as its events say when it begins and ends.
    """
    settings = {
        "video": VideoSettings(path=str(clip)),
        "landmarks": LandmarkSettings(quality=quality, task_file=setup.task_file),
        "head": HeadSettings(source="builtin"),
        "fit": FitSettings(device=setup.device),
        "track": TrackFileSettings(path=str(path)),
    }
    job = default_job(settings)
    job = replace(job, stages=tuple(stage for stage in job.stages if stage.kind in CHAIN))
    cache = Cache(setup.work / f"cache-{path.stem}")
    cache.prepare()
    result = run_job(job, cache, setup.models, clock.listen, lambda: False)
    assert not isinstance(result, Stopped)
    return result


def in_camera(points: Floats, rotation: Floats, translation: Floats) -> Floats:
    """Return head-space points (T, N, 3) in camera axes."""
    return points @ np.swapaxes(rotation, 1, 2) + translation[:, None]


def surface_landmarks(head: HeadModel, pose: HeadPose) -> Floats:
    """Return MediaPipe's 478 places on the posed mesh (T, 478, 3), head space, without the fitted offsets."""
    corners = head.faces[head.landmarks.triangle]
    parts = []
    for start in range(0, len(pose), 64):
        vertices = pose_vertices(head, pose, slice(start, start + 64))
        parts.append(np.einsum("tncx,nc->tnx", vertices[:, corners], head.landmarks.barycentric))
    return np.concatenate(parts)


def face_vertices(head: HeadModel, pose: HeadPose, frames: Integers | slice = slice(None)) -> Floats:
    """Return the vertices of the region `face` (T, N, 3), head space."""
    return pose_vertices(head, select_frames(pose, frames))[:, head.regions["face"]]
