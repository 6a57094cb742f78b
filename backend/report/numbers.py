"""report.json: every number of a run, per frame and in sum."""

from __future__ import annotations

import importlib.metadata
import math
import platform
from dataclasses import asdict
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from ..contract.misfit import misfits, status_words
from ..contract.ranges import LABELS, FlaggedRange, positions
from ..contract.track import INTERPOLATED, MISSING, TRACKED, Track
from .measures import Measures

SCHEMA: Final = 1

LIBRARIES: Final = ("numpy", "scipy", "torch", "mediapipe", "ai-edge-litert", "opencv-python", "av", "numba")

DIGITS: Final = {
    "error": ("reprojection_error_px", 3),
    "rotation_error": ("stated_rotation_error_degrees", 2),
    "point_error": ("stated_point_error_mm", 2),
    "eye_distance": ("eye_distance_px", 2),
    "yaw": ("yaw_degrees", 3),
    "pitch": ("pitch_degrees", 3),
    "roll": ("roll_degrees", 3),
    "depth": ("depth_m", 5),
    "position_x": ("position_x_m", 5),
    "position_y": ("position_y_m", 5),
    "jaw": ("jaw_degrees", 3),
    "mouth": ("mouth_gap_mm", 3),
    "left_eye": ("left_eye_open", 4),
    "right_eye": ("right_eye_open", 4),
    "tremble": ("jitter_px_per_frame2", 4),
}
"""Curve -> its name with the unit, and digits after the point that mean something."""


def report_of(track: Track, measures: Measures, flags: list[FlaggedRange]) -> dict[str, Any]:
    """Return the whole report as data for JSON; numbers that do not exist are null."""
    header = track.header
    return {
        "schema": SCHEMA,
        "program_version": header["program_version"],
        "versions": versions(),
        "summary": _summary(track, measures, flags),
        "flagged": [as_data(flag, track) for flag in flags],
        "people": {"followed": header["report"].get("face"), "others": header["report"].get("others", [])},
        "model": header["model"],
        "video": header["video"],
        "fit": header["report"].get("fit", {}),
        "detection": header["report"].get("landmarks"),
        "settings": header["settings"],
        "frames": _frames(track, measures),
    }


def as_data(flag: FlaggedRange, track: Track) -> dict[str, Any]:
    """Return a range as data for the report: frames of the source and seconds."""
    return {
        "first_frame": int(track.frame_index[flag.first]),
        "last_frame": int(track.frame_index[flag.last]),
        "start_seconds": round(float(track.time[flag.first]), 4),
        "end_seconds": round(float(track.time[flag.last]), 4),
        "frames": flag.last - flag.first + 1,
        "reason": flag.reason,
        "label": LABELS[flag.reason],
        "sentence": flag.sentence,
    }


def versions() -> dict[str, str]:
    """Return the versions of Python and of the libraries that shape the result, as far as they are there."""
    installed = {"python": platform.python_version()}
    for name in LIBRARIES:
        try:
            installed[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return installed


def _summary(track: Track, measures: Measures, flags: list[FlaggedRange]) -> dict[str, Any]:
    share = 100 * measures.error / measures.eye_distance
    jitter_share = 100 * measures.tremble / measures.eye_distance
    missed = int(misfits(track, track.focal_lengths).sum())
    return {
        "frames": {
            "total": len(track),
            "tracked": int(np.count_nonzero(track.status == TRACKED)) - missed,
            "model_does_not_fit": missed,
            "interpolated": int(np.count_nonzero(track.status == INTERPOLATED)),
            "missing": int(np.count_nonzero(track.status == MISSING)),
        },
        "seconds": round(float(track.time[-1] - track.time[0]), 4) if len(track) else 0.0,
        "shots": track.header["report"].get("shots"),
        "reprojection_error": {
            "median_px": _at(measures.error, 50),
            "percentile_95_px": _at(measures.error, 95),
            "median_percent_of_eye_distance": _at(share, 50),
            "percentile_95_percent_of_eye_distance": _at(share, 95),
        },
        "jitter": {
            "median_px_per_frame2": _at(measures.tremble, 50),
            "percentile_95_px_per_frame2": _at(measures.tremble, 95),
            "median_percent_of_eye_distance": _at(jitter_share, 50),
        },
        "confidence_median": _at(measures.confidence, 50),
        "stated_error": {
            "rotation_median_degrees": _at(measures.rotation_error, 50),
            "rotation_percentile_95_degrees": _at(measures.rotation_error, 95),
            "point_median_mm": _at(measures.point_error, 50),
            "point_percentile_95_mm": _at(measures.point_error, 95),
        },
        "focal": focal_words(track),
        "flagged_frames": int(positions(flags, len(track)).sum()),
    }


def focal_words(track: Track) -> dict[str, Any]:
    """Return focal length, its uncertainty, where it comes from, whether the clip determines it, and by what."""
    camera, focal = track.intrinsics, track.header["focal"]
    uncertainty = float(focal.get("uncertainty") or 0.0)
    fit = track.header["report"].get("fit") or {}
    lens, outline = fit.get("lens") or {}, fit.get("outline") or {}
    return {
        "pixels": round(camera.focal_x, 2),
        "angle_of_view_degrees": round(math.degrees(2 * math.atan(camera.width / 2 / camera.focal_x)), 3),
        "principal_point": [round(camera.centre_x, 2), round(camera.centre_y, 2)],
        "distortion": None if track.curved is None else asdict(track.curved.distortion),
        "source": focal.get("source"),
        "uncertainty_percent": round(100 * uncertainty, 2),
        "observable": focal.get("source") != "assumed",
        "evidence": lens.get("evidence", []),
        "cameras": lens.get("cameras", {}),
        "outline_says_longer_than_px": outline.get("longer_than"),
    }


def _frames(track: Track, measures: Measures) -> dict[str, list[Any]]:
    columns: dict[str, list[Any]] = {
        "frame": track.frame_index.tolist(),
        "time_seconds": np.round(track.time, 5).tolist(),
        "shot": track.shot.tolist(),
        "status": status_words(track),
        "confidence": _numbers(measures.confidence, 3),
    }
    for curve, (name, digits) in DIGITS.items():
        columns[name] = _numbers(getattr(measures, curve), digits)
    return columns


def _numbers(values: NDArray[Any], digits: int) -> list[float | None]:
    return [round(value, digits) if math.isfinite(value) else None for value in values.tolist()]


def _at(values: NDArray[Any], percentile: float) -> float | None:
    finite = values[np.isfinite(values)]
    return round(float(np.percentile(finite, percentile)), 4) if len(finite) else None
