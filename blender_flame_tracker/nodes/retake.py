"""Retake: a range of a tracked clip that is solved again, with the identity and the lens that its track has.

It is compiled from the tree as the whole clip is, and changes nothing there: neither nodes nor what is known of their
results. Only what leads to the track is run; report and texture stay those of the whole clip.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import bpy
import numpy as np

from ...backend.contract.failure import Failure
from ...backend.contract.file_access import is_file
from ...backend.contract.job import Job
from ...backend.contract.lens_file import lens_of_track
from ...backend.contract.settings import SceneSettings
from ...backend.contract.track import read_parts
from . import take_files
from .compile import Compiled, Retaking, compile_tree
from .exclusion import look_at_masks
from .reading import all_upstream, downstream
from .source_frames import frame_map

FOLDER: Final = "retakes"
"""Beside the track: where the range lies until it is joined."""


@dataclass(frozen=True)
class Range:
    """Frames of a track that are solved again.

    Attributes:
        first, last: Frames of the source video that are asked for, both included.
        from_frame, to_frame: The same with the frames of the blend at both ends.
    """

    first: int
    last: int
    from_frame: int
    to_frame: int

    @property
    def words(self) -> str:
        """The frames that were asked for, counted from 1."""
        return f"{self.first + 1}-{self.last + 1}" if self.last > self.first else str(self.first + 1)


def tracked_file(track: Any, scene: bpy.types.Scene) -> Path | None:
    """Return the track file that a Track File node has written of what is set now, None where it has written none."""
    file = take_files.file_of(track, scene)
    return file if is_file(file) else None


def compile_retake(
    tree: bpy.types.NodeTree, scene: bpy.types.Scene, track: Any, base: Path, blend_frames: int
) -> Compiled | Failure:
    """Return what is run to solve the scene's frame range again.

    Args:
        tree: The node tree.
        scene: Whose frame range is asked for.
        track: Track File node of the clip.
        base: Track file that the range is joined into.
        blend_frames: Frames at both ends over which the one goes over into the other; they lie outside the range.
    """
    look_at_masks(tree, scene)
    compiled = compile_tree(tree, scene, track.name)
    if isinstance(compiled, Failure):
        return compiled
    found = read_parts(base, ("frame_index", "landmarks"), ("zoom",))
    if isinstance(found, Failure):
        return found
    header, arrays = found
    above = all_upstream(track)
    chosen = _range(above["video"], scene, arrays["frame_index"], blend_frames)
    if isinstance(chosen, Failure):
        return chosen
    part = base.parent / FOLDER / f"track_{chosen.words}.npz"
    changes = _changes(compiled.job, above, header, arrays, base, chosen) | {track.name: {"path": str(part)}}
    stages = [
        replace(stage, settings=replace(stage.settings, **changes.get(stage.name, {}))) for stage in compiled.job.stages
    ]
    scene_node = downstream(track, "scene")
    settings = scene_node.settings(scene) if scene_node is not None else SceneSettings()
    if isinstance(settings, Failure):
        return settings
    joining = Retaking(
        scene_node.name if scene_node is not None else track.name,
        track.name,
        part,
        settings,
        base,
        chosen.words,
        blend_frames,
        (track.name,),
    )
    return Compiled(Job(tuple(stages)), (joining,), {}, {}, {})


def _range(video: Any, scene: bpy.types.Scene, frame_index: np.ndarray, blend_frames: int) -> Range | Failure:
    """Return the frames of the scene's range that the track has, and some more at both ends."""
    placed = frame_map(video, scene)
    shown = placed.source(scene.frame_start), placed.source(scene.frame_end)
    inside = np.flatnonzero((frame_index >= shown[0]) & (frame_index <= shown[1]))
    if len(inside) == 0 or scene.frame_end < placed.start:
        return Failure(
            "range-outside",
            "The scene's frame range has no frame of the track.",
            "Set it to the frames that are to be tracked again.",
        )
    first, last = int(inside[0]), int(inside[-1])
    before, after = max(first - blend_frames, 0), min(last + blend_frames, len(frame_index) - 1)
    return Range(*(int(frame_index[row]) for row in (first, last, before, after)))


def _changes(
    job: Job, above: dict[str, Any], header: dict[str, Any], arrays: dict[str, np.ndarray], base: Path, chosen: Range
) -> dict[str, dict[str, Any]]:
    """Return what is different from the tree's settings: name of a stage -> settings."""
    row = int(np.searchsorted(arrays["frame_index"], chosen.from_frame))
    zoom = float(arrays["zoom"][row]) if "zoom" in arrays else 1.0
    wanted = {
        "video": {"first_frame": chosen.from_frame, "last_frame": chosen.to_frame},
        "head": {"identity_track": str(base)},
        "camera": lens_of_track(header, zoom),
    }
    if header["report"].get("others"):
        wanted["face"] = _person(arrays, header, chosen)
    names = {stage.name for stage in job.stages}
    return {
        above[kind].name: changes for kind, changes in wanted.items() if kind in above and above[kind].name in names
    }


def _person(arrays: dict[str, np.ndarray], header: dict[str, Any], chosen: Range) -> dict[str, Any]:
    """Return how the person of the track is found in the range: by where the track has the face there."""
    rows = np.flatnonzero(
        (arrays["frame_index"] >= chosen.from_frame)
        & (arrays["frame_index"] <= chosen.to_frame)
        & np.isfinite(arrays["landmarks"]).all(axis=(1, 2))
    )
    if len(rows) == 0:
        return {}
    row = rows[0]
    x, y = np.median(arrays["landmarks"][row], axis=0) / (header["intrinsics"]["width"], header["intrinsics"]["height"])
    point = {"point_x": float(np.clip(x, 0, 1)), "point_y": float(np.clip(y, 0, 1))}
    return {"choose": "nearest", **point, "point_frame": int(arrays["frame_index"][row])}
