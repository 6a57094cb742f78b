"""Stage Camera: what is known of the focal length before the fit."""

from __future__ import annotations

from typing import Final

from ..contract.camera import focal_from_angle, focal_from_millimetres
from ..contract.failure import Failure, Notice
from ..contract.settings import CameraSettings
from ..data.context import Context
from ..data.stage_code import StageCode
from ..data.types import Camera, Video

FULL_FRAME: Final = 36.0
"""Width in mm of the sensor to which '35 mm equivalent' focal lengths refer."""


def run(video: Video, settings: CameraSettings, context: Context) -> Camera | Failure:
    """Return the focal length in pixels of the upright full frame, as far as the user or the file knows it.

    Sensor widths lie along the longer side of the picture: a phone held upright has its 36 mm from top to bottom.
    """
    long_side = max(video.width, video.height)

    def camera(focal: float, source: str) -> Camera:
        return Camera(focal, source, FULL_FRAME * focal / long_side, varies=settings.focal_varies)

    if settings.focal_mode == "pixels":
        return camera(settings.focal_pixels, "known")
    if settings.focal_mode == "millimetres":
        return camera(focal_from_millimetres(settings.focal_millimetres, settings.sensor_width, long_side), "known")
    if settings.focal_mode == "angle":
        return camera(focal_from_angle(settings.angle_of_view, video.width), "known")
    if settings.focal_mode == "metadata":
        equivalent = video.metadata.get("focal_length_35mm")
        if isinstance(equivalent, (int, float)) and equivalent > 0:
            return camera(focal_from_millimetres(float(equivalent), FULL_FRAME, long_side), "metadata")
        context.notice(
            Notice(
                "focal-unknown",
                f"{_silence(video)}; the focal length is estimated.",
                "Enter it in the camera settings if you know it: depth and perspective improve.",
            )
        )
    return Camera(None, "estimated", varies=settings.focal_varies)


def _silence(video: Video) -> str:
    photographs = video.metadata.get("photographs", [])
    if len(photographs) > 1:
        return f"The {len(photographs)} photographs do not say which lens took them"
    took = "took" if photographs else "filmed"
    return f"{[*photographs, video.path.name][0]} does not say which lens {took} it"


def summary(output: Camera, _settings: CameraSettings) -> str:
    """What is known of the lens."""
    if output.focal is None or output.lens is None:
        return "lens to be estimated"
    return f"lens {output.lens:.3g} mm, {output.focal:.0f} px ({output.source})"


CODE: Final = StageCode(run, keep="nothing", summary=summary)
