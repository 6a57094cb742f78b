"""Writing and reading of all animation, from Blender 4.2 (plain actions) to 5.x (slots only)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

import bpy
import numpy as np
from numpy.typing import NDArray

from .stored import stored

CONSTANT: Final = 0
LINEAR: Final = 1
BEZIER: Final = 2
"""Values of `Keyframe.interpolation` as `foreach_set` takes them (DNA_curve_types.h, eBezTriple_Interpolation)."""
_ALIGNED: Final = 3
"""Value of `Keyframe.handle_left_type` (eBezTriple_Handle, HD_ALIGN)."""
WRITTEN_BELOW: Final = "flame_action"
"""Custom property of an owner: its action that an import writes, which lies in the NLA below layers of edits."""
PERFORMED: Final = "flame_retarget"
"""Custom property of an action into which a performance was written: JSON of what its curves were like then."""


Animated = (
    bpy.types.Object | bpy.types.Camera | bpy.types.Key | bpy.types.NodeTree | bpy.types.MovieClip | bpy.types.Armature
)
"""What has an action of its own."""


@dataclass(frozen=True)
class Channel:
    """One animated number.

    Attributes:
        path: Data path from the owner, e.g. ``location``.
        index: Which number of an array; 0 for a single one.
        frame: Scene frames, increasing (K,).
        value: (K,).
        interpolation: `LINEAR`, `CONSTANT` or `BEZIER`.
        slope: Of a Bezier curve at its keys, per frame (K,).
        group: Under which name the channels of one thing stand together in the editors, empty for none.
    """

    path: str
    index: int
    frame: NDArray[Any]
    value: NDArray[Any]
    interpolation: int = LINEAR
    slope: NDArray[Any] | None = None
    group: str = ""


def value_path(name: str) -> str:
    """Return the data path of a shape key's value, from its `Key`."""
    return f'key_blocks["{bpy.utils.escape_identifier(name)}"].value'


def bone_path(name: str, of: str) -> str:
    """Return the data path of something of a pose bone, from its object."""
    return f'pose.bones["{bpy.utils.escape_identifier(name)}"].{of}'


def bone_property_path(name: str, of: str) -> str:
    """Return the data path of a custom property of a pose bone, from its object."""
    return f'pose.bones["{bpy.utils.escape_identifier(name)}"]["{bpy.utils.escape_identifier(of)}"]'


def vector_channels(path: str, frame: NDArray[Any], values: NDArray[Any]) -> list[Channel]:
    """Return a channel for each column of values (K, N)."""
    return [Channel(path, index, frame, values[:, index]) for index in range(values.shape[1])]


def write_channels(owner: Animated, channels: Iterable[Channel]) -> None:
    """Write channels to the owner's action, made where there is none; other channels of it stay as they are.

    A channel that is there already is replaced as a whole. Where layers of edits lie above what an import has written,
    that is what is changed.
    """
    _write(_bag(owner, ensure=True), channels)


def write_channels_on_top(owner: Animated, channels: Iterable[Channel]) -> None:
    """Write channels to the owner's action as `write_channels` does, whatever lies below it."""
    _write(_top_bag(owner, ensure=True), channels)


def write_action(action: bpy.types.Action, owner: Animated, channels: Iterable[Channel]) -> None:
    """Write channels to an action for an owner that it does not animate yet, where actions have slots in a new one."""
    slotted: Any = action
    if not hasattr(slotted, "slots"):
        _write(action, channels)
        return
    slot = slotted.slots.new(id_type=owner.id_type, name=owner.name)
    _write(_slot_bag(slotted, slot, True), channels)


def animated_paths(owner: Animated) -> set[tuple[str, int]]:
    """Return data path and index of all that is keyed on an owner, in whichever layer."""
    animation: Any = owner.animation_data
    if animation is None:
        return set()
    bags = [_top_bag(owner, ensure=False)]
    for strip in (strip for track in animation.nla_tracks for strip in track.strips if strip.action is not None):
        slotted = hasattr(strip.action, "slots")
        bags.append(_slot_bag(strip.action, strip.action_slot, False) if slotted else strip.action)
    return {(curve.data_path, curve.array_index) for bag in bags if bag is not None for curve in bag.fcurves}


