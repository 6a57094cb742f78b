"""Search for the faces of a picture: near where they were, in the whole picture, in its parts, lying on their side."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import numpy as np

from ..contract.arrays import Picture
from .crop import Region
from .detector import Detection, detect_in, merged, overlap, reduced, whole_picture
from .networks import Network

_ZOOM: Final = 3.0
"""Side of the square that is searched around a face, in widths of its box: the detector likes faces of 15-60 %."""
_CANDIDATE: Final = 0.15
_QUICK_CANDIDATE: Final = 0.35
"""Certainty from which a place in the whole picture is looked at again from near, in a thorough or quick search."""
_TILES: Final = (0.4, 0.19)
"""Sides of the parts that are searched, in longer sides: a face of 3 % (60 px of 1920) fills 16 % of the last."""
_TURNS: Final = (np.pi / 2, -np.pi / 2, np.pi)
_LONGEST: Final = 1920
"""Larger pictures are searched at this size; a face that is then too small is too small for the landmarks too."""
_SMALL_TURN: Final = 0.35
MOST_FACES: Final = 6


def near(network: Network, picture: Picture, region: Region, threshold: float) -> Detection | None:
    """Return the best face in a square around a place, if it is about where it was.

    Args:
        region: Centre, width of the face's box (as side) and roll of the face in an earlier picture.
    """
    best: Detection | None = None
    for _ in range(2):
        detections = detect_in(network, picture, region.moved(0.0, 0.0, _ZOOM, 0.0), threshold)
        detections = [d for d in detections if np.hypot(*(d.centre - (region.centre_x, region.centre_y))) < region.side]
        best = max(detections, key=lambda d: d.score) if detections else best
        if best is None or abs(best.region().roll - region.roll) < _SMALL_TURN:
            break
        # The head lies otherwise than thought: level it and look again, for the detector knows upright faces best.
        region = search_region(best)
    return best


def search_region(detection: Detection) -> Region:
    """Return where to look for this face again."""
    centre = detection.centre
    return Region(float(centre[0]), float(centre[1]), detection.width, detection.region().roll)


def everywhere(
    network: Network, picture: Picture, threshold: float, confirm: Callable[[Detection], bool] | None
) -> list[Detection]:
    """Return the faces of a picture, largest first.

    Args:
        confirm: Whether a detection is a face indeed. Where it is given and the whole picture shows no face, parts of
            the picture (small faces) and the picture turned are searched too. None for a quick look.
    """
    least = _QUICK_CANDIDATE if confirm is None else _CANDIDATE
    searches: list[Callable[[], list[Detection]]] = [lambda: _in_whole(network, picture, threshold, 0.0, least)]
    if confirm is not None:
        searches += [lambda share=share: _in_tiles(network, picture, threshold, share) for share in _TILES]
        searches += [lambda turn=turn: _in_whole(network, picture, threshold, turn, least) for turn in _TURNS]
    for search in searches:
        detections = search()
        if confirm is not None:
            detections = [d for d in detections if confirm(d)]
        if detections:
            return sorted(detections, key=lambda d: -d.width)[:MOST_FACES]
    return []


def _in_whole(network: Network, picture: Picture, threshold: float, roll: float, least: float) -> list[Detection]:
    square = whole_picture(picture)
    square = Region(square.centre_x, square.centre_y, square.side, roll)
    candidates = detect_in(network, picture, square, min(least, threshold))
    detections: list[Detection] = []
    for candidate in candidates[: 2 * MOST_FACES]:
        if candidate.score >= max(threshold, 0.6) and 0.14 < candidate.width / square.side < 0.8:
            detections.append(candidate)
            continue
        closer = near(network, picture, search_region(candidate), threshold)
        if closer is not None:
            detections.append(closer)
    return merged(detections)


def _in_tiles(network: Network, picture: Picture, threshold: float, share: float) -> list[Detection]:
    picture, factor = reduced(picture, _LONGEST)
    height, width = picture.shape[:2]
    side = share * max(width, height)
    detections: list[Detection] = []
    # Neighbours overlap by 30 %: more than the smallest face that they should see, so that none lies across an edge.
    columns, rows = (max(1, int(np.ceil((length - 0.3 * side) / (0.7 * side)))) for length in (width, height))
    for row in range(rows):
        for column in range(columns):
            x = width / 2 if columns == 1 else side / 2 + column * (width - side) / (columns - 1)
            y = height / 2 if rows == 1 else side / 2 + row * (height - side) / (rows - 1)
            tile = Region(x - 0.5, y - 0.5, side, 0.0)
            for candidate in detect_in(network, picture, tile, min(0.3, threshold)):
                closer = near(network, picture, search_region(candidate), threshold)
                if closer is not None:
                    detections.append(closer)
    return [_enlarged(d, factor) for d in merged(detections)]


def _enlarged(detection: Detection, factor: float) -> Detection:
    """Bring a detection from a reduced picture to the full frame; pixel centres."""
    if factor == 1.0:
        return detection
    return Detection(detection.score, (detection.box + 0.5) * factor - 0.5, (detection.keypoints + 0.5) * factor - 0.5)


def distinct(detections: list[Detection], others: list[Detection]) -> list[Detection]:
    """Return those of `detections` that are not one of `others`."""
    return [d for d in detections if all(overlap(d.box, o.box) < 0.3 for o in others)]
