"""Shots: a named action for each performance, and what becomes of keys and drivers that are there already."""

from __future__ import annotations

import json
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import bpy

from ....backend.contract.checks import is_object, parse_json
from ...scene import keyframes
from ...scene.keyframes import PERFORMED, Animated, Channel
from ...scene.stored import stored

_SLOTS: Final = "slots" in bpy.types.Action.bl_rna.properties
"""Whether one action holds the channels of several owners (Blender 4.4)."""

Address = tuple[str, int]
"""Data path and index of a channel."""


@dataclass(frozen=True)
class Existing:
    """What of an owner is animated already, and not as it was written here.

    Attributes:
        driven: Channels with a driver.
        keyed: Channels with keys of somebody else, or edited by hand since.
        locked: Channels whose curve is locked: nobody writes them.
    """

    driven: frozenset[Address] = frozenset()
    keyed: frozenset[Address] = frozenset()
    locked: frozenset[Address] = frozenset()

    @property
    def asks(self) -> bool:
        """Whether someone has to decide."""
        return bool(self.driven or self.keyed)


def existing_on(owner: Animated, wanted: Sequence[Address], *, partly: bool) -> Existing:
    """Return what stands in the way of channels.

    Args:
        owner: That is to be animated.
        wanted: Its channels.
        partly: Whether only some frames are written: curves that were written here and edited by hand take these.
    """
    animation: Any = owner.animation_data
    if animation is None:
        return Existing()
    addresses = set(wanted)
    driven = {(each.data_path, each.array_index) for each in animation.drivers} & addresses
    written = _written(owner)
    keyed, locked = set(), set()
    for curve in keyframes.curves_of(owner):
        address = (curve.data_path, curve.array_index)
        if address not in addresses:
            continue
        if curve.lock or (curve.group is not None and curve.group.lock):
            locked.add(address)
        elif _text(address) not in written or not (partly or written[_text(address)] == _print_of(curve)):
            keyed.add(address)
    return Existing(frozenset(driven), frozenset(keyed), frozenset(locked))


def keyed_by_others(owner: Animated) -> frozenset[Address]:
    """Return the channels of an owner with keys that no performance has written here, or that were edited since."""
    every = [(curve.data_path, curve.array_index) for curve in keyframes.curves_of(owner)]
    existing = existing_on(owner, every, partly=False)
    return existing.keyed | existing.locked


def shot_on(owner: Animated) -> str | None:
    """Return the name of the shot that is on an owner now; None without one."""
    action = _action_of(owner)
    return str(_record(action)["shot"]) if action is not None and _written(owner) else None


@dataclass
class Shot:
    """A performance on its way onto the owners of one character.

    Attributes:
        name: Of its action.
        action: That holds it, once there is one; before Blender 4.4 every owner has one of its own.
    """

    name: str
    action: bpy.types.Action | None = field(default=None)

    def write(
        self,
        owner: Animated,
        channels: Sequence[Channel],
        existing: Existing,
        how: str,
        span: tuple[float, float] | None,
    ) -> list[str]:
        """Write channels that nothing stands in the way of any more; return in words what was done with others' work.

        Args:
            owner: That is animated.
            channels: Those that were left out are not among them.
            existing: What is there.
            how: ``replace``, ``layer`` or ``leave``, as in the settings.
            span: First and last scene frame, where keys outside of them stay.
        """
        words = self._make_room(owner, existing, how)
        record = dict(_written(owner))
        edited = {
            _text((curve.data_path, curve.array_index))
            for curve in keyframes.curves_of(owner)
            if record.get(_text((curve.data_path, curve.array_index)), "") not in ("", _print_of(curve))
        }
        if span is None:
            keyframes.write_channels(owner, channels)
        else:
            keyframes.write_keys_between(owner, channels, *span)
        for channel in channels:
            text = _text((channel.path, channel.index))
            if span is None or text not in edited:
                curve = keyframes.find_curve(owner, channel.path, channel.index)
                record[text] = _print_of(curve) if curve is not None else ""
        _remember(owner, self.name, record)
        return words

    def _make_room(self, owner: Animated, existing: Existing, how: str) -> list[str]:
        words: list[str] = []
        if how == "replace" and existing.driven:
            _remove_drivers(owner, existing.driven)
            count = len(existing.driven)
            drivers, were = ("driver", "was") if count == 1 else ("drivers", "were")
            words.append(f"{count} {drivers} of '{_called(owner)}' {were} removed")
        action = _action_of(owner)
        if action is None:
            keyframes.use_action(owner, self._action_for(owner))
            return words
        ours = bool(_written(owner))
        if ours and _record(action)["shot"] != self.name and _is_whole(owner):
            action.use_fake_user = True  # The other shot is kept, to be chosen again.
            keyframes.use_action(owner, self._action_for(owner))
            return words
        shared = is_used_elsewhere(owner)
        layered = how == "layer" and bool(existing.keyed)
        if ours and shared and not layered:
            _use_copy(owner, action)  # Who else plays it keeps it as it is.
            return words
        if shared or layered:
            keyframes.push_down(owner)
            if self.action == action:  # Edited by hand, and kept so below a new one.
                self.action = None
            keyframes.use_action(owner, self._action_for(owner))
            words.append(f"the action '{action.name}' of '{_called(owner)}' went down into the NLA as a strip")
            return words
        return words

    def _action_for(self, owner: Animated) -> bpy.types.Action:
        if not _SLOTS:
            return bpy.data.actions.new(f"{self.name} {_called(owner)}")
        if self.action is None:
            self.action = bpy.data.actions.new(self.name)
        return self.action


