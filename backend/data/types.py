"""Data of the stages. Arrays of T frames; pixels are full-frame, (0, 0) the centre of the top-left one."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from fractions import Fraction
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from ..contract.arrays import Floats, Integers, Singles
from ..contract.camera import Intrinsics
from ..contract.corrections.corrections import Corrections, PinnedFrame
from ..contract.distortion import CurvedLens
from ..contract.performance.stored import ArkitWeights
from ..contract.settings import FitSettings
from ..contract.shading import Shading
from ..contract.track import Track
from .fit_report import FitReport

PHOTOGRAPHS: Final = "photographs"
"""What `Video.codec` says of a clip whose frames are photographs."""


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
        curved: The lens whose distortion is taken out of the pictures as they are read; None where they are left alone.
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
    curved: CurvedLens | None = None

    def __len__(self) -> int:
        return len(self.frame_index)

    @property
    def is_photographs(self) -> bool:
        """Whether every frame stands by itself and they are not moments of one motion."""
        return self.codec == PHOTOGRAPHS

    def through(self, curved: CurvedLens | None) -> Video:
        """Return the video whose pictures are read without the distortion of a lens; as it is without one (None)."""
        return self if curved is None else replace(self, curved=curved)


@dataclass(frozen=True)
class Camera:
    """What you know about the lens before the fit.

    Attributes:
        focal: In pixels of the full frame, or None where the fit estimates it.
        source: ``known`` (the user said so), ``metadata`` (the file says so) or ``estimated``.
        lens: The same in millimetres of a full-frame camera, for people; None where it is not known.
        guess: Where it is estimated, the focal length to begin with; a usual lens where None.
        varies: Whether it changes within the clip; a known one is then that of the first frame.
        zoom_smoothness: How evenly it changes then; 1 as measured best.
        centre: Principal point in pixels; the middle of the picture where None.
        curved: Its distortion, or None where it has none.
    """

    focal: float | None
    source: str
    lens: float | None = None
    guess: float | None = None
    varies: bool = False
    zoom_smoothness: float = 1.0
    centre: tuple[float, float] | None = None
    curved: CurvedLens | None = None

    def centre_of(self, width: int, height: int) -> tuple[float, float]:
        """Return the principal point in pixels of a picture of that size."""
        return ((width - 1) / 2, (height - 1) / 2) if self.centre is None else self.centre


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
class Person:
    """Who several clips show.

    Attributes:
        identity: Coefficients (I,).
        model_sha256: Of the head that they belong to.
        clips: Names of the files that they come from.
        disagreement: Of each clip: how much it would rather be somebody else, see `identity.person`.
    """

    identity: Floats
    model_sha256: str
    clips: tuple[str, ...]
    disagreement: tuple[float, ...]


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
        counted: Which points count (T, 478) bool; None where all do.
        excluded: Why others do not, and which parts of the pictures do not count either; None where all do.
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
    counted: NDArray[np.bool_] | None = None
    excluded: Corrections | None = None

    def __len__(self) -> int:
        return len(self.frame_index)

    @property
    def open_face(self) -> NDArray[np.bool_]:
        """Frames with a face of which as many landmarks count as in any (T,): before others something passes."""
        if self.counted is None:
            return self.found
        number = self.counted.sum(axis=1)
        return self.found & (number == number.max(initial=0))


@dataclass(frozen=True)
class HeadPose:
    """Parameters of T frames of one head; rotations are axis-angle in radians, about the joint, in the parent's axes.

    Attributes:
        identity: (I,).
        expression: (T, E).
        neck, jaw, left_eye, right_eye: (T, 3).
        eyelids: (T, 2), left and right; 0 open, 1 closed. Zero where the model has none.
    """

    identity: Floats
    expression: Floats
    neck: Floats
    jaw: Floats
    left_eye: Floats
    right_eye: Floats
    eyelids: Floats

    def __len__(self) -> int:
        return len(self.expression)


@dataclass(frozen=True)
class Fit:
    """The head over the clip, before vertices are made of it.

    Attributes:
        landmarks: What was fitted, in pixels of the straight picture where the lens is curved.
        intrinsics: Camera, without distortion.
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
        report: How it went.
        settings: With which it was made.
        shading: Light, gain and albedo on every frame, or None where nobody looked for them.
        zoom: By how much longer the lens is on each frame than `intrinsics` say (T,); None where it stays the same.
        pose_sigma: What landmarks and smoothness leave open of the pose, degrees and millimetres (T, 2); None where
            nobody asked.
        arkit: ARKit's weights of it, or None where nobody asked.
        curved: Distortion of the lens, or None where it has none.
        stated_error: How far rotation, degrees, and the face's points, millimetres, may be off (T, 2): two frames in
            three are within, nineteen in twenty within twice as much; constants of the clip do not count.
        pinned: Frames that were put right by hand, which it was corrected with.
        uncorrected_rows, uncorrected: Frames that these changed, and what they were before, as in `Track`.
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
    report: FitReport
    settings: FitSettings
    shading: Shading | None = None
    zoom: Floats | None = None
    pose_sigma: Floats | None = None
    stated_error: Floats | None = None
    arkit: ArkitWeights | None = None
    pinned: tuple[PinnedFrame, ...] = ()
    curved: CurvedLens | None = None
    uncorrected_rows: Integers | None = None
    uncorrected: Floats | None = None

    @property
    def centre(self) -> tuple[float, float]:
        """Principal point in pixels."""
        return self.intrinsics.centre_x, self.intrinsics.centre_y

    def camera(self, focal: float | None, source: str) -> Camera:
        """Return this fit's camera with a focal length in pixels, or None where it is to be estimated once more."""
        return Camera(focal, source, centre=self.centre, curved=self.curved)

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
class PortraitFiles:
    """What was written of photographs: a folder for each, its files by ``photograph/file``."""

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
