"""What stages hand to each other. Arrays of T frames; pixels are full-frame, (0, 0) the centre of the top-left one."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from ..contract.camera import Intrinsics
from ..contract.events import Emit
from ..contract.failure import Notice
from ..contract.shading import Shading
from ..contract.targets import Targets
from ..contract.track import Track
from ..head.model import Floats, HeadPose, Integers
from ..run.output_record import Written
from ..system.pictures import Picture
from .previews import Previews

Item = TypeVar("Item")
Singles = NDArray[np.float32]


@dataclass(frozen=True)
class Context:
    """What a stage may use besides its inputs.

    Attributes:
        name: Name of the stage in the job, for events.
        emit: Sends an event.
        cancelled: Whether the user asked to stop; stages look at it at least every half second and raise `Cancelled`.
        work: Folder for unfinished work of this stage (chunks), kept for a resumed run.
        models: Folder of model files.
        settings: Kind of stage -> settings, of this stage and of all that it depends on, for the track's header.
        previews: Where pictures of the work go, or None where nobody watches.
        written: Which files for the user are there already, or None where nobody remembers.
        kept: Folder for finished parts of the work that other settings can use too, or None; see `cache`.
        targets: Writes files for the user, as far as they may be replaced.
    """

    name: str
    emit: Emit
    cancelled: Callable[[], bool]
    work: Path
    models: Path
    settings: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    previews: Previews | None = None
    written: Written | None = None
    kept: Path | None = None
    targets: Targets = field(default_factory=Targets)

    def progress(self, done: int, total: int, seconds_left: float | None = None) -> None:
        """Say how far the stage is."""
        self.emit({"event": "progress", "name": self.name, "done": done, "total": total, "seconds_left": seconds_left})

    def notice(self, notice: Notice) -> None:
        """Tell the user something that does not stop the work."""
        self.emit(
            {
                "event": "notice",
                "name": self.name,
                "code": notice.code,
                "sentence": notice.sentence,
                "advice": notice.advice,
            }
        )

    def preview(self, frame: int, draw: Callable[[], Picture | None]) -> None:
        """Show a picture of the work, made by `draw`, if somebody watches and it is time for one; see `Previews.show`.

        Costs nothing else, so that stages may call it for every frame.
        """
        if self.previews is not None:
            self.previews.show(self.name, frame, draw)

    def write_once(self, paths: Sequence[Path], depends_on: Mapping[str, Any], write: Callable[[], object]) -> None:
        """Let files for the user be written, unless an earlier run wrote the same ones and they are still there.

        Args:
            paths: The files, written together.
            depends_on: What they are made of besides the stage's inputs: their own settings.
            write: Writes them.
        """
        if self.written is None or not self.written.there(paths, depends_on):
            write()
            if self.written is not None:
                self.written.remember(paths, depends_on)

    def checked(self, items: Iterable[Item]) -> Iterator[Item]:
        """Yield the items, and stop between two of them when the user asked to."""
        for item in items:
            self.check()
            yield item

    def check(self) -> None:
        """Raise `Cancelled` when the user asked to stop."""
        if self.cancelled():
            raise Cancelled


class Cancelled(Exception):  # noqa: N818 - not an error
    """The user asked to stop; caught by the runner alone."""


@dataclass(frozen=True)
class Video:
    """A video that can be read again, and the frames of it that are asked for.

    Attributes:
        path: The file, or the first file of a sequence.
        sha256: Hash of the file (of the names and sizes of a sequence).
        width, height: Size of its pictures as they are read: after the rotation of the metadata, with square pixels.
        rotation: Degrees clockwise by which decoded frames are turned to be upright (0, 90, 180, 270).
        rate: Nominal frame rate of the chosen frames.
        duration: Seconds, of the whole file.
        frame_index: Index in the file of each chosen frame (T,).
        time: Presentation time of each chosen frame, seconds from the start of the file (T,).
        codec: For the report.
        metadata: What the file says of its camera (``focal_length_35mm`` ...), as far as known.
        file_size: Width and height after the rotation in the file's own pixels, where these are not square; else None.
    """

    path: Path
    sha256: str
    width: int
    height: int
    rotation: int
    rate: Fraction
    duration: float
    frame_index: Integers
    time: Floats
    codec: str
    metadata: dict[str, Any] = field(default_factory=dict)
    file_size: tuple[int, int] | None = None

    def __len__(self) -> int:
        return len(self.frame_index)


@dataclass(frozen=True)
class Camera:
    """What is known of the focal length before the fit.

    Attributes:
        focal: In pixels of the full frame, or None where the fit estimates it.
        source: ``known`` (the user said so), ``metadata`` (the file says so) or ``estimated``.
        lens: The same in millimetres of a full-frame camera, for people; None where it is not known.
        guess: Where it is estimated, the focal length to begin with; a usual lens where None.
        varies: Whether it changes within the clip; a known one is then that of the first frame.
    """

    focal: float | None
    source: str
    lens: float | None = None
    guess: float | None = None
    varies: bool = False


@dataclass(frozen=True)
class PersonMasks:
    """Person against background on some frames.

    Attributes:
        frame: Position in the clip (K,) of each mask.
        mask: (K, H, W) uint8, 255 = person.
        to_image: (K, 2, 3): mask pixel (x, y, 1) -> full-frame pixel.
        skin: (K, H, W) uint8, 255 = bare skin of the person; None where it was not looked for.
    """

    frame: Integers
    mask: NDArray[np.uint8]
    to_image: Floats
    skin: NDArray[np.uint8] | None = None


@dataclass(frozen=True)
class Landmarks:
    """One face over the clip.

    Attributes:
        frame_index, time: As in `Video` (T,).
        rate: Nominal rate.
        width, height: Of the full frame.
        found: Whether the face was detected (T,) bool.
        points: (T, 478, 3) float32: x, y in pixels, z MediaPipe's relative depth in that scale; NaN where not found.
        spread: RMS disagreement of repeated detections, pixels (T, 478) float32; NaN where not found or one run.
        scores: (T, 52) float32 in the order of `names.MEDIAPIPE_SCORES`; NaN where there are none.
        detection: Certainty of the detector (T,) float32 in 0..1, 0 where not found.
        shot: Number of the shot, one more after each cut (T,) int64.
        masks: Person masks, or None.
        source: Which networks and how many runs, for the report.
        others: A line for each other face: {number, frames, centre_x, centre_y, width}.
        number: Number of the face that was followed.
        video: Summary of the source for the track file: {name, path, sha256, duration, codec, frames, rotation}.
        metadata: As in `Video`.
        detected: Whether networks found the points, which turned heads lead astray; False where they are exact.
    """

    frame_index: Integers
    time: Floats
    rate: Fraction
    width: int
    height: int
    found: NDArray[np.bool_]
    points: Singles
    spread: Singles
    scores: Singles
    detection: Singles
    shot: Integers
    masks: PersonMasks | None
    source: str
    others: tuple[dict[str, Any], ...]
    number: int
    video: dict[str, Any]
    metadata: dict[str, Any]
    detected: bool = True

    def __len__(self) -> int:
        return len(self.frame_index)


@dataclass(frozen=True)
class Fit:
    """The head over the clip, before vertices are made of it.

    Attributes:
        landmarks: What was fitted.
        intrinsics: Camera.
        focal_source: ``known``, ``metadata``, ``estimated`` or ``assumed`` (nothing determines it).
        focal_uncertainty: Standard deviation of log focal after the fit; 0 where known.
        pose: Parameters per frame.
        rotation: Head-to-camera rotation (T, 3, 3).
        translation: Head-to-camera translation (T, 3), metres.
        status: 0 missing, 1 interpolated, 2 tracked (T,) int8. Missing frames hold the nearest good values.
        confidence: 0..1 (T,).
        reprojection_error: Median landmark distance in pixels (T,), NaN where not tracked.
        visibility: Of each landmark (T, 478) float32.
        landmark_offsets: Shared offset of each landmark on the surface (478, 3), metres, head axes.
        report: Numbers for the report: iterations, seconds, cost ...
        shading: Light, gain and albedo on every frame, or None where nobody looked for them.
        zoom: By how much longer the lens is on each frame than `intrinsics` say (T,); None where it stays the same.
        pose_sigma: What landmarks and smoothness leave open of the pose, degrees and millimetres (T, 2); None where
            nobody asked.
        stated_error: How far rotation, degrees, and the face's points, millimetres, may be off (T, 2): two frames in
            three are within, nineteen in twenty within twice as much; constants of the clip do not count.
    """

    landmarks: Landmarks
    intrinsics: Intrinsics
    focal_source: str
    focal_uncertainty: float
    pose: HeadPose
    rotation: Floats
    translation: Floats
    status: NDArray[np.int8]
    confidence: Floats
    reprojection_error: Floats
    visibility: Singles
    landmark_offsets: Floats
    report: dict[str, Any]
    shading: Shading | None = None
    zoom: Floats | None = None
    pose_sigma: Floats | None = None
    stated_error: Floats | None = None

    def zoom_at(self, frame: int) -> float:
        """Return by how much longer the lens is on a frame than `intrinsics` say."""
        return 1.0 if self.zoom is None else float(self.zoom[frame])


@dataclass(frozen=True)
class TrackFile:
    """A track that is on disk.

    Attributes:
        path: Where.
        track: Its content.
    """

    path: Path
    track: Track

    @property
    def files(self) -> dict[str, Path]:
        """Files written for the user."""
        return {"track": self.path}


@dataclass(frozen=True)
class ReportFiles:
    """What was written to look at: ``report``, ``plot``, ``sheet``, ``plate`` (footage for Blender), ``overlay``."""

    files: dict[str, Path]


@dataclass(frozen=True)
class ExportFiles:
    """What was written for other programs: a folder for each format, by the format's name."""

    files: dict[str, Path]


@dataclass(frozen=True)
class TextureFiles:
    """The baked texture: ``texture`` (PNG, sRGB) and ``light`` (JSON).

    Attributes:
        files: Where.
        facts: What the JSON file says: size, share of the face seen, light, gains, psnr, ssim.
    """

    files: dict[str, Path]
    facts: dict[str, Any]
