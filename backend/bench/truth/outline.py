"""Truth on outlines: the head's, against outlines of the person that were traced by hand."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import numpy as np

from ...contract.arrays import Floats
from ...contract.failure import Failure
from ...data.types import Fit, Landmarks
from ...head.builtin import builtin_head
from ...head.model import HeadModel
from ...head.skinning import pose_vertices, select_frames
from ..chain import Setup, found_and_fitted, import_stages, in_camera
from ..measures.outline import OutlineErrors, Traced, outline_errors, traced_outlines
from ..rows import Row, at_least, at_most, between, without_target
from .person import distances, faces_of_halves, nearest_to_own, of_pairs

WIDEST: Final = 1.5
"""Percent of the head's width."""
SPEAKERS: Final = ("grid_bbaf2n.mpg", "grid_lbax4n.mpg", "grid_swiz3n.mpg", "intel_headpose_male.gif")
"""Clips of different people, each long enough to be halved."""


def measure(setup: Setup) -> list[Row] | Failure:
    """Outlines of people in the shared photographs and clips, traced by hand, against the fitted head's.

    Quality Standard, built-in head, focal length unknown. Error: mean distance from places along the traced cheeks,
    jaw, chin and ears to the head's outline in the picture (of the jaw without the neck behind it), in percent of the
    head's width; what hair or cloth covers is not traced. Width: of the head over that of the person, where both sides
    are traced. Same person: each half of four speakers' clips is fitted by itself; counts how many of the eight halves
    have, by the neutral face after similarity alignment, the other half of the same clip as their nearest. With
    --quick photographs alone.
    """
    import_stages()
    head = builtin_head()
    known: dict[Path, Fit] = {}
    measured: list[tuple[Traced, OutlineErrors]] = []
    for traced in traced_outlines():
        path = next(iter(sorted(setup.data.glob(f"*/{traced.picture}"))), None)
        if path is None or (setup.quick and path.suffix not in (".png", ".jpeg")):
            continue
        if path not in known:
            found = found_and_fitted(setup, path, head, None)
            if isinstance(found, Failure):
                return found
            known[path] = found
        measured.append((traced, _errors(head, known[path], traced)))
    if not measured:
        return Failure("no-pictures", "The shared photographs and clips are not there.", "Give --data.")
    rows = _rows(measured)
    speakers = [found.landmarks for path, found in known.items() if path.name in SPEAKERS]
    return [*rows, _same_person(setup, head, speakers)] if len(speakers) > 1 else rows


def _errors(head: HeadModel, fitted: Fit, traced: Traced) -> OutlineErrors:
    one = slice(traced.frame, traced.frame + 1)
    vertices = in_camera(
        pose_vertices(head, select_frames(fitted.pose, one)), fitted.rotation[one], fitted.translation[one]
    )
    return outline_errors(head, vertices[0], fitted.intrinsics, traced, fitted.landmarks.points[traced.frame])


def _rows(measured: list[tuple[Traced, OutlineErrors]]) -> list[Row]:
    def mean(name: str) -> float:
        return float(np.nanmean([getattr(errors, name) for _, errors in measured]))

    rows = [at_most(f"{len(measured)} traced outlines, mean: error", mean("error"), WIDEST, " % of head width")]
    rows += [
        without_target(f"traced outlines, mean: {part}", mean(part), " % of head width")
        for part in ("ears", "cheeks", "jaw", "neck")
    ]
    for traced, errors in measured:
        name = f"{traced.picture}, frame {traced.frame}"
        rows.append(at_most(f"{name}: error", errors.error, 1.5 * WIDEST, " % of head width", **vars(errors)))
        for place, width in (("mouth", errors.width_at_mouth), ("ears", errors.width_at_ears)):
            if np.isfinite(width):
                rows.append(between(f"{name}: width at the {place}, of the person's", width, 0.97, 1.03, 3))
    return rows


def _same_person(setup: Setup, head: HeadModel, speakers: list[Landmarks]) -> Row:
    faces: list[Floats] = []
    for landmarks in speakers:
        halves = faces_of_halves(setup, head, landmarks)
        if isinstance(halves, Failure):
            return without_target("halves of a clip recognised as the same person", float("nan"))
        faces += halves
    apart = distances(np.stack(faces))
    same, _ = of_pairs(apart)
    return at_least(
        f"halves of {len(speakers)} clips that have the same person as nearest", nearest_to_own(apart), 100, " %", 0,
        same=float(same.mean()), all=float(apart[np.isfinite(apart)].mean()),
    )  # fmt: skip
