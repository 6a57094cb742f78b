"""Performances made of numbers, and mappings onto characters that have the 52 keys under ARKit's own names."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
from flame_extension.backend.contract.performance.channels import CHANNELS, INDEX
from flame_extension.backend.contract.performance.characters.mapping import JointTarget, Mapping, ShapeTarget
from flame_extension.backend.contract.performance.performance import FILE, NOT_TRACKED, Performance


def make_performance(
    values: dict[str, Any],
    *,
    rate: Fraction = Fraction(24),
    name: str = "shot one",
    without_face: tuple[int, ...] = (),
    gaze: Any = None,
    head_rotation: Any = None,
    frames: int = 0,
) -> Performance:
    """A performance of some channels' values over time; the others are 0, those of None are not tracked."""
    frames = frames or max(len(each) for each in values.values() if each is not None)
    weights = np.zeros((frames, len(CHANNELS)))
    for channel, value in values.items():
        weights[:, INDEX[channel]] = np.nan if value is None else value
    weights[list(without_face)] = np.nan
    source = tuple(NOT_TRACKED if channel in values and values[channel] is None else FILE for channel in CHANNELS)
    return Performance(
        name=name,
        rate=rate,
        time=np.arange(frames) / float(rate),
        weights=weights,
        gaze=None if gaze is None else np.asarray(gaze, dtype=np.float64),
        head_rotation=None if head_rotation is None else np.asarray(head_rotation, dtype=np.float64),
        head_translation=None,
        source=source,
        trust=np.array([0.0 if each == NOT_TRACKED else 1.0 for each in source]),
    )


def arkit_mapping(character: Any, joints: dict[str, str] | None = None) -> Mapping:
    """Every key of a character's meshes by its own name, and bones by joint."""
    shapes = [
        ShapeTarget(thing.name, block.name, {block.name: 1.0})
        for thing in character.meshes.values()
        if thing.data.shape_keys is not None
        for block in thing.data.shape_keys.key_blocks
        if block.name in INDEX
    ]
    turned = [JointTarget(character.armature.name, bone, joint) for joint, bone in (joints or {}).items()]
    return Mapping("ARKit shapes", tuple(shapes), joints=tuple(turned))
