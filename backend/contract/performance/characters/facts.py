"""Facts of a character that recognition and checks go by: its meshes with their keys, its armatures with their bones.

Plain data, read from Blender by the add-on, so that both work without it. Lengths are metres of the world, axes
Blender's: z up.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

Vector = tuple[float, float, float]

LOCAL: Final = "local"
LINKED: Final = "linked"
"""Data of another file: nothing of it can be changed."""
HALF_OVERRIDDEN: Final = "half overridden"
"""A library override of an object whose mesh, and with it the shape keys, is linked still."""
OVERRIDDEN: Final = "overridden"
"""Data of another file with a library override: what the override allows can be changed."""


@dataclass(frozen=True)
class KeyFacts:
    """A shape key.

    Attributes:
        name: As the character spells it.
        low, high: Range of its slider.
        is_muted, is_locked: As Blender says.
        is_driven, is_animated: Whether a driver, or keys of somebody else than this program, set its value.
        reach: Farthest way that it moves a vertex; 0 for an empty key.
        centre: Where it moves the mesh, or None for an empty key.
        motion: Mean way of what it moves, weighted by that way.
        shared_with: Bones of jaw and eyes that turn vertices which it moves.
    """

    name: str
    low: float = 0.0
    high: float = 1.0
    is_muted: bool = False
    is_locked: bool = False
    is_driven: bool = False
    is_animated: bool = False
    reach: float = 0.01
    centre: Vector | None = None
    motion: Vector = (0.0, 0.0, 0.0)
    shared_with: tuple[str, ...] = ()


@dataclass(frozen=True)
class MeshFacts:
    """A mesh of the character.

    Attributes:
        name: Of the object.
        keys: Its shape keys without the basis.
        armature: Name of the armature that deforms it; empty without one.
        bones: Bones of jaw and eyes that turn vertices of it.
        modifiers: Kinds as Blender names them (``SUBSURF``), in their order, with whether they are shown.
        scale: Of the object in the world; negative where it is mirrored.
        centre: Of its vertices.
        is_relative: Whether its keys are relative, not absolute ones.
        is_edited: Whether it is in edit mode.
        shows_one_key: Whether only the active key is shown.
        origin: One of `LOCAL`, `LINKED`, `HALF_OVERRIDDEN`, `OVERRIDDEN`.
    """

    name: str
    keys: tuple[KeyFacts, ...] = ()
    armature: str = ""
    bones: frozenset[str] = frozenset()
    modifiers: tuple[tuple[str, bool], ...] = ()
    scale: Vector = (1.0, 1.0, 1.0)
    centre: Vector = (0.0, 0.0, 0.0)
    is_relative: bool = True
    is_edited: bool = False
    shows_one_key: bool = False
    origin: str = LOCAL


@dataclass(frozen=True)
class BoneFacts:
    """A bone.

    Attributes:
        name, parent: Names; the parent's empty for a root.
        head, tail: Its ends in the rest pose.
        is_animated: Whether keys of somebody else than this program turn or move it.
        is_driven: Whether a driver or a constraint turns or moves it.
        is_locked: Whether its rotation is locked.
    """

    name: str
    parent: str = ""
    head: Vector = (0.0, 0.0, 0.0)
    tail: Vector = (0.0, 0.0, 0.1)
    is_animated: bool = False
    is_driven: bool = False
    is_locked: bool = False


@dataclass(frozen=True)
class ArmatureFacts:
    """An armature of the character.

    Attributes:
        name: Of the object.
        bones: All of them, parents before children.
        scale: Of the object in the world; negative where it is mirrored.
        is_edited: Whether it is in edit mode.
        is_resting: Whether it is shown in its rest position, so that no pose can be seen.
        origin: One of `LOCAL`, `LINKED`, `OVERRIDDEN`.
    """

    name: str
    bones: tuple[BoneFacts, ...] = ()
    scale: Vector = (1.0, 1.0, 1.0)
    is_edited: bool = False
    is_resting: bool = False
    origin: str = LOCAL


@dataclass(frozen=True)
class Bind:
    """A key that an expression of a VRM sets.

    Attributes:
        mesh: Name of the object.
        key: Name of the key.
        weight: Value of the key where the expression is 1.
        index: Which of the mesh's morph targets it is, by which Blender names those without a name; -1 if unknown.
    """

    mesh: str
    key: str
    weight: float = 1.0
    index: int = -1


@dataclass(frozen=True)
class Expression:
    """An expression of a VRM.

    Attributes:
        name: Preset's name in the words of VRM 1.0, or a name of the character's own.
        binds: The keys that it sets.
        is_binary: Whether it is 1 above 0.5 and else 0.
        overrides: What it takes the effect from: ``blink``, ``look``, ``mouth``; none for most.
    """

    name: str
    binds: tuple[Bind, ...]
    is_binary: bool = False
    overrides: tuple[str, ...] = ()


@dataclass(frozen=True)
class VrmFacts:
    """What a VRM says of itself beyond names.

    Attributes:
        version: ``0`` or ``1``.
        expressions: All that set keys.
        bones: Joint of `mapping.JOINTS` -> bone.
        looks_by_bones: Whether its eyes look by turning bones; else by expressions.
    """

    version: str
    expressions: tuple[Expression, ...] = ()
    bones: Mapping[str, str] | None = None
    looks_by_bones: bool = True


@dataclass(frozen=True)
class CharacterFacts:
    """A character as a whole."""

    meshes: tuple[MeshFacts, ...] = ()
    armatures: tuple[ArmatureFacts, ...] = ()
    vrm: VrmFacts | None = None

    @property
    def names(self) -> frozenset[str]:
        """Names of its keys and bones."""
        keys = {key.name for mesh in self.meshes for key in mesh.keys}
        return frozenset(keys | {bone.name for armature in self.armatures for bone in armature.bones})

    def mesh(self, name: str) -> MeshFacts | None:
        """Return the mesh of a name."""
        return next((mesh for mesh in self.meshes if mesh.name == name), None)
