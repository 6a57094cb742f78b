"""Every setting of every stage, defined once. Panel, nodes, command line and jobs are views of these classes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from .options import option


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
        25.0, "Rate of an image sequence, which has none of its own", unit="frames/s", minimum=0.1, maximum=1000.0
    )


FACE_CHOICES: Final = {
    "largest": "The face that covers the most of the clip",
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
        label="Face Number",
        minimum=0,
        maximum=99,
    )
    point_x: float = option(
        0.5,
        "Point to be near to, from left (0) to right (1)",
        label="From Left",
        unit="of width",
        minimum=0.0,
        maximum=1.0,
    )
    point_y: float = option(
        0.5,
        "Point to be near to, from top (0) to bottom (1)",
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
        "face_landmarker.task (Apache-2.0), which adds the 52 expression scores; empty looks in the folder of models",
        label="Landmarker File",
        path=True,
        advanced=True,
    )
    detection_threshold: float = option(
        0.5,
        "Least certainty with which a face counts as found; lower it for faces in shadow",
        minimum=0.05,
        maximum=0.99,
        advanced=True,
    )
    find_cuts: bool = option(
        True, "Look for cuts and never smooth across them; turn it off for one shot in which flashes count as cuts"
    )
    person_mask: bool = option(
        True,
        "Separate person and background on some frames, which helps to estimate the focal length",
        label="Separate Person",
    )
    threads: int = option(0, "Threads for detection; 0 uses every core", minimum=0, maximum=64, advanced=True)


HEAD_CHOICES: Final = {
    "auto": "A FLAME file from the folder of models if there is one, else the built-in head",
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
        100,
        "Most identity coefficients to use: fewer give a plainer face",
        label="Identity Shapes",
        minimum=1,
        maximum=400,
        advanced=True,
    )
    expression_modes: int = option(
        60,
        "Most expression coefficients to use: fewer give plainer expressions",
        label="Expression Shapes",
        minimum=1,
        maximum=200,
        advanced=True,
    )
    identity_track: str = option(
        "",
        "Track file of the same person whose identity is taken over instead of fitted",
        label="Identity From",
        path=True,
    )


FOCAL_CHOICES: Final = {
    "estimate": "Estimate from the clip, with a prior: right when nothing is known",
    "metadata": "From the file's metadata; estimated where there is none",
    "pixels": "Known in pixels",
    "millimetres": "Known in millimetres, with the width of the sensor",
    "angle": "Known as horizontal angle of view",
}


@dataclass(frozen=True)
class CameraSettings:
    """What is known of the camera that filmed the clip."""

    focal_mode: str = option(
        "metadata",
        "What is known of the focal length",
        label="Focal Length",
        choices=FOCAL_CHOICES,
        choice_labels={"metadata": "From Metadata", "angle": "Angle of View"},
    )
    focal_pixels: float = option(
        1000.0, "Focal length when known in pixels", label="Pixels", unit="px", minimum=1.0, maximum=1e6
    )
    focal_millimetres: float = option(
        35.0, "Focal length when known in millimetres", label="Millimetres", unit="mm", minimum=0.5, maximum=10000.0
    )
    sensor_width: float = option(
        36.0, "Width of the sensor, along the longer side of the picture", unit="mm", minimum=0.5, maximum=500.0
    )
    angle_of_view: float = option(
        50.0, "Horizontal angle of view when known", label="Angle of View", unit="degrees", minimum=0.5, maximum=170.0
    )


DEVICE_CHOICES: Final = {
    "auto": "CUDA where there is one, else the processor",
    "cpu": "The processor",
    "cuda": "An NVIDIA GPU",
    "mps": "An Apple GPU",
}
NECK_CHOICES: Final = {
    "locked": "The neck stays straight and the whole head carries the motion: right unless the torso is seen",
    "held": "The neck bends a little when that explains the landmarks better",
}


@dataclass(frozen=True)
class FitSettings:
    """How the head is fitted to the landmarks of the whole clip."""

    smoothness: float = option(
        1.0, "How firmly motion is smoothed while fitting: 0 not at all, 1 as measured best", minimum=0.0, maximum=100.0
    )
    neck: str = option(
        "locked",
        "Whether the neck may bend on its own",
        choices=NECK_CHOICES,
        choice_labels={"locked": "Straight", "held": "May Bend"},
    )
    landmark_offsets: bool = option(
        True,
        "Give every landmark its own place on the surface, shared by the clip: keeps its bias out of the expression",
        label="Correct Landmarks",
        advanced=True,
    )
    identity_spread: float = option(
        1.0,
        "How far the identity may leave the average: raise it for unusual faces",
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
        24, "Number of frames on which identity and focal length are fitted", minimum=2, maximum=500, advanced=True
    )
    device: str = option(
        "auto",
        "What computes the fit",
        label="Compute On",
        choices=DEVICE_CHOICES,
        choice_labels={"auto": "Automatic", "cpu": "Processor", "cuda": "NVIDIA GPU", "mps": "Apple GPU"},
    )


@dataclass(frozen=True)
class AppearanceSettings:
    """How the fit is refined by what the skin looks like in the pictures themselves."""

    trust: float = option(
        1.0,
        "How much the pictures count against the landmarks: lower it where make-up, tears or moving shadows mislead",
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


@dataclass(frozen=True)
class SmoothSettings:
    """A filter on the finished track, per group of channels. 0 leaves a group as it is."""

    pose: float = option(
        0.0, "Smoothing of head rotation and position", label="Head Motion", unit="s", minimum=0.0, maximum=2.0
    )
    expression: float = option(0.0, "Smoothing of the expression; blinks are kept", unit="s", minimum=0.0, maximum=2.0)
    jaw: float = option(0.0, "Smoothing of the jaw and neck", label="Jaw and Neck", unit="s", minimum=0.0, maximum=2.0)
    eyes: float = option(
        0.0, "Smoothing of the gaze; jumps of the eye are kept", label="Gaze", unit="s", minimum=0.0, maximum=2.0
    )


@dataclass(frozen=True)
class TrackFileSettings:
    """Where the track is written."""

    path: str = option("track.npz", "Track file to write", label="Track File", path=True)


TEXTURE_SIZES: Final = {
    "1024": "1024 pixels: enough for faces up to 500 pixels wide in the footage",
    "2048": "2048 pixels: for close-ups",
}


@dataclass(frozen=True)
class TextureSettings:
    """The colour of the head, baked from the footage."""

    path: str = option(
        "",
        "Picture to write (.png); empty is texture.png in the folder of the track file",
        label="Texture File",
        path=True,
    )
    size: str = option(
        "1024",
        "Width and height of the texture",
        label="Texture Size",
        choices=TEXTURE_SIZES,
        choice_labels={"1024": "Medium (1024)", "2048": "Large (2048)"},
    )
    frames: int = option(
        60,
        "Most frames to bake from, spread over all turns of the head: more takes longer and hides small faults",
        label="Most Frames",
        minimum=1,
        maximum=1000,
        advanced=True,
    )
    remove_light: bool = option(
        True,
        "Take the light of the footage off, so that the head can be lit anew; off keeps it in the texture",
    )


@dataclass(frozen=True)
class ReportSettings:
    """What is written for people to look at."""

    folder: str = option(
        "",
        "Folder for overlay, contact sheet and report; empty is the folder of the track file",
        label="Report Folder",
        path=True,
    )
    overlay: bool = option(
        True, "Write overlay.mp4: the mesh and the landmarks drawn over the footage", label="Overlay Video"
    )
    sheet: bool = option(True, "Write sheet.png: twelve frames at a glance", label="Contact Sheet")
    report: bool = option(True, "Write report.json and report.png: errors, confidence and motion over time")
    overlay_height: int = option(
        720,
        "Largest height of the overlay; the footage is never enlarged",
        unit="px",
        minimum=64,
        maximum=4320,
        advanced=True,
    )
    plate: bool = option(
        True,
        "Write a copy of the footage as MP4 beside the track where Blender can't step through the original exactly"
        " (MPEG program streams)",
        label="Copy of Footage",
        advanced=True,
    )


BACKGROUND_CHOICES: Final = {
    "white": "White, as trainers of Gaussian avatars expect it",
    "kept": "The footage as it is; the masks are written all the same",
}


@dataclass(frozen=True)
class ExportSettings:
    """What is written for other programs."""

    frames: bool = option(
        False,
        "Write one .npz per tracked frame, as version 4 of PeizhiYan's flame-head-tracker does: codes, pose, light,"
        " camera, aligned picture, parsing",
        label="Frame Files",
    )
    avatar: bool = option(
        False,
        "Write the folder that trainers of Gaussian avatars read: transforms.json, pictures, masks, FLAME parameters",
        label="Avatar Folder",
    )
    background: str = option(
        "white",
        "What lies behind the person in the avatar's pictures",
        choices=BACKGROUND_CHOICES,
        choice_labels={"kept": "As Filmed"},
    )
    folder: str = option(
        "", "Folder to write to; empty is a folder 'export' beside the track file", label="Export Folder", path=True
    )


MOTION_CHOICES: Final = {
    "camera": "The camera moves, the head stays still",
    "head": "The head moves, the camera stays still",
}


@dataclass(frozen=True)
class SceneSettings:
    """What becomes of a track in Blender."""

    motion: str = option(
        "camera",
        "What is animated; can be switched later without loss",
        choices=MOTION_CHOICES,
        choice_labels={"camera": "Camera Moves", "head": "Head Moves"},
    )
    shape_keys: bool = option(
        True,
        "One shape key per frame, exact on every frame; without them the file is small, and the face at rest",
        label="Shape Key per Frame",
    )
    plate: bool = option(True, "Show the video behind the head through the camera", label="Footage Behind Head")
    set_scene: bool = option(
        True,
        "Set frame rate, range and resolution of the scene to those of the clip; turn it off where others are wanted",
        label="Fit Scene to Clip",
    )
    camera_view: bool = option(
        True,
        "After the first import, look through the camera in the 3D views and hide Blender's default cube,"
        " in which the head would stand",
        label="Look Through Camera",
    )
    collection: str = option(
        "",
        "Collection of the scene that takes the clip's own collection, made where it is not there;"
        " empty puts it directly into the scene",
        label="Into Collection",
    )
    first_frame: int = option(-1, "First frame of the track to import; -1 is its first", minimum=-1, advanced=True)
    last_frame: int = option(-1, "Last frame of the track to import; -1 is its last", minimum=-1, advanced=True)
    start_at: int = option(1, "Frame of the scene at which the clip starts", minimum=0, maximum=1000000)
