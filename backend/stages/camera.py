"""Stage Camera: what is known of the lens before the fit."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import numpy as np

from ..contract.camera import Intrinsics, focal_from_angle, focal_from_millimetres
from ..contract.distortion import CurvedLens, Distortion
from ..contract.failure import Failure, Notice
from ..contract.foreign_text import shown
from ..contract.lens_file import LensFile, lens_file_beside
from ..contract.settings import CameraSettings
from ..data.context import Context
from ..data.stage_code import StageCode
from ..data.types import Camera, Video

FULL_FRAME: Final = 36.0
"""Width in mm of the sensor to which '35 mm equivalent' focal lengths refer."""
LOOKS: Final = 3
"""Frames in which long edges are looked for; they must agree."""


def run(video: Video, settings: CameraSettings, context: Context) -> Camera | Failure:
    """Return focal length and principal point in pixels of the upright full frame, and the distortion, as far as known.

    Sensor widths lie along the longer side of the picture: a phone held upright has its 36 mm from top to bottom.
    """
    known = _lens_file(video, settings, context)
    if isinstance(known, Failure):
        return known
    camera = replace(_focal(video, settings, known, context), centre=_centre(video, settings, known))
    distortion = Distortion(settings.k1, settings.k2, settings.k3, settings.p1, settings.p2)
    curved = settings.distortion == "known" and not distortion.is_none
    bent = settings.distortion == "none" and known is not None and not known.lens.distortion.is_none
    if video.is_photographs and (curved or bent or settings.distortion == "estimate" or camera.centre is not None):
        return Failure(
            "lens-of-photographs",
            "A principal point or distortion counts for a video and not for photographs.",
            "Leave them out, or straighten the photographs before.",
        )
    if settings.distortion == "estimate":
        return replace(camera, curved=_estimated(video, camera.centre_of(video.width, video.height), context))
    if bent:
        assert known is not None
        return _with_distortion(camera, known.lens)
    if not curved:
        return camera
    if camera.focal is None:
        return Failure(
            "distortion-without-focal",
            "The coefficients of the distortion belong to a focal length, and that is not known.",
            "Enter the focal length with which they were measured (--focal-pixels or --focal-millimetres).",
        )
    centre = camera.centre_of(video.width, video.height)
    straight = Intrinsics(video.width, video.height, camera.focal, camera.focal, *centre)
    return _with_distortion(camera, CurvedLens(straight, distortion))


def _with_distortion(camera: Camera, curved: CurvedLens) -> Camera | Failure:
    if not curved.is_one_to_one():
        return Failure(
            "distortion-folds",
            f"With these coefficients and a focal length of {curved.intrinsics.focal_x:.0f} px the picture would be"
            " folded over itself.",
            "Check their signs, and that they belong to this focal length and to no other model of distortion.",
        )
    return replace(camera, curved=curved)


def _lens_file(video: Video, settings: CameraSettings, context: Context) -> LensFile | Failure | None:
    """Return what the lens file of the settings says, or one beside the clip where its metadata are asked for."""
    from ..video.lens_files import read_lens_file

    problem = check(settings)
    if problem is not None:
        return problem
    path = Path(settings.lens_file) if settings.lens_file else None
    beside = None
    if path is None and settings.focal_mode == "metadata" and not video.is_photographs:
        beside = lens_file_beside(video.path)
    chosen = path or beside
    if chosen is None:
        return None
    read = read_lens_file(chosen)
    known = read if isinstance(read, Failure) else read.fitted(video.width, video.height, shown(chosen.name))
    if isinstance(known, Failure):
        if beside is None:
            return known
        context.notice(
            Notice(
                "lens-file-not-taken",
                f"The lens file beside the clip is not used: {known.sentence}",
                f"Remove {shown(chosen.name)} or put the right one there. {known.advice}",
            )
        )
        return None
    if beside is not None:
        context.notice(Notice("lens-file-taken", f"The lens is taken from {shown(chosen.name)}, beside the clip."))
    if known.zooms:
        context.notice(
            Notice(
                "lens-file-zooms",
                f"The lens zooms in {shown(chosen.name)}; its first focal length is taken, {known.focal:.0f} px.",
                "Turn on Zoom (--focal-varies) if it zooms in this clip, too.",
            )
        )
    return known


def _estimated(video: Video, centre: tuple[float, float], context: Context) -> CurvedLens | None:
    """Return the lens that makes long edges of some frames straight; None, with a notice, if they do not tell."""
    from ..fit.lens.straight_edges import lens_from_edges
    from ..video.reader import read_frames

    positions = np.unique(np.linspace(0, len(video) - 1, LOOKS).astype(np.int64)).tolist()
    pictures = [picture for _, picture in context.checked(read_frames(video, positions))]
    found = lens_from_edges(pictures, centre)
    if found is None:
        context.notice(
            Notice(
                "distortion-unseen",
                "The picture shows no distortion, or too few long straight edges to tell it, so none is assumed.",
                "Enter the coefficients if you know them.",
            )
        )
        return None
    context.notice(
        Notice(
            "distortion-estimated",
            f"{found.lines} long edges are straight if the corners of the picture are {found.percent:+.1f} ±"
            f" {found.percent_sigma:.1f} % farther from the middle than a straight lens would have them.",
        )
    )
    return found.lens(video.width, video.height, centre)


def _centre(video: Video, settings: CameraSettings, known: LensFile | None) -> tuple[float, float] | None:
    """Return the principal point with (0, 0) in the middle of the first of square pixels; None in the middle."""
    if settings.principal_point == "middle":
        return None if known is None else known.centre
    if settings.principal_point == "shift":
        # In Blender a lens that is shifted to the right moves the picture, and with it the point, to the left.
        longer = max(video.width, video.height)
        return (video.width - 1) / 2 - settings.shift_x * longer, (video.height - 1) / 2 + settings.shift_y * longer
    width, height = video.file_size or (video.width, video.height)
    return settings.centre_x * video.width / width - 0.5, settings.centre_y * video.height / height - 0.5


def _focal(video: Video, settings: CameraSettings, known: LensFile | None, context: Context) -> Camera:
    long_side = max(video.width, video.height)
    zoom: dict[str, Any] = {"varies": settings.focal_varies, "zoom_smoothness": settings.zoom_smoothness}

    def camera(focal: float, source: str) -> Camera:
        return Camera(focal, source, FULL_FRAME * focal / long_side, **zoom)

    if settings.focal_mode == "pixels":
        return camera(settings.focal_pixels, "known")
    if settings.focal_mode == "millimetres":
        return camera(focal_from_millimetres(settings.focal_millimetres, settings.sensor_width, long_side), "known")
    if settings.focal_mode == "angle":
        return camera(focal_from_angle(settings.angle_of_view, video.width), "known")
    if settings.focal_mode == "file":
        assert known is not None
        return camera(known.focal, "known")
    if settings.focal_mode == "metadata":
        if known is not None and not settings.lens_file:
            return camera(known.focal, "metadata")
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
    return Camera(None, "estimated", **zoom)


def _silence(video: Video) -> str:
    photographs = video.metadata.get("photographs", [])
    if len(photographs) > 1:
        return f"The {len(photographs)} photographs do not say which lens took them"
    took = "took" if photographs else "filmed"
    return f"{[*photographs, video.path.name][0]} does not say which lens {took} it"


def summary(output: Camera, _settings: CameraSettings) -> str:
    """What is known of the lens."""
    curved = "" if output.curved is None else ", with distortion"
    if output.focal is None or output.lens is None:
        return f"lens to be estimated{curved}"
    return f"lens {output.lens:.3g} mm, {output.focal:.0f} px ({output.source}){curved}"


def check(settings: CameraSettings) -> Failure | None:
    """Refuse a lens file that cannot be read before any work is done."""
    from ..video.lens_files import read_lens_file

    if settings.lens_file:
        read = read_lens_file(Path(settings.lens_file))
        return read if isinstance(read, Failure) else None
    if settings.focal_mode == "file":
        return Failure(
            "lens-file-not-given",
            "The focal length shall come from a lens file, and none was chosen.",
            "Choose one (--lens-file), or another way to know the focal length.",
        )
    return None


def files(settings: CameraSettings, _models: Path) -> Iterable[Path]:
    """The lens file."""
    return [Path(settings.lens_file)] if settings.lens_file else []


CODE: Final = StageCode(run, keep="nothing", files=files, check=check, summary=summary)
