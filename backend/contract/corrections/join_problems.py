"""Reasons why a part cannot be joined to a track, and what can be made to agree."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import numpy as np

from ..arrays import Floats
from ..camera import rotation_matrices
from ..failure import Failure
from ..track import Track
from .pose_changes import changed, middle_of, poses_of

SHAPE: Final = 1e-4
"""Metres between two heads at rest that count as one: what a file's rounding and a solve with a given head leave."""
LENS: Final = 0.02
"""Difference of the logarithms of two focal lengths that is converted: beyond, the face would look different."""
EXACT_LENS: Final = 1e-6
BENT_ALIKE: Final = 0.1
"""Pixels by which two lenses may bend the picture differently: focal lengths that are given are rounded."""
_SHOT_AGAIN: Final = "Choose a part that was tracked in the same clip."
_SAME_HEAD: Final = "Track the part again with the head of the track, face shape included."


def join_problem(base: Track, part: Track) -> Failure | None:
    """Return why a part cannot be joined to a track, or None."""
    return (
        _clip_problem(base, part)
        or _frames_problem(base, part)
        or _head_problem(base, part)
        or _lens_problem(base, part)
    )


def converted(part: Track, base: Track) -> Track:
    """Return a part as if it had been tracked through the lens of the track.

    The head is as large and at the same pixels as before, so that it goes nearer or away; see `LENS`.
    """
    ratio = _focal_ratio(base, part)
    if np.abs(ratio).max() < EXACT_LENS:
        return part
    start, middle = poses_of(part), middle_of(base)
    position = rotation_matrices(start.head_rotation) @ middle + start.head_translation
    change = np.zeros((len(part), 20 + part.expression.shape[1]))
    change[:, 3:5] = (np.exp(-ratio) - 1)[:, None] * position[:, :2] / position[:, 2:]
    change[:, 5] = ratio
    return replace(part, head_translation=changed(start, change, middle).head_translation)


def _clip_problem(base: Track, part: Track) -> Failure | None:
    names = [track.header["video"].get("name") for track in (base, part)]
    hashes = [track.header["video"].get("sha256") for track in (base, part)]
    if (all(hashes) and hashes[0] != hashes[1]) or (not all(hashes) and names[0] != names[1]):
        return Failure(
            "part-of-another-clip", f"The part is of {names[1]}, and the track is of {names[0]}.", _SHOT_AGAIN
        )
    if not len(part) or not len(base):
        return Failure("part-empty", "One of the two tracks has no frames.", "Track the part again.")
    return None


def _frames_problem(base: Track, part: Track) -> Failure | None:
    first, last = base.frame_index[0], base.frame_index[-1]
    steps = [int(np.diff(track.frame_index).min()) if len(track) > 1 else 1 for track in (base, part)]
    inside = (part.frame_index >= first) & (part.frame_index <= last)
    within = (base.frame_index >= part.frame_index[0]) & (base.frame_index <= part.frame_index[-1])
    if not inside.any():
        return Failure(
            "part-apart",
            f"The part, frames {part.frame_index[0]} to {part.frame_index[-1]}, has no frame of the track,"
            f" which goes from {first} to {last}, counted from 0.",
            "Track a range that overlaps the track.",
        )
    if set(part.frame_index[inside].tolist()) != set(base.frame_index[within].tolist()):
        return Failure(
            "part-of-other-frames",
            "The part has other frames than the track in its range: they were tracked with different steps.",
            f"Track the part again with every {steps[0]}th frame."
            if steps[0] > 1
            else "Track every frame of the part.",
        )
    both = part.frame_index[inside]
    apart = np.abs(part.time[inside] - base.time[np.searchsorted(base.frame_index, both)])
    if apart.size and apart.max() > 0.5 / float(base.rate):
        return Failure("part-of-other-times", "Frames of the part have other times than in the track.", _SHOT_AGAIN)
    return None


def _head_problem(base: Track, part: Track) -> Failure | None:
    if base.neutral_vertices.shape != part.neutral_vertices.shape or not np.array_equal(base.faces, part.faces):
        return Failure("part-of-another-head", "The part was tracked with another head model.", _SAME_HEAD)
    apart = float(np.linalg.norm(base.neutral_vertices - part.neutral_vertices, axis=1).max())
    if apart > SHAPE:
        return Failure(
            "part-of-another-face",
            f"The part was tracked with another face shape: the two are up to {1000 * apart:.1f} mm apart.",
            _SAME_HEAD,
        )
    same = base.expression_basis.shape == part.expression_basis.shape and np.allclose(
        base.expression_basis, part.expression_basis, atol=1e-6
    )
    if not same or list(base.header["expression_names"]) != list(part.header["expression_names"]):
        return Failure("part-of-other-expressions", "The part was tracked with other expression shapes.", _SAME_HEAD)
    if base.neck_turns_torso != part.neck_turns_torso:
        return Failure(
            "part-of-another-neck",
            "In one of the two the neck follows the torso, in the other it does not.",
            "Track the part again with the setting of the neck that the track has.",
        )
    return None


def _lens_problem(base: Track, part: Track) -> Failure | None:
    one, other = base.intrinsics, part.intrinsics
    if (one.width, one.height) != (other.width, other.height):
        return Failure(
            "part-of-another-size",
            f"The part was tracked in {other.width} x {other.height} pixels, the track in {one.width} x {one.height}.",
            _SHOT_AGAIN,
        )
    if not _bent_alike(base, part):
        return Failure(
            "part-of-another-lens",
            "The part was tracked with another distortion of the lens.",
            "Track the part again with the distortion of the track.",
        )
    moved = max(abs(one.centre_x - other.centre_x), abs(one.centre_y - other.centre_y))
    aspect = abs(np.log(one.focal_x / one.focal_y * other.focal_y / other.focal_x))
    if moved > 0.01 * one.width or aspect > LENS:
        return Failure(
            "part-of-another-lens",
            "The part was tracked with another principal point, or with pixels of another shape.",
            "Track the part again with the lens of the track.",
        )
    ratio = _focal_ratio(base, part)
    worst = int(np.argmax(np.abs(ratio)))
    if abs(ratio[worst]) > LENS:
        focal = part.focal_lengths[worst]
        return Failure(
            "part-of-another-lens",
            f"The part was tracked with a focal length of {focal:.0f} pixels, where the track has"
            f" {focal * np.exp(ratio[worst]):.0f}.",
            "Track the part again with the focal length of the track, as a known one.",
        )
    return None


def _bent_alike(base: Track, part: Track) -> bool:
    one, other = base.curved, part.curved
    return one is other if one is None or other is None else one.is_like(other, BENT_ALIKE)


def _focal_ratio(base: Track, part: Track) -> Floats:
    """Logarithm of the track's focal length over the part's on its frames (N,); 0 on frames that only it has, if the
    lens zooms."""
    row = np.searchsorted(base.frame_index, part.frame_index).clip(0, len(base) - 1)
    ratio = np.log(base.focal_lengths[row] / part.focal_lengths)
    beyond = base.frame_index[row] != part.frame_index
    return np.where(beyond & (base.zoom is not None), 0.0, ratio)
