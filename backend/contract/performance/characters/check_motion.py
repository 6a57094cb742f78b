"""Check of how a character would move: head, jaw and eyes, sides that are swapped, keys that go the wrong way."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

import numpy as np

from ...arrays import Floats
from ..channels import mirrored
from .doubling import CHANNELS_OF, doubled
from .facts import CharacterFacts, KeyFacts
from .mapping import JointTarget, Mapping
from .report import AMBER, GREEN, Row, named

_UP: Final = ("browInnerUp", "browOuterUpLeft", "browOuterUpRight")
_DOWN: Final = ("jawOpen", "eyeBlinkLeft", "eyeBlinkRight", "browDownLeft", "browDownRight")
"""Channels whose keys move the face mostly up, and mostly down."""
_MOSTLY: Final = 0.4
"""Cosine from which a key's mean motion counts as going the other way."""
_STRAIGHT: Final = 0.9
"""Cosine of a face's direction with an axis that it counts as looking along."""
_WAYS: Final = (("-Y", (0, -1, 0)), ("+Y", (0, 1, 0)), ("+X", (1, 0, 0)), ("-X", (-1, 0, 0)), ("+Z", (0, 0, 1)))


def motion_rows(facts: CharacterFacts, mapping: Mapping) -> Iterator[Row]:
    """Yield the findings on head, jaw, eyes, sides and signs."""
    yield _head_row(mapping)
    both = doubled(facts, mapping.joints, mapping.shapes)
    for label, joints in (("Jaw", ("jaw",)), ("Eyes", ("left_eye", "right_eye"))):
        bones = [each for each in mapping.joints if each.joint in joints]
        keys = {key for each in both if each.joint.joint in joints for key in each.keys}
        yield from _turn_rows(label, bones, _is_keyed(mapping, joints), sorted(keys))
    yield from _face_rows(facts, mapping)


def _head_row(mapping: Mapping) -> Row:
    heads = [each.bone for each in mapping.joints if each.joint == "head" and each.use]
    necks = [each.bone for each in mapping.joints if each.joint == "neck" and each.use]
    if heads:
        shared = f", shared with {named(necks)}" if necks else ""
        return Row(GREEN, "Head", f"Turns by {named(heads)}{shared}.")
    return Row(AMBER, "Head", "No head bone is known: the head does not turn.", "Map its bone by hand in the table.")


def _is_keyed(mapping: Mapping, joints: Iterable[str]) -> bool:
    channels = {channel for joint in joints for channel in CHANNELS_OF[joint]}
    return any(channels & each.parts.keys() for each in (*mapping.shapes, *mapping.controls) if each.use)


def _turn_rows(label: str, bones: list[JointTarget], is_keyed: bool, keys: list[tuple[str, str]]) -> Iterator[Row]:
    """Findings on jaw or eyes, which bones and keys may both turn."""
    used, names = [each for each in bones if each.use], named(each.bone for each in bones)
    by = "shape keys or controls"
    if not bones and not is_keyed:
        yield Row(AMBER, label, "Neither bones nor keys for it are known: it does not move.", "Map it by hand.")
    elif not bones:
        yield Row(GREEN, label, f"Moved by {by}.")
    elif not used:
        reason = f": {_list(keys)} would be moved twice" if keys else ""
        advice = "To use the bone, tick it in the table: the keys then do only what it leaves to them." if keys else ""
        yield Row(AMBER if keys else GREEN, label, f"Moved by {by}, not by {names}{reason}.", advice)
    elif not keys:
        more = f", and by {by} that move other vertices" if is_keyed else ""
        yield Row(GREEN, label, f"Turned by {named(each.bone for each in used)}{more}.")
    else:
        share = max(min(each.share, 1.0) for each in used)
        left = "nothing" if share >= 1 else f"{1 - share:.0%}"
        yield Row(
            AMBER,
            label,
            f"Both {named(each.bone for each in used)} and {_list(keys)} move the same vertices:"
            f" the bone takes {share:.0%}, {left} is left to the keys.",
            "Switch one of them off in the table, or change the bone's share.",
        )


def _list(keys: list[tuple[str, str]]) -> str:
    """The first key, with its mesh, and how many more there are."""
    (mesh, key), *others = keys
    return f"{key} of {mesh}{f' and {len(others)} more' if others else ''}"


