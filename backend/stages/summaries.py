"""A few words on what each stage found, for the progress display and the panel."""

from __future__ import annotations

import numpy as np

from ..contract.track import INTERPOLATED, MISSING, TRACKED
from ..head.model import HeadModel
from .data import Camera, ExportFiles, Fit, Landmarks, ReportFiles, TextureFiles, TrackFile, Video


def video(output: Video) -> str:
    """Frames, size and rate."""
    return f"{_frames(len(output))}, {output.width} × {output.height}, {float(output.rate):.4g} frames/s"  # noqa: RUF001


def head(output: HeadModel) -> str:
    """Name of the model."""
    return output.name


def camera(output: Camera) -> str:
    """What is known of the focal length."""
    return f"focal length {output.focal:.0f} px ({output.source})" if output.focal else "focal length to be estimated"


def landmarks(output: Landmarks) -> str:
    """On how many frames the face was found."""
    found = int(np.count_nonzero(output.found))
    others = f", {len(output.others)} more in the picture" if output.others else ""
    return f"face on {found} of {_frames(len(output))}{others}"


def fit(output: Fit) -> str:
    """Landmark error and focal length."""
    error = output.reprojection_error[output.status == TRACKED]
    words = f"landmarks met to {np.nanmedian(error):.2f} px, " if len(error) else ""
    return f"{words}focal length {output.intrinsics.focal_x:.0f} px ({output.focal_source})"


def appearance(output: Fit) -> str:
    """What the pictures changed."""
    told = output.report.get("appearance", {})
    if not told.get("used"):
        return "left as it was"
    return f"head turned by {told['turned']:.1f}°, skin steadier by {100 * told['steadier']:.0f} %"


def smooth(output: Fit) -> str:
    """Frames that are left out or interpolated."""
    return _gaps(output.status)


def track(output: TrackFile) -> str:
    """Frames and gaps."""
    gaps = _gaps(output.track.status)
    return _frames(len(output.track)) + (f", {gaps}" if gaps else "")


def texture(output: TextureFiles) -> str:
    """How much of the head was seen."""
    facts = output.facts
    return f"{facts['size']} px, {100 * facts['seen']:.0f} % of the face seen, PSNR {facts['psnr']:.1f} dB"


def report(output: ReportFiles) -> str:
    """Names of the files."""
    return ", ".join(path.name for path in output.files.values())


def export(output: ExportFiles) -> str:
    """Names of the folders."""
    return ", ".join(path.name for path in output.files.values())


def _frames(count: int) -> str:
    return f"{count} frame{'' if count == 1 else 's'}"


def _gaps(status: np.ndarray) -> str:
    counts = {"interpolated": INTERPOLATED, "missing": MISSING}
    words = [f"{np.count_nonzero(status == value)} {name}" for name, value in counts.items() if np.any(status == value)]
    return ", ".join(words)
