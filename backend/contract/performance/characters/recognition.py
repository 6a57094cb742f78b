"""Recognition of a character: the mapping that its own names, or a VRM's own words, lead to."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from ...failure import Failure
from . import rigify
from .arkit import ARKIT
from .bones import joint_bones
from .character_creator import CHARACTER_CREATOR
from .convention import Convention, Entry
from .doubling import left_to_controls, left_to_keys
from .facts import CharacterFacts
from .mapping import ControlTarget, JointTarget, Mapping, ShapeTarget, SurfaceTarget
from .metahuman_board import METAHUMAN, board_targets, is_board
from .spellings import find_meant
from .unified_expressions import UNIFIED_EXPRESSIONS
from .visemes import MIKUMIKUDANCE, VISEMES, VROID
from .vrm import PERFECT_SYNC, vrm_kind, vrm_targets

CONVENTIONS: Final[tuple[Convention, ...]] = (
    ARKIT,
    UNIFIED_EXPRESSIONS,
    CHARACTER_CREATOR,
    METAHUMAN,
    VISEMES,
    VROID,
    MIKUMIKUDANCE,
)
"""Where two are met equally well, the earlier one holds."""
HEAD_ALONE: Final = "Head bone"
FACE_BOARD: Final = "MetaHuman face board"


@dataclass(frozen=True)
class _Match:
    """Targets of one convention, or of a VRM's own words."""

    kind: str
    shapes: tuple[ShapeTarget, ...]
    is_approximate: bool

    @property
    def channels(self) -> frozenset[str]:
        return frozenset(channel for shape in self.shapes for channel in shape.parts)


def recognise(facts: CharacterFacts) -> Mapping | Failure:
    """Return the mapping of a character, or the failure that says why there is none."""
    heads = _heads(facts)
    if isinstance(heads, Failure):
        return heads
    controls = tuple(_controls(facts))
    kinds = [FACE_BOARD] if controls else []
    covered = {channel for control in controls for channel in control.parts}
    shapes: list[ShapeTarget] = []
    # What is exact goes first, then what has more of the channels; others fill in what these do not have.
    for match in sorted(_matches(facts), key=lambda each: (each.is_approximate, -len(each.channels))):
        added = [shape for shape in match.shapes if not covered & shape.parts.keys()]
        if added:
            shapes += added
            kinds.append(match.kind)
            covered |= {channel for shape in added for channel in shape.parts}
    joints = left_to_keys(facts, left_to_controls(tuple(heads), controls), tuple(shapes))
    # A face that has keys already needs no bones for them.
    faces = {} if shapes or controls else _bone_faces(facts, joints)
    kinds += faces
    surface = tuple(target for targets in faces.values() for target in targets)
    if not shapes and not controls and not joints and not surface:
        for armature in facts.armatures:
            if rigify.is_meta_rig({bone.name for bone in armature.bones}):
                return Failure(
                    "meta-rig",
                    f"'{armature.name}' is a meta-rig, of which Rigify generates the rig that is animated.",
                    "Choose the generated rig; Generate Rig in the meta-rig's properties makes it.",
                )
        return Failure(
            "character-unknown",
            "None of the selected objects has shape keys or bones with names that are known.",
            "Choose the face's mesh or its armature, or make the shapes with Make ARKit Shapes.",
        )
    kind = " and ".join(dict.fromkeys(kinds)) or HEAD_ALONE
    return Mapping(kind, tuple(shapes), controls, joints, surface, tuple(sorted(facts.names)))


def _bone_faces(facts: CharacterFacts, joints: Sequence[JointTarget]) -> dict[str, tuple[SurfaceTarget, ...]]:
    """Kind -> controls of the Rigify face whose head is turned."""
    faces: dict[str, tuple[SurfaceTarget, ...]] = {}
    turned = {joint.armature for joint in joints if joint.joint == "head"}
    for armature in facts.armatures:
        names = frozenset(bone.name for bone in armature.bones)
        kind = rigify.face_kind(names)
        if kind is not None and (not turned or armature.name in turned):
            faces[kind] = faces.get(kind, ()) + rigify.surface_targets(armature.name, names)
    return faces


def _controls(facts: CharacterFacts) -> Iterator[ControlTarget]:
    for armature in facts.armatures:
        if is_board(armature):
            yield from board_targets(armature)


def _matches(facts: CharacterFacts) -> Iterator[_Match]:
    if facts.vrm is not None:
        kind = vrm_kind(facts.vrm.expressions)
        yield _Match(kind, vrm_targets(facts), kind != PERFECT_SYNC)
    for convention in CONVENTIONS:
        keys: dict[str, dict[str, Entry]] = {}
        for mesh in facts.meshes:
            meant = find_meant([key.name for key in mesh.keys], convention.table)
            keys[mesh.name] = _lowest_ranks(meant)
        entries = {entry.name for meant in keys.values() for entry in meant.values()}
        if len(entries) >= convention.least:
            shapes = tuple(
                ShapeTarget(mesh, key, dict(entry.parts))
                for mesh, meant in keys.items()
                for key, entry in meant.items()
            )
            yield _Match(f"{convention.name} shapes", shapes, convention.is_approximate)


def _lowest_ranks(meant: dict[str, Entry]) -> dict[str, Entry]:
    """Leave out entries that follow a channel which an entry of a lower rank follows on the same mesh."""
    chosen: dict[str, Entry] = {}
    for rank in sorted({entry.rank for entry in meant.values()}):
        covered = {channel for entry in chosen.values() for channel in entry.parts}
        chosen |= {key: each for key, each in meant.items() if each.rank == rank and not covered & each.parts.keys()}
    return {key: chosen[key] for key in meant if key in chosen}


def _heads(facts: CharacterFacts) -> Iterable[JointTarget] | Failure:
    """Targets of head, neck, jaw and eyes of the armature that turns the character's head.

    Of several armatures, as of a game's rig and the one that controls it, it is the one whose head nothing turns yet.
    """
    known = facts.vrm.bones if facts.vrm is not None else None
    unused = () if facts.vrm is None or facts.vrm.looks_by_bones else ("left_eye", "right_eye")
    found = []
    for armature in facts.armatures:
        names = frozenset(bone.name for bone in armature.bones)
        bones = joint_bones(armature, rigify.joint_bones(names) or known)
        head = next((bone for bone in armature.bones if bones.get("head") == (bone.name,)), None)
        if head is not None:
            found.append((armature, bones, head))
    free = [each for each in found if not each[2].is_driven] or found
    deforming = {mesh.armature for mesh in facts.meshes}
    turning = [each for each in free if each[0].name in deforming]
    # One that no mesh hangs on controls those that meshes hang on.
    chosen = free if len(free) < 2 or not turning else turning
    if len(chosen) > 1:
        first, second = (each[0].name for each in chosen[:2])
        return Failure(
            "two-armatures",
            f"Two armatures have a head: '{first}' and '{second}'.",
            "Select only the one that shall be animated, or the face that it moves.",
        )
    return [
        JointTarget(armature.name, bone, joint, 1 / len(names), joint not in unused)
        for armature, bones, _ in chosen
        for joint, names in bones.items()
        for bone in names
    ]