def _face_rows(facts: CharacterFacts, mapping: Mapping) -> Iterator[Row]:
    """Findings on which way the face looks and on keys whose name and motion disagree."""
    keys = _keys_of(facts, mapping)
    up, left = _up(keys), _left(keys)
    if up is None:
        return
    wrong = [key.name for channel in (*_UP, *_DOWN) for key in keys.get(channel, ()) if _is_wrong(channel, key, up)]
    if wrong:
        yield Row(
            AMBER,
            "Signs",
            f"{named(wrong)} {'moves' if len(wrong) == 1 else 'move'} the face the other way than the name says.",
            "Make its factor in the table negative, or leave it out.",
        )
    if left is None:
        return
    out = np.cross(left, up)
    inner = _middle_of_head(facts)
    nose = _centre(keys, keys)
    forth = None if inner is None or nose is None else nose - inner - np.dot(nose - inner, up) * up
    if forth is not None and np.linalg.norm(forth) > 1e-6 and np.dot(out, forth) < -_MOSTLY * np.linalg.norm(forth):
        yield Row(
            AMBER,
            "Sides",
            "Keys named left move the face's right half: it was mirrored, or its names mean the viewer's sides.",
            "Rename the keys, or exchange left and right in the table.",
        )
        out = -out
    way = max(_WAYS, key=lambda each: float(np.dot(each[1], out)))
    is_usual = way[0] == "-Y" and float(np.dot(way[1], out)) > 0.8
    yield Row(
        GREEN, "Facing", f"Looks along {way[0]}{'' if is_usual else ' or near it'}; its bones are turned by that."
    )


def _keys_of(facts: CharacterFacts, mapping: Mapping) -> dict[str, list[KeyFacts]]:
    """Channel -> the keys that follow it alone, in full and forwards, and that move something."""
    there = {(mesh.name, key.name): key for mesh in facts.meshes for key in mesh.keys if key.centre is not None}
    following: dict[str, list[KeyFacts]] = {}
    for shape in mapping.shapes:
        key = there.get((shape.mesh, shape.key))
        if key is not None and len(shape.parts) == 1 and min(shape.parts.values()) > 0:
            following.setdefault(next(iter(shape.parts)), []).append(key)
    return following


def _centre(keys: dict[str, list[KeyFacts]], channels: Iterable[str]) -> Floats | None:
    centres = [key.centre for channel in channels for key in keys.get(channel, ()) if key.centre is not None]
    return np.mean(np.array(centres), axis=0) if centres else None


def _up(keys: dict[str, list[KeyFacts]]) -> Floats | None:
    """Direction from the mouth to eyes and brows; None where keys do not tell it."""
    eyes = _centre(keys, (name for name in keys if name.startswith(("eyeBlink", "brow", "eyeWide"))))
    mouth = _centre(keys, (name for name in keys if name.startswith("mouth") or name == "jawOpen"))
    return None if eyes is None or mouth is None else _unit(eyes - mouth)


def _left(keys: dict[str, list[KeyFacts]]) -> Floats | None:
    """Direction from what right keys move to what left ones do; None where there are no pairs."""
    sides = [name for name in keys if name.endswith("Left") and len(name) > 9 and mirrored(name) in keys]
    left, right = _centre(keys, sides), _centre(keys, (mirrored(name) for name in sides))
    return None if left is None or right is None else _unit(left - right)


def _middle_of_head(facts: CharacterFacts) -> Floats | None:
    """Position in the head that is behind the face: the meshes' middle, or between the ends of the head bone."""
    for armature in facts.armatures:
        for bone in armature.bones:
            if bone.name.lower().endswith("head"):
                return np.array(bone.head)
    widest = max(facts.meshes, key=lambda mesh: len(mesh.keys), default=None)
    return None if widest is None else np.array(widest.centre)


def _is_wrong(channel: str, key: KeyFacts, up: Floats) -> bool:
    length = float(np.linalg.norm(key.motion))
    way = float(np.dot(key.motion, up)) / length if length > 0 else 0.0
    return way < -_MOSTLY if channel in _UP else way > _MOSTLY


def _unit(vector: Floats) -> Floats | None:
    length = float(np.linalg.norm(vector))
    return vector / length if length > 1e-6 else None
