"""Stage Landmarks: one face over the whole clip, its 478 points and 52 scores in every frame."""

from __future__ import annotations

import time
from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor

import numpy as np

from ..contract.failure import Failure
from ..contract.settings import FaceSettings, LandmarkSettings
from ..landmarks.detector import detect_in, whole
from ..landmarks.face import Face, Plan, find_face, jittered_runs
from ..landmarks.networks import NetworkPool, find_networks
from ..video.reader import read_frames
from .data import Context, Landmarks, Video

PLANS = {"draft": Plan(2, ()), "standard": Plan(3, jittered_runs(4)), "best": Plan(4, jittered_runs(8))}


def run(video: Video, face: FaceSettings, settings: LandmarkSettings, context: Context) -> Landmarks | Failure:
    files = find_networks(settings.task_file, context.models)
    if isinstance(files, Failure):
        return files
    pool = NetworkPool(files)
    plan = PLANS[settings.quality]
    results: list[Face | None] = [None] * len(video)

    def work(picture):
        networks = pool.get()
        found = detect_in(networks.detector, picture, whole(picture), settings.detection_threshold)
        found.sort(key=lambda d: -d.width)
        return find_face(networks, picture, found[0].region(), plan, settings.detection_threshold) if found else None

    started = time.monotonic()
    waiting: deque[tuple[int, Future[Face | None]]] = deque()
    with ThreadPoolExecutor(settings.threads or 2) as executor:
        for position, picture in read_frames(video):
            context.check()
            waiting.append((position, executor.submit(work, picture)))
            if len(waiting) > 4:
                k, future = waiting.popleft()
                results[k] = future.result()
                left = (time.monotonic() - started) / (k + 1) * (len(video) - k - 1)
                context.progress(k + 1, len(video), left)
        while waiting:
            k, future = waiting.popleft()
            results[k] = future.result()
    found = np.array([r is not None for r in results])
    if not found.any():
        return Failure("no-face", "No face was found in the video.", "Choose a range in which a face is seen.")
    nan = float("nan")
    return Landmarks(
        frame_index=video.frame_index,
        time=video.time,
        rate=video.rate,
        width=video.width,
        height=video.height,
        found=found,
        points=np.stack([np.full((478, 3), nan) if r is None else r.points for r in results]).astype(np.float32),
        spread=np.stack([np.full(478, nan) if r is None else r.spread for r in results]).astype(np.float32),
        scores=np.stack([np.full(52, nan) if r is None else r.scores for r in results]).astype(np.float32),
        detection=np.array([0.0 if r is None else r.presence for r in results], dtype=np.float32),
        shot=np.zeros(len(video), dtype=np.int64),
        masks=None,
        source=f"{files.source}, {plan.looks} runs",
        others=(),
        number=0,
        video={
            "name": video.path.name,
            "path": str(video.path),
            "sha256": video.sha256,
            "duration": video.duration,
            "codec": video.codec,
            "frames": len(video),
            "rotation": video.rotation,
        },
        metadata=dict(video.metadata),
    )
