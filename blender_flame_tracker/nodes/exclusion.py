"""Exclusion of parts of the picture: the mask of an Exclude node as areas of the clip, and the file that has them.

A mask has to be looked at frame by frame, for which a scene is made. That cannot be done while Blender redraws, undoes
or evaluates: so it is looked at when a run starts and when it was edited, and the node keeps what was found.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import bpy
import numpy as np
from numpy.typing import NDArray

from ...backend.contract.corrections.corrections import (
    ENTRY,
    SUFFIX,
    Area,
    AreaKey,
    Corrections,
    corrections_of,
    parse_corrections,
    read_corrections,
)
from ...backend.contract.failure import Failure
from ...backend.contract.file_access import is_file
from ...backend.contract.marks import track_header
from ...backend.contract.targets import TargetRefused, Targets
from ..scene.footage.mask_layers import Outline
from ..scene.footage.masks import outlines_of
from .reading import downstream, nodes_of, upstream
from .source_frames import FrameMap, frame_map
from .take_files import file_of

_EXACT: Final = 1e-4
"""Shares of the picture by which a corner may lie beside the way between two keys."""
_MOST_FRAMES: Final = 20_000


def areas_of(node: Any, scene: bpy.types.Scene) -> tuple[Area, ...] | Failure:
    """Return what the mask of an Exclude node covers, in frames of the source video; nothing where it has no mask."""
    mask = node.mask
    if mask is None:
        return ()
    first, last = min(scene.frame_start, mask.frame_start), max(scene.frame_end, mask.frame_end)
    frames = range(first, min(last, first + _MOST_FRAMES) + 1)
    outlines = outlines_of(mask, frames, size_of(node, scene))
    if isinstance(outlines, Failure):
        return outlines
    placed = frame_map(node, scene)
    return tuple(_area(outline, placed) for outline in outlines)


def look_at_mask(node: Any, scene: bpy.types.Scene) -> None:
    """Let an Exclude node keep what its mask covers now; where the mask cannot be used, nothing. Not for drawing."""
    if node.id_data.library is not None:
        return
    areas = areas_of(node, scene) if node.mask is not None else ()
    text = "" if isinstance(areas, Failure) or not areas else json.dumps(Corrections(areas=areas).to_plain())
    if node.areas != text:
        node.areas = text


def look_at_masks(tree: bpy.types.NodeTree, scene: bpy.types.Scene) -> None:
    """Let all Exclude nodes of a tree keep what their masks cover; see `look_at_mask`."""
    for node in nodes_of(tree, "exclude"):
        look_at_mask(node, scene)


def remembered_areas(node: Any) -> tuple[Area, ...]:
    """Return what the mask of a node covered when it was looked at last."""
    found = parse_corrections(node.areas) if node.areas else Corrections()
    return () if isinstance(found, Failure) else found.areas


def size_of(node: Any, scene: bpy.types.Scene) -> tuple[float, float]:
    """Return width and height of the picture, in pixels that are as wide as high: the footage's, else the scene's."""
    video = upstream(node, "video")
    path = video.clip() if video is not None else None
    clips: list[Any] = [] if path is None else [each for each in bpy.data.movieclips if _file(each) == path]
    for clip in clips:
        width, height = clip.size
        if min(width, height) > 0:
            pixel = clip.display_aspect[0] / clip.display_aspect[1] * clip.tracking.camera.pixel_aspect
            return width * pixel, float(height)
    render = scene.render
    aspect = render.pixel_aspect_x / render.pixel_aspect_y
    return render.resolution_x * aspect, float(render.resolution_y)


def _file(clip: bpy.types.MovieClip) -> Path:
    return Path(bpy.path.abspath(clip.filepath, library=clip.library))


def _area(outline: Outline, placed: FrameMap) -> Area:
    source = np.array([placed.source(frame) for frame in outline.frames])
    fresh = np.flatnonzero(np.diff(source, prepend=source[0] - 1) != 0)
    keyed = fresh[list(_needed(outline.corners[fresh]))]
    keys = [
        AreaKey(int(source[row]), tuple((round(float(x), 5), round(float(y), 5)) for x, y in outline.corners[row]))
        for row in keyed
    ]
    return Area(outline.name, tuple(keys), without=tuple(_area(each, placed) for each in outline.without))


def _needed(corners: NDArray[np.float64]) -> Iterator[int]:
    """Yield which rows (F, C, 2) are keys from which the others follow, as corners move straight between keys."""
    waiting = [(0, len(corners) - 1)]
    found = {0}
    while waiting:
        first, last = waiting.pop()
        if last - first < 1:
            continue
        share = (np.arange(first, last + 1) - first) / (last - first)
        straight = corners[first] + share[:, None, None] * (corners[last] - corners[first])
        beside = np.abs(corners[first : last + 1] - straight).max(axis=(1, 2))
        worst = first + int(beside.argmax())
        if beside.max() > _EXACT:
            found.add(worst)
            waiting += [(first, worst), (worst, last)]
        elif np.abs(corners[last] - corners[first]).max() > _EXACT:
            found.add(last)
    yield from sorted(found)


def file_for(node: Any, scene: bpy.types.Scene) -> Path | None:
    """Return the file that has the areas of a node's mask: beside the track, None where no track is written."""
    track = downstream(node, "track")
    file = file_of(track, scene) if track is not None else None
    return None if file is None else file.with_name(f"{file.stem}_excluded{SUFFIX}")


def with_areas(named: str, areas: tuple[Area, ...]) -> Corrections | Failure:
    """Return what a file of corrections, or a track that was made with some, leaves out, and areas besides."""
    if not named:
        return Corrections(areas=areas)
    file = Path(named)
    header = track_header(file) if is_file(file) else None
    found = corrections_of(header.get(ENTRY)) if header is not None else read_corrections(file)
    return found if isinstance(found, Failure) else replace(found, pinned=(), areas=(*found.areas, *areas))


def write_exclusion(file: Path, corrections: Corrections) -> Failure | None:
    """Write what is left out beside the track, for the engine; a file of somebody else is not replaced."""
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        Targets().write(file, lambda partial: partial.write_text(corrections.to_json(), encoding="utf-8"))
    except TargetRefused as refused:
        return refused.failure
    except OSError as error:
        return Failure(
            "exclusion-not-written",
            f"{file} cannot be written: {error.strerror or error}.",
            "Choose a folder for the results that you may write to.",
        )
    return None
