"""Writing of a head into the scene: mesh, materials, regions, what moves it, and when it is hidden."""

from __future__ import annotations

from dataclasses import dataclass

import bpy
import numpy as np
from numpy.typing import NDArray

from ....backend.contract.failure import Notice
from ....backend.contract.settings import SceneSettings
from ....backend.contract.track import Track
from .. import keyframes
from ..parts import Parts
from ..rig import writing as rig_writing
from ..rig.decomposition import Decomposition, decompose
from ..rig.face_keys import is_rig_face
from ..rows import Selection, keys_with_head
from ..timeline import Timeline
from . import material, neck, shape_keys
from . import mesh as head_data
from .frame_mesh import remove_frames, write_frames
from .hand_edits import kept_edits, remember_keys


@dataclass(frozen=True)
class HeadContent:
    """All that is written of a head: mesh, what its materials need, name and vertices (T, V, 3) per key, and a rig."""

    shape: head_data.Shape
    look: material.Look
    names: list[str]
    vertices: NDArray[np.float32]
    rig: Decomposition | None


def head_content(track: Track, selection: Selection, settings: SceneSettings) -> HeadContent:
    """Compute what is written of the head; no keys where none are wanted."""
    with_head = selection.rows[selection.with_head]
    rows = with_head if settings.has_frames else with_head[:0]
    names = [f"Frame {int(index)}" for index in track.frame_index[rows]]
    rig = decompose(track, with_head) if settings.has_rig else None
    return HeadContent(head_data.shape_of(track), material.look_of(track), names, track.vertices[rows], rig)


def write_head(
    parts: Parts, new: HeadContent, selection: Selection, timeline: Timeline, settings: SceneSettings, name: str
) -> tuple[Parts, list[Notice]]:
    """Write mesh, materials, regions, what moves them, and visibility; return the parts, and what there is to say."""
    head, mesh = parts.head, parts.mesh
    edits = rig_writing.edits_above(parts)
    if new.rig is not None:
        notices = kept_edits(parts)
        parts = rig_writing.ensure_rig(parts, name)
    else:
        sculpted = kept_edits(parts)
        parts, notices = rig_writing.put_aside(parts)
        notices = [*sculpted, *notices]
    stays = new.rig is not None and is_rig_face(mesh) and head_data.same_topology(mesh, new.shape)
    if mesh.shape_keys is not None and not stays:
        keyframes.remove_animation(mesh.shape_keys)
        head.shape_key_clear()
    rebuilt = head_data.write_mesh(mesh, new.shape)
    material.write_materials(mesh, new.look, name, rebuilt)
    head_data.write_regions(head, new.shape)
    neck.write_neck(head, new.shape, hidden=settings.hide_neck)
    frame, row = keys_with_head(selection, timeline)
    position = (np.cumsum(selection.with_head) - 1)[row]
    if new.rig is not None:
        notices.extend(rig_writing.write_rig(parts, new.rig, frame, position, settings.key_error / 1000))
        notices.extend(rig_writing.lay_above(parts, edits))
        rig_writing.remember_shots(parts, frame, selection.shot[row])
    frames = None
    if settings.has_frames:
        frames = shape_keys.FrameKeys(new.vertices, new.names, frame, position, settings.key_kind)
    if frames is not None and new.rig is None:
        shape_keys.write_frame_keys(head, frames, f"{name} keys")
    parts = write_frames(parts, new.shape, frames, name) if new.rig is not None and frames else remove_frames(parts)
    _write_visibility(head, selection, timeline)
    remember_keys(parts)
    return parts, notices


def _write_visibility(head: bpy.types.Object, selection: Selection, timeline: Timeline) -> None:
    """Hide the head where no face was found; there it would only glide from one pose to the next."""
    paths = ("hide_viewport", "hide_render")
    keyframes.remove_channels(head, paths)
    head.hide_viewport = head.hide_render = False
    if selection.with_head.all():
        return
    hidden = (~selection.with_head[timeline.row]).astype(np.float64)
    changes = np.concatenate([[0], np.flatnonzero(np.diff(hidden)) + 1])
    keyframes.write_channels(
        head,
        [keyframes.Channel(path, 0, timeline.frame[changes], hidden[changes], keyframes.CONSTANT) for path in paths],
    )