def _write(bag: Any, channels: Iterable[Channel]) -> None:
    channels = list(channels)
    _remove(bag.fcurves, {(channel.path, channel.index) for channel in channels})
    for channel in channels:
        curve = bag.fcurves.new(channel.path, index=channel.index)
        if channel.group:
            curve.group = bag.groups.get(channel.group) or bag.groups.new(channel.group)
        _write_keys(curve.keyframe_points, channel)
        curve.update()


def _write_keys(keys: Any, channel: Channel) -> None:
    count = len(channel.frame)
    keys.add(count)
    points = np.stack([channel.frame, channel.value], axis=1).astype(np.float32)
    keys.foreach_set("co", points.ravel())
    keys.foreach_set("interpolation", [channel.interpolation] * count)
    if channel.slope is None:
        return
    # Handles a third of the way to the next key make time run evenly: a cubic polynomial in it.
    steps = np.diff(channel.frame, prepend=channel.frame[0] - 1.0, append=channel.frame[-1] + 1.0) / 3
    for side, step in (("left", -steps[:-1]), ("right", steps[1:])):
        keys.foreach_set(f"handle_{side}_type", [_ALIGNED] * count)
        handles = np.stack([channel.frame + step, channel.value + step * channel.slope], axis=1)
        keys.foreach_set(f"handle_{side}", handles.astype(np.float32).ravel())


def write_keys_between(owner: Animated, channels: Iterable[Channel], first: float, last: float) -> None:
    """Write channels from one scene frame to another, both included; keys outside of that stay."""
    channels = list(channels)
    curves = _curves(owner, ensure=True)
    for channel in channels:
        curve = curves.find(channel.path, index=channel.index)
        if curve is None:
            write_channels(owner, [channel])
            continue
        points = curve.keyframe_points
        for position in reversed(np.flatnonzero((key_frames(curve) >= first) & (key_frames(curve) <= last))):
            points.remove(points[int(position)], fast=True)
        for frame, value in zip(channel.frame, channel.value, strict=True):
            point = points.insert(float(frame), float(value), options={"FAST"})
            point.interpolation = "CONSTANT" if channel.interpolation == CONSTANT else "LINEAR"
        curve.update()


def curves_of(owner: Animated) -> list[bpy.types.FCurve]:
    """Return all curves of the owner's action; none where it has no action."""
    return list(_curves(owner, ensure=False) or ())


def use_action(owner: Animated, action: bpy.types.Action) -> None:
    """Let an action animate the owner; where actions have slots (Blender 4.4), in a slot of the owner's name."""
    slotted: Any = action
    animation: Any = owner.animation_data or owner.animation_data_create()
    animation.action = action
    if not hasattr(slotted, "slots"):
        return
    name = owner.name
    slot = next((each for each in slotted.slots if each.target_id_type == owner.id_type
                 and each.name_display == name), None)  # fmt: skip
    animation.action_slot = slot or slotted.slots.new(id_type=owner.id_type, name=name)


def push_down(owner: Animated) -> tuple[Any, Any]:
    """Lay the owner's active action onto a new track of the NLA, and return this track and its strip.

    The strip plays the frames that the action has, where they lie.
    """
    animation: Any = owner.animation_data
    action, slot = animation.action, getattr(animation, "action_slot", None)
    start, end = (float(each) for each in action.frame_range)
    end = max(end, start + 1.0)
    track = animation.nla_tracks.new()
    strip = track.strips.new(action.name, round(start), action)
    if slot is not None:
        strip.action_slot = slot
    track.name = action.name
    strip.action_frame_start, strip.action_frame_end = start, end
    strip.frame_start, strip.frame_end = start, end
    animation.action = None
    return track, strip


def remove_channels(owner: Animated, paths: Iterable[str]) -> None:
    """Remove all channels with these data paths; an action that is left empty and unused goes too."""
    curves = _curves(owner, ensure=False)
    if curves is None:
        return
    paths = set(paths)
    _remove(curves, {(curve.data_path, curve.array_index) for curve in curves if curve.data_path in paths})
    if len(curves) == 0:
        remove_animation(owner)


def remove_animation(owner: Animated) -> None:
    """Take the action from the owner and delete it where nothing else uses it."""
    animation: Any = owner.animation_data
    if animation is None:
        return
    action: Any = animation.action
    slot: Any = getattr(animation, "action_slot", None)
    animation.action = None
    if action is not None and action.users == 0:
        bpy.data.actions.remove(action)
    elif action is not None and slot is not None and not slot.users():
        action.slots.remove(slot)
    if not animation.drivers and not animation.nla_tracks:
        owner.animation_data_clear()


