"""All frames of a clip through the networks: the search runs ahead in one thread, the landmarks follow in several."""

from __future__ import annotations

import hashlib
import os
import time
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from ..contract.arrays import Picture
from ..contract.settings import FaceSettings, LandmarkSettings
from ..data.context import Context
from ..data.previews import HEIGHT
from ..data.types import Video
from ..render.landmark_lines import draw_landmark_lines
from ..system.pictures import reduced_to
from ..system.source_code import code_version
from ..video.reader import read_frames
from .crop import Region, patch_around
from .detector import Detection
from .face import DetectionEffort, Face, find_face, jittered_runs, region_of
from .masks import head_masks, mask_positions
from .networks import NetworkFiles, NetworkPool, Networks
from .observations import (
    CHUNK,
    PORTRAIT,
    THUMBNAIL,
    FaceObservations,
    ObservedFace,
    ObservedFrame,
    gather,
    join,
    read_chunk,
    write_chunk,
)
from .search import distinct, everywhere, near, search_region

EFFORTS: Final = {
    "draft": DetectionEffort(settle=2, runs=(), tolerance=2.0),
    "standard": DetectionEffort(settle=2, runs=jittered_runs(4), tolerance=2.0),
    "best": DetectionEffort(settle=3, runs=jittered_runs(10)),
}
_SEARCH_INTERVAL: Final = 4
"""Frames between two searches in Draft while faces are followed; the other qualities search every frame."""
_THOROUGH_SEARCH_INTERVAL: Final = 10
"""Frames between two searches of small parts while there is no face."""
_BOX_OF_REGION: Final = 1 / 1.67


_Regions = Callable[[], list[Region]]


@dataclass
class _Search:
    """Where faces were last seen; starts afresh in every chunk, so that a resumed run does the same."""

    regions: list[Region] = field(default_factory=list)
    age: int = 0