def _called(owner: Animated) -> str:
    """What people know an owner by: shape keys, which are named Key.001, by their mesh."""
    owners: Any = owner
    return owners.user.name if owner.id_type == "KEY" else owner.name


def shot_for(name: str, owners: Sequence[Animated]) -> Shot:
    """Return the shot of a name, with the action that holds it on one of the owners already."""
    there = (each for each in owners if _SLOTS and shot_on(each) == name and _is_whole(each))
    return Shot(name, next((_action_of(each) for each in there), None))


def is_used_elsewhere(owner: Animated) -> bool:
    """Whether the curves that animate an owner animate something else, too."""
    animation: Any = owner.animation_data
    if animation is None or animation.action is None:
        return False
    slot = getattr(animation, "action_slot", None)
    if slot is not None:
        return len(slot.users()) > 1
    return animation.action.users - (1 if animation.action.use_fake_user else 0) > 1


def _is_whole(owner: Animated) -> bool:
    """Whether an owner's action holds nothing but what was written here, as it was written."""
    written = _written(owner)
    return all(_text((curve.data_path, curve.array_index)) in written for curve in keyframes.curves_of(owner))


def _use_copy(owner: Animated, action: bpy.types.Action) -> None:
    """Let a copy of its action animate an owner, with nothing in it of other owners."""
    animation: Any = owner.animation_data
    copy: Any = action.copy()
    slot = getattr(animation, "action_slot", None)
    handle = None if slot is None else slot.handle
    animation.action = copy
    for each in list(copy.slots) if slot is not None else ():
        if each.handle == handle:
            animation.action_slot = each
        else:
            copy.slots.remove(each)


def _remove_drivers(owner: Animated, driven: frozenset[Address]) -> None:
    animation: Any = owner.animation_data
    for path, index in driven:
        animation.drivers.remove(animation.drivers.find(path, index=index))


def _action_of(owner: Animated) -> bpy.types.Action | None:
    animation: Any = owner.animation_data
    return None if animation is None else animation.action


def _record(action: bpy.types.Action) -> dict[str, Any]:
    """The shot's name and, per owner, what its curves were like when they were written."""
    content: Any = parse_json(stored(action, PERFORMED, str) or "", is_object) or {}
    owners = content.get("owners")
    return {"shot": str(content.get("shot", "")), "owners": owners if isinstance(owners, dict) else {}}


def _written(owner: Animated) -> Mapping[str, str]:
    """What was written of an owner: channel -> what its curve was like then."""
    action = _action_of(owner)
    if action is None:
        return {}
    found = _record(action)["owners"].get(_key(owner), {})
    return found if isinstance(found, dict) else {}


def _remember(owner: Animated, shot: str, written: Mapping[str, str]) -> None:
    action: Any = _action_of(owner)
    record = _record(action)
    action[PERFORMED] = json.dumps({"shot": shot, "owners": {**record["owners"], _key(owner): dict(written)}})


def _key(owner: Animated) -> str:
    """What an owner's curves are called in the record of its action, whatever the owner is called later."""
    animation: Any = owner.animation_data
    slot = getattr(animation, "action_slot", None)
    return owner.id_type if slot is None else str(slot.handle)


def _text(address: Address) -> str:
    return f"{address[0]}|{address[1]}"


def _print_of(curve: bpy.types.FCurve) -> str:
    """Return as a short text what the keys of a curve are like."""
    values = zlib.crc32(keyframes.key_values(curve).tobytes(), zlib.crc32(keyframes.key_frames(curve).tobytes()))
    return f"{values:08x}"