def join_action(owner: Animated, leader: Animated) -> None:
    """Keep the owner's curves in the leader's action, in a slot of their own, where actions have slots (Blender 4.4).

    Exporters take one action for one animation: glTF would play one of two and leave the other.
    """
    curves = _curves(owner, ensure=False)
    own: Any = owner.animation_data
    action: Any = leader.animation_data.action if leader.animation_data is not None else None
    if curves is None or action is None or not hasattr(action, "slots") or own.action == action:
        return
    channels = [Channel(each.data_path, each.array_index, key_frames(each), key_values(each)) for each in curves]
    remove_animation(owner)
    animation: Any = owner.animation_data_create()
    animation.action = action
    animation.action_slot = action.slots.new(id_type=owner.id_type, name=owner.name)
    write_channels(owner, channels)


def share_action(owner: Animated, leader: Animated) -> None:
    """Let what is written for an owner go into the leader's action, where actions have slots (Blender 4.4)."""
    action: Any = leader.animation_data.action if leader.animation_data is not None else None
    own: Any = owner.animation_data
    if action is None or not hasattr(action, "slots") or strip_below(owner) is not None:
        return
    if own is None or own.action != action:
        remove_animation(owner)
        use_action(owner, action)


def find_curve(owner: Animated, path: str, index: int = 0) -> bpy.types.FCurve | None:
    """Return the owner's curve of a channel, or None."""
    curves = _curves(owner, ensure=False)
    return None if curves is None else curves.find(path, index=index)


def key_frames(curve: bpy.types.FCurve) -> NDArray[np.float32]:
    """Return the scene frames of a curve's keys (K,)."""
    return _points(curve)[:, 0]


def key_values(curve: bpy.types.FCurve) -> NDArray[np.float32]:
    """Return the values of a curve's keys (K,)."""
    return _points(curve)[:, 1]


def _points(curve: bpy.types.FCurve) -> NDArray[np.float32]:
    points = np.empty(2 * len(curve.keyframe_points), dtype=np.float32)
    curve.keyframe_points.foreach_get("co", points)
    return points.reshape(-1, 2)


def _remove(curves: Any, channels: set[tuple[str, int]]) -> None:
    for path, index in channels:
        curve = curves.find(path, index=index)
        if curve is not None:
            curves.remove(curve)


def _curves(owner: Animated, *, ensure: bool) -> Any:
    """The collection of the owner's curves, None where it has none."""
    bag = _bag(owner, ensure=ensure)
    return None if bag is None else bag.fcurves


def _bag(owner: Animated, *, ensure: bool) -> Any:
    """What holds the owner's curves and their groups: its action before 4.4, its slot's channel bag since."""
    strip = strip_below(owner)
    if strip is None:
        return _top_bag(owner, ensure=ensure)
    return _slot_bag(strip.action, strip.action_slot, ensure) if hasattr(strip.action, "slots") else strip.action


def _top_bag(owner: Animated, *, ensure: bool) -> Any:
    """The same of the action that is active, whatever lies below it."""
    animation: Any = owner.animation_data
    if animation is None or animation.action is None:
        if not ensure:
            return None
        animation = owner.animation_data_create()
        animation.action = bpy.data.actions.new(owner.name)
    action: Any = animation.action
    if not hasattr(action, "slots"):
        return action
    if animation.action_slot is None:
        if not ensure:
            return None
        animation.action_slot = action.slots.new(id_type=owner.id_type, name=owner.name)
    return _slot_bag(action, animation.action_slot, ensure)


def strip_below(owner: Animated) -> Any:
    """Return the strip of the NLA with the action that an import writes, None where no edits lie above it."""
    animation: Any = owner.animation_data
    action = stored(owner, WRITTEN_BELOW, bpy.types.Action)
    if animation is None or action is None:
        return None
    strips = (strip for track in animation.nla_tracks for strip in track.strips)
    return next((strip for strip in strips if strip.action == action), None)


def _slot_bag(action: Any, slot: Any, ensure: bool) -> Any:
    for layer in action.layers:
        for strip in layer.strips:
            bag = strip.channelbag(slot)
            if bag is not None:
                return bag
    if not ensure:
        return None
    layer = action.layers[0] if action.layers else action.layers.new("Layer")
    strip = layer.strips[0] if layer.strips else layer.strips.new(type="KEYFRAME")
    return strip.channelbag(slot, ensure=True)