class Pipeline:
    """Finds the faces of a clip."""

    def __init__(
        self, video: Video, files: NetworkFiles, face: FaceSettings, settings: LandmarkSettings, context: Context
    ) -> None:
        self._video = video
        self._settings = settings
        self._context = context
        self._pool = NetworkPool(files)
        self._effort = EFFORTS[settings.quality]
        self._masks = set(mask_positions(len(video)).tolist()) if settings.person_mask and files.person else set()
        # Faces that get all the runs of the quality; the others in the picture are followed with one run.
        self._full = {"number": max(3, face.number + 1), "nearest": 6}.get(face.choose, 3)
        self._threads = settings.threads or max(1, os.cpu_count() or 1)
        self._key = self._chunk_key(files)
        # Kept for good, so that another choice of the face detects nothing again; else until this stage is done.
        reusable = context.reusable_work
        self._folder = context.work if reusable is None else reusable / f"observations-{self._key[:32]}"
        self._last_progress = 0.0

    @property
    def effort(self) -> DetectionEffort:
        """How much is done per face."""
        return self._effort

    def run(self) -> FaceObservations:
        """Return what is seen in all frames; chunks that an earlier run left are taken over."""
        total = len(self._video)
        numbers = range((total + CHUNK - 1) // CHUNK)
        resumed = {number: read_chunk(self._folder, number, self._key, self._full) for number in numbers}
        todo = [number for number in numbers if resumed[number] is None]
        positions = [k for number in todo for k in range(number * CHUNK, min(total, (number + 1) * CHUNK))]
        started, already = time.monotonic(), total - len(positions)
        parts: list[FaceObservations] = []
        # The threads here are the parallel ones; OpenCV's own would only stand in their way.
        opencv_threads = cv2.getNumThreads()
        cv2.setNumThreads(1)
        with ThreadPoolExecutor(self._threads, thread_name_prefix="landmarks") as executor:
            frames = read_frames(self._video, positions)
            ahead: deque[tuple[int, Picture]] = deque()
            try:
                for number in numbers:
                    part = resumed[number]
                    if part is None:
                        last = parts[-1] if parts else None
                        part = self._chunk(number, frames, ahead, last, executor, started=started, already=already)
                        write_chunk(self._folder, number, self._key, part, self._full)
                    parts.append(part)
            finally:
                frames.close()  # pyright: ignore - a generator
                cv2.setNumThreads(opencv_threads)
        self._context.progress(total, total, 0.0)
        return join(parts)

    def _chunk(
        self,
        number: int,
        frames: Iterator[tuple[int, Picture]],
        ahead: deque[tuple[int, Picture]],
        before: FaceObservations | None,
        executor: ThreadPoolExecutor,
        *,
        started: float,
        already: int,
    ) -> FaceObservations:
        first = number * CHUNK
        end = min(len(self._video), first + CHUNK)
        observed: list[ObservedFrame | None] = [None] * (end - first)
        search = _Search([_detector_region(region) for region in _regions_at(before, first - 1)])
        # Crops of the last two frames, as soon as they are known.
        history: deque[_Regions] = deque([partial(_regions_at, before, first - k) for k in (2, 1)], maxlen=2)
        waiting: deque[tuple[int, Picture, Future[ObservedFrame]]] = deque()

        def settle() -> None:
            done, picture, future = waiting.popleft()
            frame = observed[done - first] = future.result()
            self._send_progress(done + 1, started, already)
            self._context.preview(int(self._video.frame_index[done]), partial(_preview, picture, frame))

        while True:
            entry = ahead.popleft() if ahead else next(frames, None)
            if entry is None:
                break
            position, picture = entry
            if position >= end:
                ahead.append(entry)
                break
            self._context.check()
            starts = self._starts(picture, search, history)
            future = executor.submit(self._observe, picture, starts, with_mask=position in self._masks)
            history.append(partial(_regions_of, future))
            waiting.append((position, picture, future))
            while len(waiting) > self._threads + 2 or (waiting and waiting[0][2].done()):
                settle()
        while waiting:
            settle()
        return gather(first, observed)

    def _starts(self, picture: Picture, search: _Search, history: deque[_Regions]) -> list[Region]:
        """Regions in which a face may be, largest first, and remember where to look in the next frame."""
        # Draft takes the crop from two frames ago, whose landmarks are there while the last frame is still at work.
        followed = history[0]() if self._settings.quality == "draft" else []
        if followed and search.age % _SEARCH_INTERVAL:
            search.age += 1
            detector, threshold = self._pool.get().detector, self._settings.detection_threshold
            for last in search.regions:  # Faces that were not there two frames ago.
                if all(apart(last.moved(0.0, 0.0, 1 / _BOX_OF_REGION, 0.0), region) for region in followed):
                    new = near(detector, picture, last, threshold)
                    followed += [new.region()] if new is not None else []
            search.regions = [_detector_region(region) for region in followed]
            return followed
        detections, missed = self._detections(picture, search)
        search.age += 1
        starts = followed + [d.region() for d in detections if all(apart(d.region(), region) for region in followed)]
        if missed:
            # A face that the detector misses (turned away, half hidden) may still be followed from the frame before.
            starts += [region for region in history[1]() if all(apart(region, start) for start in starts)]
        search.regions = [search_region(detection) for detection in detections]
        search.regions += [
            _detector_region(start)
            for start in starts
            if all(apart(start, detection.region()) for detection in detections)
        ]
        return sorted(starts, key=lambda region: -region.side)

    def _detections(self, picture: Picture, search: _Search) -> tuple[list[Detection], bool]:
        """What the detector finds, and whether it missed a face that was there."""
        networks = self._pool.get()
        threshold = self._settings.detection_threshold
        detections: list[Detection] = []
        for region in search.regions:
            detection = near(networks.detector, picture, region, threshold)
            if detection is not None:
                detections += distinct([detection], detections)
        missed = len(detections) < len(search.regions)

        def confirm(detection: Detection) -> bool:
            return find_face(networks, picture, detection.region(), DetectionEffort(1, ()), threshold) is not None

        thorough = not detections and search.age % _THOROUGH_SEARCH_INTERVAL == 0
        more = everywhere(networks.detector, picture, threshold, confirm if thorough else None)
        return detections + distinct(more, detections), missed

    def _observe(self, picture: Picture, starts: list[Region], *, with_mask: bool) -> ObservedFrame:
        networks = self._pool.get()
        threshold = self._settings.detection_threshold
        faces: list[Face] = []

        def add(start: Region, effort: DetectionEffort) -> bool:
            face = find_face(networks, picture, start, effort, threshold)
            if face is not None and all(apart(face.region, other.region) for other in faces):
                faces.append(face)
            return face is not None

        for start in starts:
            effort = self._effort if len(faces) < self._full else DetectionEffort(2, ())
            if not add(start, effort):
                # It moved too far since the crop was taken from an earlier frame.
                again = near(networks.detector, picture, _detector_region(start), threshold)
                if again is not None:
                    add(again.region(), effort)
        if not faces and self._settings.quality == "draft":
            # After a cut what was followed is gone; the other qualities have searched this frame already.
            for detection in everywhere(networks.detector, picture, threshold, None):
                add(detection.region(), self._effort)
        observed = tuple(_observed_face(networks, picture, face, with_mask=with_mask) for face in faces)
        return ObservedFrame(observed, thumbnail_of(picture))

    def _send_progress(self, done: int, started: float, already: int) -> None:
        now = time.monotonic()
        if now - self._last_progress < 0.2:
            return
        self._last_progress = now
        here = max(1, done - already)
        left = (now - started) / here * (len(self._video) - done) if now - started > 0.5 else None
        self._context.progress(done, len(self._video), left)

    def _chunk_key(self, files: NetworkFiles) -> str:
        """What a chunk depends on, as a hash."""
        video = self._video
        facts = (code_version(__name__), video.sha256, video.rotation, video.width, video.height, sorted(self._masks))
        chosen = (self._settings.quality, self._settings.detection_threshold, files.source)
        digest = hashlib.sha256(repr((facts, chosen)).encode())
        digest.update(video.frame_index.astype(np.int64).tobytes())
        digest.update(files.landmarks)
        return digest.hexdigest()


def _preview(picture: Picture, frame: ObservedFrame) -> Picture:
    small = reduced_to(picture, HEIGHT)
    return draw_landmark_lines(
        small, [observed.face.points for observed in frame.faces], small.shape[0] / picture.shape[0]
    )


def _observed_face(networks: Networks, picture: Picture, face: Face, *, with_mask: bool) -> ObservedFace:
    portrait = portrait_of(picture, face)
    if not with_mask or networks.person is None:
        return ObservedFace(face, portrait, None)
    return ObservedFace(face, portrait, head_masks(networks.person, picture, face))


def portrait_of(picture: Picture, face: Face) -> NDArray[np.uint8]:
    """Return the face upright and tiny, by which a person is known again."""
    return patch_around(picture, face.region, PORTRAIT, margin=1.0).sample(face.region, PORTRAIT)


def thumbnail_of(picture: Picture) -> NDArray[np.uint8]:
    """Return the whole picture, tiny; every n-th pixel is enough to tell one shot from another."""
    step = max(1, min(picture.shape[0] // (4 * THUMBNAIL[0]), picture.shape[1] // (4 * THUMBNAIL[1])))
    small = np.ascontiguousarray(picture[::step, ::step])
    size = (THUMBNAIL[1], THUMBNAIL[0])
    return cv2.resize(small, size, interpolation=cv2.INTER_AREA).astype(np.uint8, copy=False)


def apart(a: Region, b: Region) -> bool:
    """Return whether two regions hold different faces."""
    return bool(np.hypot(a.centre_x - b.centre_x, a.centre_y - b.centre_y) > 0.25 * min(a.side, b.side))


def _detector_region(region: Region) -> Region:
    """Where the detector finds the face of a crop: as `search_region`."""
    return region.moved(0.0, 0.0, _BOX_OF_REGION, 0.0)


def _regions_of(future: Future[ObservedFrame]) -> list[Region]:
    return [observed.face.region for observed in future.result().faces]


def _regions_at(before: FaceObservations | None, position: int) -> list[Region]:
    """Crops of a frame of the chunk before, the same whether the chunk was kept or just made."""
    if before is None:
        return []
    return [region_of(before.points[row].astype(np.float64)) for row in np.flatnonzero(before.frame == position)]
