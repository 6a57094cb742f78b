"""Every setting of every stage, defined once. Panel, nodes, command line and jobs are views of these classes.

Those of stages that write something stand in `output_settings`, those of the camera in `camera_settings`, those of
ARKit's weights in `arkit_settings`, those of corrections by hand in `correction_settings`; they are named here too.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from .arkit_settings import ArkitSettings
from .camera_settings import CameraSettings
from .correction_settings import ExcludeSettings, PinsSettings
from .options import option
from .output_settings import (
    ExportSettings,
    PortraitSettings,
    ReportSettings,
    SceneSettings,
    TextureSettings,
    TrackFileSettings,
)

__all__ = [
    "AppearanceSettings",
    "ArkitSettings",
    "CameraSettings",
    "ExcludeSettings",
    "ExportSettings",
    "FaceSettings",
    "FitSettings",
    "HeadSettings",
    "KnownHeadSettings",
    "LandmarkSettings",
    "PhotographSettings",
    "PinsSettings",
    "PortraitSettings",
    "ReportSettings",
    "SceneSettings",
    "SmoothSettings",
    "TextureSettings",
    "TrackFileSettings",
    "VideoSettings",
]


@dataclass(frozen=True)
class VideoSettings:
    """Which frames of which video."""

    path: str = option("", "Video file, or the first picture of an image sequence", label="Video", path=True)
    first_frame: int = option(0, "First frame to track, counted from 0", minimum=0)
    last_frame: int = option(-1, "Last frame to track; -1 is the end of the video", minimum=-1)
    stride: int = option(
        1,
        "Use every n-th frame: 2 halves the work and the frame rate",
        label="Frame Step",
        minimum=1,
        maximum=1000,
        advanced=True,
    )
    target_rate: float = option(
        0.0,
        "Reduce the clip to this rate, for footage with more frames than the motion needs; 0 keeps every frame",
        label="Reduce Rate To",
        unit="frames/s",
        minimum=0.0,
        maximum=1000.0,
        advanced=True,
    )
    sequence_rate: float = option(
        25.0, "Frame rate of an image sequence; pictures have none", unit="frames/s", minimum=0.1, maximum=1000.0
    )


@dataclass(frozen=True)
class PhotographSettings:
    """Photographs of one person in place of a video: every one becomes a frame."""

    path: str = option(
        "",
        "A photograph, several of one person with | between them, or a folder of them",
        label="Photographs",
        path=True,
        several=True,
    )
    folder: str = option(
        "",
        "Folder for upright copies of one size, made of several photographs, and of one that is "
        "stored sideways or longer than 4096 pixels; empty is a folder beside the first photograph",
        label="Copies",
        path=True,
        advanced=True,
    )


FACE_CHOICES: Final = {
    "largest": "The face that takes up most of the clip",
    "number": "The face with this number in the report, counted from 0 by size",
    "nearest": "The face nearest to a point of the picture",
}


@dataclass(frozen=True)
class FaceSettings:
    """Which person to follow when there are several."""

    choose: str = option(
        "largest",
        "How the face is chosen when several people are in the picture",
        label="Face",
        choices=FACE_CHOICES,
        choice_labels={"number": "By Number", "nearest": "Nearest to a Point"},
    )
    number: int = option(
        0,
        "Number of the face when chosen by number, counted from 0 by size",
        label="Number, from 0",
        minimum=0,
        maximum=99,
    )
    point_x: float = option(
        0.5,
        "Where the face is in the picture, from left (0) to right (1)",
        label="From Left",
        unit="of width",
        minimum=0.0,
        maximum=1.0,
    )
    point_y: float = option(
        0.5,
        "Where the face is in the picture, from top (0) to bottom (1)",
        label="From Top",
        unit="of height",
        minimum=0.0,
        maximum=1.0,
    )
    point_frame: int = option(
        -1,
        "Frame of the video, counted from 0, in which the face is at that point; -1 is where the first faces appear",
        label="At Frame",
        minimum=-1,
    )


QUALITY_CHOICES: Final = {
    "draft": "One detection per frame: fastest, for a first look",
    "standard": "A levelled crop and repeated detections: the usual choice",
    "best": "Eight detections per frame, mirrored ones among them: least jitter",
}


@dataclass(frozen=True)
class LandmarkSettings:
    """How the 478 landmarks are found."""

    quality: str = option(
        "standard", "Draft, Standard or Best: more detections per frame, less jitter", choices=QUALITY_CHOICES
    )
    task_file: str = option(
        "",
        "face_landmarker.task (Apache-2.0), which adds the 52 expression scores; empty looks in the model folder",
        label="Landmarker File",
        path=True,
        advanced=True,
    )
    detection_threshold: float = option(
        0.5,
        "How certain the detector must be of a face; lower it for faces in shadow",
        minimum=0.05,
        maximum=0.99,
        advanced=True,
    )
    find_cuts: bool = option(
        True, "Find cuts and never smooth across them; turn it off for a single shot whose flashes are taken for cuts"
    )
    person_mask: bool = option(
        True,
        "Separate skin, hair and background on some frames, so that head and ears get the person's width",
        label="Separate Person",
    )
    threads: int = option(0, "Threads for detection; 0 uses every core", minimum=0, maximum=64, advanced=True)


HEAD_CHOICES: Final = {
    "auto": "A FLAME file from the model folder if there is one, otherwise the built-in head",
    "builtin": "The built-in head, which needs no file; what you make with it is yours, commercial work too",
    "file": "The model file named below",
}


@dataclass(frozen=True)
class HeadSettings:
    """Which head model is fitted."""

    source: str = option(
        "auto",
        "Where the head model comes from",
        label="Head",
        choices=HEAD_CHOICES,
        choice_labels={"auto": "Automatic", "builtin": "Built-in Head", "file": "Model File"},
    )
    file: str = option("", "FLAME model file (.pkl or .npz)", label="Model File", path=True)
    identity_modes: int = option(
        0,
        "Number of face shapes to use: fewer give a plainer face; 0 is all of the built-in head, 100 of FLAME",
        label="Identity Shapes",
        minimum=0,
        maximum=400,
        advanced=True,
    )
    expression_modes: int = option(
        60,
        "Number of expression shapes to use: fewer give plainer expressions",
        label="Expression Shapes",
        minimum=1,
        maximum=200,
        advanced=True,
    )
    identity_track: str = option(
        "",
        "Track file of the same person: its face shape is used, and none is fitted",
        label="Identity From",
        path=True,
    )
    identity_clips: str = option(
        "",
        "Clips, photographs or track files of the same person: one face shape is fitted to all of them together",
        label="Identity Clips",
        path=True,
        several=True,
    )


@dataclass(frozen=True)
class KnownHeadSettings:
    """A head with the identity of a person who was fitted to several clips; there is nothing to set."""


DEVICE_CHOICES: Final = {
    "auto": "An NVIDIA GPU if there is one, otherwise the processor",
    "cpu": "The processor",
    "cuda": "An NVIDIA GPU",
    "mps": "An Apple GPU",
}
NECK_CHOICES: Final = {
    "torso": "The neck's base stays with the torso, which moves slowly, while the head turns on it",
    "locked": "The neck stays straight: head and neck move as one piece",
    "held": "The neck bends a little when that explains the landmarks better",
}


@dataclass(frozen=True)
class FitSettings:
    """How the head is fitted to the landmarks of the whole clip."""

    smoothness: float = option(
        1.0, "How much motion is smoothed while fitting: 0 is not at all, 1 measured best", minimum=0.0, maximum=100.0
    )
    neck: str = option(
        "torso",
        "What the neck does when the head turns",
        choices=NECK_CHOICES,
        choice_labels={"torso": "Follows Torso", "locked": "Straight", "held": "May Bend"},
    )
    landmark_offsets: bool = option(
        True,
        "Give each landmark its own position on the skin for the whole clip: keeps its errors out of the expression",
        label="Correct Landmarks",
        advanced=True,
    )
    identity_spread: float = option(
        1.0,
        "How far the face may differ from the average: raise it for unusual faces",
        label="Identity Freedom",
        minimum=0.01,
        maximum=10.0,
        advanced=True,
    )
    expression_spread: float = option(
        1.0,
        "How strong expressions may become: raise it when strong ones come out weak",
        label="Expression Freedom",
        minimum=0.01,
        maximum=10.0,
        advanced=True,
    )
    longest_gap: float = option(
        0.5,
        "Gaps without a face up to this length are interpolated, longer ones are left out",
        unit="s",
        minimum=0.0,
        maximum=60.0,
    )
    key_frames: int = option(
        24, "Number of frames used to fit face shape and focal length", minimum=2, maximum=500, advanced=True
    )
    device: str = option(
        "auto",
        "Device that computes the fit",
        label="Compute On",
        choices=DEVICE_CHOICES,
        choice_labels={"auto": "Automatic", "cpu": "Processor", "cuda": "NVIDIA GPU", "mps": "Apple GPU"},
    )


LIGHT_CHOICES: Final = {
    "clip": "One light for the whole clip, with exposure and white balance of each frame",
    "frame": "Light that changes smoothly: a lamp that moves, a person who walks through light and shade",
}


@dataclass(frozen=True)
class AppearanceSettings:
    """How the fit is refined by what the skin looks like in the pictures themselves."""

    trust: float = option(
        1.0,
        "How much pictures count compared with landmarks: lower it where make-up, tears or moving shadows mislead",
        label="Weight of Pictures",
        minimum=0.01,
        maximum=10.0,
    )
    key_frames: int = option(
        16,
        "Number of frames that are compared with each other to refine the head",
        minimum=4,
        maximum=60,
        advanced=True,
    )
    light: str = option(
        "clip",
        "The light on the face, for the texture and for lighting the scene",
        choices=LIGHT_CHOICES,
        choice_labels={"clip": "One for the Clip", "frame": "Changes over Time"},
    )


@dataclass(frozen=True)
class SmoothSettings:
    """A filter on the finished track, per group of channels. 0 leaves a group as it is."""

    pose: float = option(
        0.0, "Smoothing of head rotation and position", label="Head Motion", unit="s", minimum=0.0, maximum=2.0
    )
    expression: float = option(
        0.0, "Smoothing of the expression; blinks stay as they are", unit="s", minimum=0.0, maximum=2.0
    )
    jaw: float = option(0.0, "Smoothing of the jaw and neck", label="Jaw and Neck", unit="s", minimum=0.0, maximum=2.0)
    eyes: float = option(
        0.0,
        "Smoothing of the gaze; quick eye movements stay as they are",
        label="Gaze",
        unit="s",
        minimum=0.0,
        maximum=2.0,
    )
