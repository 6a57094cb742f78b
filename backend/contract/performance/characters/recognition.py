"""Recognition of a character: the mapping that its own names, or a VRM's own words, lead to."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from ...failure import Failure
from .arkit import ARKIT
from .bones import joint_bones
from .convention import Convention, Entry
from .facts import CharacterFacts
from .mapping import JointTarget, Mapping, ShapeTarget
from .spellings import find_meant

CONVENTIONS: Final[tuple[Convention, ...]] = (ARKIT,)
"""Where two are met equally well, the earlier one holds."""


@dataclass(frozen=True)
class _Match:
    """A convention as a character meets it: mesh -> key -> entry."""

    convention: Convention
    keys: dict[str, dict[str, Entry]]

    @property
    def channels(self) -> frozenset[str]:
        entries = (entry for keys in self.keys.values() for entry in keys.values())
        return frozenset(channel for entry in entries for channel in entry.parts)

    @property
    def entries(self) -> int:
        return len({entry.name for keys in self.keys.values() for entry in keys.values()})


def recognise(facts: CharacterFacts) -> Mapping | Failure:
    """Return the mapping of a character, or the failure that says that nothing of it is known."""
    matches = sorted(_matches(facts), key=lambda each: (each.convention.is_approximate, -len(each.channels)))
    shapes: list[ShapeTarget] = []
    covered: set[str] = set()
    kinds: list[str] = []
    for match in matches:
        added = list(_targets(match, covered))
        if added:
            shapes += added
            kinds.append(match.convention.name)
            covered |= {channel for target in added for channel in target.parts}
    joints = tuple(_joints(facts))
    if not shapes and not joints:
        return Failure(
            "character-unknown",
            "None of the selected objects has shape keys or bones with names that are known.",
            "Choose the face's mesh or its armature, or make the shapes with Make ARKit Shapes.",
        )
    kind = f"{' and '.join(kinds)} shapes" if kinds else "Head bone"
    return Mapping(kind, tuple(shapes), joints=joints, signature=tuple(sorted(facts.names)))


def _matches(facts: CharacterFacts) -> Iterable[_Match]:
    for convention in CONVENTIONS:
        keys = {}
        for mesh in facts.meshes:
            meant = find_meant([key.name for key in mesh.keys], convention.table)
            if meant:
                keys[mesh.name] = _lowest_ranks(meant)
        match = _Match(convention, keys)
        if match.entries >= convention.least:
            yield match


def _lowest_ranks(meant: dict[str, Entry]) -> dict[str, Entry]:
    """Leave out entries that follow a channel which an entry of a lower rank follows on the same mesh."""
    kept: dict[str, Entry] = {}
    for rank in sorted({entry.rank for entry in meant.values()}):
        covered = {channel for entry in kept.values() for channel in entry.parts}
        kept |= {
            name: entry for name, entry in meant.items() if entry.rank == rank and not covered & entry.parts.keys()
        }
    return {name: kept[name] for name in meant if name in kept}


def _targets(match: _Match, covered: set[str]) -> Iterable[ShapeTarget]:
    """Targets of a match for what no better one follows already."""
    for mesh, keys in match.keys.items():
        for key, entry in keys.items():
            if not covered & entry.parts.keys():
                yield ShapeTarget(mesh, key, dict(entry.parts))


def _joints(facts: CharacterFacts) -> Iterable[JointTarget]:
    known = facts.vrm.bones if facts.vrm is not None else None
    for armature in facts.armatures:
        for joint, bones in joint_bones(armature, known).items():
            for bone in bones:
                yield JointTarget(armature.name, bone, joint, 1 / len(bones))
