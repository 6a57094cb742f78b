"""Absolute shape keys turned relative while a file is written, and back exactly as they were."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import bpy

from ..scene import keyframes
from ..scene.head.shape_keys import animate_relative, played_positions


@dataclass(frozen=True)
class _Turned:
    """Shape keys as they were: what played them, and when."""

    key: bpy.types.Key
    action: bpy.types.Action
    slot: Any
    fake_user: bool
    time: float
    values: tuple[float, ...]

    def restore(self) -> None:
        keyframes.remove_animation(self.key)
        for block, value in zip(self.key.key_blocks, self.values, strict=True):
            block.value = value
        self.key.use_relative = False
        animation: Any = self.key.animation_data_create()
        animation.action = self.action
        if self.slot is not None:
            animation.action_slot = self.slot
        self.action.use_fake_user = self.fake_user
        self.key.eval_time = self.time


@contextmanager
def relative_keys(things: Iterable[bpy.types.Object]) -> Iterator[None]:
    """Let the shape keys of the objects be relative for a while; those that are already stay as they are."""
    turned = [each for each in map(_turn, things) if each is not None]
    try:
        yield
    finally:
        for each in turned:
            each.restore()


def _turn(thing: bpy.types.Object) -> _Turned | None:
    data: Any = thing.data
    key = getattr(data, "shape_keys", None)
    played = None if key is None else played_positions(key)
    if key is None or played is None:
        return None
    animation: Any = key.animation_data
    action = animation.action
    slot, values = getattr(animation, "action_slot", None), tuple(block.value for block in key.key_blocks)
    before = _Turned(key, action, slot, action.use_fake_user, key.eval_time, values)
    action.use_fake_user = True  # It has no other user meanwhile.
    animation.action = None
    animate_relative(key, *played)
    return before
