"""Settings of the camera that filmed the clip: focal length, principal point and distortion of its lens."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from .options import option

FOCAL_CHOICES: Final = {
    "estimate": "Estimate it from the clip, beginning with usual lenses: right when nothing is known",
    "metadata": "From the file's metadata or a lens file beside it (shot.lens.json); estimated if there is none",
    "pixels": "Known in pixels",
    "millimetres": "Known in millimetres, with the width of the sensor",
    "angle": "Known as horizontal angle of view",
    "file": "From a lens file, with principal point and distortion",
}
PRINCIPAL_POINT_CHOICES: Final = {
    "middle": "In the middle of the picture, as in every picture that was not cut on one side",
    "known": "Known in pixels: the picture was cut out of a larger one, or its lens is shifted",
    "shift": "Known as the shift of a camera of Blender's, in shares of the longer side",
}
DISTORTION_CHOICES: Final = {
    "none": "Straight lines stay straight",
    "estimate": "Estimate it from long straight edges behind the person; none if there are too few",
    "known": "Known coefficients, which belong to the focal length given above",
}


@dataclass(frozen=True)
class CameraSettings:
    """What is known of the camera that filmed the clip."""

    focal_mode: str = option(
        "metadata",
        "What you know about the focal length",
        label="Focal Length",
        choices=FOCAL_CHOICES,
        choice_labels={"metadata": "From Metadata", "angle": "Angle of View", "file": "From Lens File"},
    )
    focal_pixels: float = option(
        1000.0, "Focal length when known in pixels", label="Pixels", unit="px", minimum=1.0, maximum=1e6
    )
    focal_millimetres: float = option(
        35.0, "Focal length when known in millimetres", label="Millimeters", unit="mm", minimum=0.5, maximum=10000.0
    )
    sensor_width: float = option(
        36.0, "Width of the sensor, along the longer side of the picture", unit="mm", minimum=0.5, maximum=500.0
    )
    angle_of_view: float = option(
        50.0, "Horizontal angle of view when known", label="Angle of View", unit="degrees", minimum=0.5, maximum=170.0
    )
    lens_file: str = option(
        "",
        "What is known of the lens: lens.json of an exported camera, or a calibration of OpenCV's (YAML, JSON, XML)",
        path=True,
    )
    focal_varies: bool = option(
        False,
        "The lens zooms during the clip: each frame gets its focal length, measured by how much the "
        "background grows; a known one is that of the first frame",
        label="Zoom",
    )
    zoom_smoothness: float = option(
        1.0,
        "How evenly the focal length of a zoom changes: below 1 it may begin and end faster, above 1 more softly",
        minimum=0.01,
        maximum=100.0,
        advanced=True,
    )
    principal_point: str = option(
        "middle",
        "Where the lens looks straight ahead",
        choices=PRINCIPAL_POINT_CHOICES,
        choice_labels={"known": "In Pixels", "shift": "Lens Shift"},
    )
    centre_x: float = option(
        960.0,
        "Principal point, counted from the left edge of the upright picture",
        label="From Left",
        unit="px",
        minimum=-1e6,
        maximum=1e6,
    )
    centre_y: float = option(
        540.0,
        "Principal point, counted from the upper edge of the upright picture",
        label="From Top",
        unit="px",
        minimum=-1e6,
        maximum=1e6,
    )
    shift_x: float = option(
        0.0, "As of a camera of Blender's that fits its sensor by itself", label="Shift X", minimum=-10.0, maximum=10.0
    )
    shift_y: float = option(
        0.0, "As of a camera of Blender's that fits its sensor by itself", label="Shift Y", minimum=-10.0, maximum=10.0
    )
    distortion: str = option(
        "none",
        "Whether the lens bends straight lines",
        choices=DISTORTION_CHOICES,
    )
    k1: float = option(
        0.0,
        "First radial coefficient, as in Blender's movie clip and OpenCV; below 0 for a barrel, which wide lenses make",
        label="K1",
        minimum=-10.0,
        maximum=10.0,
    )
    k2: float = option(0.0, "Second radial coefficient", label="K2", minimum=-100.0, maximum=100.0)
    k3: float = option(0.0, "Third radial coefficient", label="K3", minimum=-1000.0, maximum=1000.0)
    p1: float = option(
        0.0, "First tangential coefficient, in OpenCV's order", label="P1", minimum=-1.0, maximum=1.0, advanced=True
    )
    p2: float = option(
        0.0, "Second tangential coefficient, in OpenCV's order", label="P2", minimum=-1.0, maximum=1.0, advanced=True
    )
