"""Layers of edits: the track's action lies in the NLA, and what is keyed by hand goes into an action above it.

Values and locations of a layer are added to what is below, turns follow it, so that a layer without keys changes
nothing, and importing the track again changes only what is below.
"""

from __future__ import annotations

from typing import Any, Final

import bpy

from ....backend.contract.failure import Notice
from ..keyframes import WRITTEN_BELOW, push_down, strip_below, use_action

_OF_BONES: Final = "COMBINE"
_OF_VALUES: Final = "ADD"
"""Blending of the NLA. Combine would add a value's distance from its default, which is 1 since Blender 5.0."""


def has_layers(owner: bpy.types.Object | bpy.types.Key) -> bool:
    """Whether edits of a rig or of its keys lie above the track."""
    return strip_below(owner) is not None


def layer_names(rig: bpy.types.Object) -> list[str]:
    """Return the names of the layers of edits above a rig's track, the lowest first."""
    animation: Any = rig.animation_data
    if animation is None or not has_layers(rig):
        return []
    track = strip_below(rig).name
    above = [each.name for each in animation.nla_tracks if each.name != track]
    return [*above, *([] if animation.action is None else [animation.action.name])]


def new_layer(rig: bpy.types.Object, key: bpy.types.Key) -> bpy.types.Action:
    """Lay what animates bones and shape keys down in the NLA, and return an empty action for edits above it."""
    first = not has_layers(rig)
    name = rig.name.removesuffix(" rig")
    edits = bpy.data.actions.new(f"{name} edits")
    for owner, blend in ((rig, _OF_BONES), (key, _OF_VALUES)):
        animation: Any = owner.animation_data or owner.animation_data_create()
        if animation.action is not None:
            _lay_down(owner, "REPLACE" if first else blend)
        # Without slots an action is for one kind of thing.
        shared = edits if owner == rig or hasattr(edits, "slots") else bpy.data.actions.new(f"{name} face edits")
        use_action(owner, shared)
        animation.action_blend_type = blend
        animation.action_extrapolation = "HOLD"
        animation.action_influence = 1.0
        animation.use_nla = True
    return edits


def _lay_down(owner: Any, blend: str) -> None:
    """Lay the active action of an owner below, the lowest of them as the track."""
    action = owner.animation_data.action
    track, strip = push_down(owner)
    strip.blend_type, strip.extrapolation = blend, "HOLD"
    if blend == "REPLACE":
        track.name = strip.name = "Track"
        owner[WRITTEN_BELOW] = action


def put_edits_aside(rig: bpy.types.Object, key: bpy.types.Key | None) -> list[Notice]:
    """Take edits off whose track somebody has deleted from the NLA; they stay as actions of the file."""
    aside: list[str] = []
    for owner in (rig, key):
        animation: Any = None if owner is None else owner.animation_data
        if owner is None or WRITTEN_BELOW not in owner or strip_below(owner) is not None or animation is None:
            continue
        del owner[WRITTEN_BELOW]
        if animation.action is None or animation.action_blend_type == "REPLACE":
            continue
        animation.action.use_fake_user = True
        aside.append(animation.action.name)
        animation.action, animation.action_blend_type = None, "REPLACE"
    if not aside:
        return []
    return [
        Notice(
            "edits-aside",
            f"The track below the edits had been deleted; they are kept as the action '{aside[0]}'.",
            "Add it as a strip above the track in the Nonlinear Animation editor.",
        )
    ]


def fit_strips(rig: bpy.types.Object, key: bpy.types.Key) -> None:
    """Let the strips of a track that was imported again be as long as it is; those moved or stretched stay there."""
    for owner in (rig, key):
        strip: Any = strip_below(owner)
        if strip is None:
            continue
        start, end = (float(each) for each in strip.action.frame_range)
        end = max(end, start + 1.0)
        in_place = strip.scale == 1.0 and abs(strip.frame_start - strip.action_frame_start) < 1e-3
        strip.action_frame_end = max(end, strip.action_frame_start + 1.0)
        strip.action_frame_start, strip.action_frame_end = start, end
        if in_place:
            # The later end first: a strip can't end before it starts.
            strip.frame_end = max(end, strip.frame_start + 1.0)
            strip.frame_start = start
            strip.frame_end = end
