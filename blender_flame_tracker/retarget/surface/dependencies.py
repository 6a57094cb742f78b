"""Dependencies of a rig's bones on each other: by parents, constraints, drivers and handles of bendy bones."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any, Final

import bpy

_BONE: Final = re.compile(r'pose\.bones\["((?:[^"\\]|\\.)*)"\]')


def direct_dependencies(armature: bpy.types.Object) -> dict[str, set[str]]:
    """Return bone -> bones of the same armature that it follows at once."""
    bones: Any = armature.pose.bones if armature.pose is not None else ()
    found: dict[str, set[str]] = {bone.name: set() for bone in bones}
    for bone in bones:
        if bone.parent is not None:
            found[bone.name].add(bone.parent.name)
        for handle in (bone.bone.bbone_custom_handle_start, bone.bone.bbone_custom_handle_end):
            if handle is not None:
                found[bone.name].add(handle.name)
        for constraint in bone.constraints:
            found[bone.name] |= _followed(constraint)
            for above in _chain(bone, constraint):
                found[above.name] |= _followed(constraint) | {bone.name}
    animation = armature.animation_data
    for curve in animation.drivers if animation is not None else ():
        driven = _BONE.match(curve.data_path)
        if driven is not None and driven[1] in found:
            found[driven[1]] |= _read_by(curve)
    return {name: followed & found.keys() for name, followed in found.items()}


def _followed(constraint: Any) -> set[str]:
    names = {getattr(constraint, "subtarget", ""), getattr(constraint, "pole_subtarget", "")}
    if constraint.type == "ARMATURE":
        names |= {target.subtarget for target in constraint.targets}
    return names


def _chain(bone: Any, constraint: Any) -> list[Any]:
    """Parents that a constraint moves with its bone."""
    if constraint.type not in ("IK", "SPLINE_IK"):
        return []
    above = list(bone.parent_recursive)
    return above[: constraint.chain_count - 1] if constraint.chain_count else above


def _read_by(curve: Any) -> set[str]:
    targets = [target for variable in curve.driver.variables for target in variable.targets]
    return {target.bone_target for target in targets} | {
        name for target in targets for name in _BONE.findall(target.data_path)
    }


def all_dependencies(direct: Mapping[str, set[str]], names: Iterable[str]) -> set[str]:
    """Return the bones that some bones follow through any number of others, themselves included."""
    found: set[str] = set()
    todo = list(names)
    while todo:
        name = todo.pop()
        if name not in found and name in direct:
            found.add(name)
            todo += direct[name]
    return found
