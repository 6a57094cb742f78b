"""The mapping from a performance to one character: which shape keys, controls and bones follow which channels.

It is made by recognition, shown as a table, edited by the user, kept as JSON, and found again by the character's names.
"""

from __future__ import annotations

import json
from collections.abc import Mapping as MappingOf
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, Final

import numpy as np

from ...arrays import Array
from ...checks import is_number, is_object, is_text, is_whole, list_of, mapping_of, maybe, parse_json
from ...failure import Failure
from ...names import LANDMARKS
from ..channels import INDEX

SCHEMA: Final = 1
JOINTS: Final = ("head", "neck", "jaw", "left_eye", "right_eye")
"""What a bone can turn with."""
PATHS: Final = ("location", "rotation_euler", "property")
"""What of a control follows channels: a component of its location or rotation, or one of its custom properties."""


@dataclass(frozen=True)
class ShapeTarget:
    """A shape key of a mesh.

    Attributes:
        mesh: Name of the object.
        key: Name of the shape key, as the character spells it.
        parts: Channel -> factor; the key's value is the sum of factor times weight.
        low, high: Range that the value is kept in.
        is_binary: Whether the value is 1 above 0.5 and else 0 (VRM's ``isBinary``).
        use: Whether it is written.
    """

    mesh: str
    key: str
    parts: MappingOf[str, float]
    low: float = 0.0
    high: float = 1.0
    is_binary: bool = False
    use: bool = True


@dataclass(frozen=True)
class ControlTarget:
    """A number of a control bone, as on a face board.

    Attributes:
        armature, bone: Names.
        path: One of `PATHS`.
        index: Component of location or rotation; -1 for a property.
        name: Of the custom property.
        parts, low, high, use: As in `ShapeTarget`.
    """

    armature: str
    bone: str
    path: str
    index: int
    parts: MappingOf[str, float]
    name: str = ""
    low: float = -1.0
    high: float = 1.0
    use: bool = True


@dataclass(frozen=True)
class JointTarget:
    """A bone that turns with a joint.

    Attributes:
        armature, bone: Names.
        joint: One of `JOINTS`.
        share: Part of the rotation that it takes.
        use: Whether it is written.
    """

    armature: str
    bone: str
    joint: str
    share: float = 1.0
    use: bool = True


@dataclass(frozen=True)
class SurfaceTarget:
    """A control bone that follows a point of the tracked face.

    Attributes:
        armature, bone: Names.
        landmarks: MediaPipe's landmarks whose mean it follows.
        order: 0 primary, 1 secondary: these take only what the primaries leave.
        factor: How far of the point's way it goes.
        use: Whether it is written.
    """

    armature: str
    bone: str
    landmarks: tuple[int, ...]
    order: int = 0
    factor: float = 1.0
    use: bool = True


@dataclass(frozen=True)
class Mapping:
    """How a performance drives a character.

    Attributes:
        kind: What the character was recognised as, in words for people, e.g. ``ARKit shapes`` or ``Rigify (upgraded)``.
        shapes, controls, joints, surface: What is driven.
        signature: Names of keys and bones by which the character is found again, sorted.
    """

    kind: str
    shapes: tuple[ShapeTarget, ...] = ()
    controls: tuple[ControlTarget, ...] = ()
    joints: tuple[JointTarget, ...] = ()
    surface: tuple[SurfaceTarget, ...] = ()
    signature: tuple[str, ...] = ()

    @property
    def channels(self) -> frozenset[str]:
        """The channels that something in use follows."""
        return frozenset(name for each in (*self.shapes, *self.controls) if each.use for name in each.parts)

    def renamed(self, names: MappingOf[str, str]) -> Mapping:
        """Return the mapping for objects with other names: old name of a mesh or armature -> new one."""
        return replace(
            self,
            shapes=tuple(replace(each, mesh=names.get(each.mesh, each.mesh)) for each in self.shapes),
            controls=tuple(replace(each, armature=names.get(each.armature, each.armature)) for each in self.controls),
            joints=tuple(replace(each, armature=names.get(each.armature, each.armature)) for each in self.joints),
            surface=tuple(replace(each, armature=names.get(each.armature, each.armature)) for each in self.surface),
        )

    def to_json(self) -> str:
        """Return the mapping as JSON text, readable by `parse_mapping`."""
        return json.dumps({"schema": SCHEMA, **asdict(self)}, indent=2, ensure_ascii=False)


def values_of(target: ShapeTarget | ControlTarget, weights: Array) -> Array:
    """Return what a target is set to on every frame (T,); NaN on frames without a face.

    Channels that are not tracked count as zero.

    Args:
        target: Shape key or control.
        weights: Of a performance (T, 52).
    """
    has_face = ~np.isnan(weights).all(axis=1)
    columns = [INDEX[channel] for channel in target.parts]
    total = np.nan_to_num(weights[:, columns]) @ np.array(list(target.parts.values()), dtype=np.float64)
    value = np.clip(total, target.low, target.high)
    if isinstance(target, ShapeTarget) and target.is_binary:
        value = (value > 0.5).astype(np.float64)
    return np.where(has_face, value, np.nan)


_ADVICE: Final = "Check the character again; that writes a new mapping."
_PARTS: Final = mapping_of(lambda value: is_number(value, -1e3, 1e3))
_SWITCH: Final = maybe(lambda value: isinstance(value, bool))
_NUMBER: Final = maybe(lambda value: is_number(value, -1e3, 1e3))


def parse_mapping(text: str) -> Mapping | Failure:
    """Read a mapping from JSON text; the failure says what is wrong with it."""
    data: Any = parse_json(text, is_object)
    if data is None:
        return Failure("mapping-not-json", "The mapping is not valid JSON.", _ADVICE)
    if data.get("schema") != SCHEMA:
        return Failure("mapping-schema", "The mapping was written by another version.", _ADVICE)
    try:
        mapping = Mapping(
            str(data.get("kind", "")),
            tuple(ShapeTarget(**_checked(each, ("mesh", "key"))) for each in data.get("shapes", ())),
            tuple(ControlTarget(**_checked(each, ("armature", "bone", "path"))) for each in data.get("controls", ())),
            tuple(JointTarget(**_checked(each, ("armature", "bone", "joint"))) for each in data.get("joints", ())),
            tuple(_surface(_checked(each, ("armature", "bone"))) for each in data.get("surface", ())),
            tuple(str(name) for name in data.get("signature", ())),
        )
    except ValueError as error:
        return Failure("mapping-damaged", f"The mapping cannot be understood: {error}.", _ADVICE)
    except (TypeError, KeyError):  # Python's own words say nothing to people.
        return Failure("mapping-damaged", "Targets of the mapping lack a part, or have one that is unknown.", _ADVICE)
    unknown = sorted({name for each in (*mapping.shapes, *mapping.controls) for name in each.parts} - set(INDEX))
    if unknown:
        return Failure("mapping-channel", f"The mapping names channels that do not exist: {unknown[0]}.", _ADVICE)
    return mapping


def _checked(entry: Any, texts: Sequence[str]) -> dict[str, Any]:
    """Return one target's fields after checking their kinds (ValueError where one is wrong)."""
    if not isinstance(entry, dict):
        raise ValueError("a target is not an object")
    checks = {**dict.fromkeys(texts, is_text), "name": maybe(is_text), "use": _SWITCH, "is_binary": _SWITCH}
    checks |= {"low": _NUMBER, "high": _NUMBER, "share": _NUMBER, "factor": _NUMBER, "parts": maybe(_PARTS)}
    checks["landmarks"] = maybe(list_of(lambda value: is_whole(value, 0, LANDMARKS - 1)))
    checks |= {
        "index": maybe(lambda value: is_whole(value, -1, 3)),
        "order": maybe(lambda value: is_whole(value, 0, 1)),
    }
    wrong = [name for name, check in checks.items() if not check(entry.get(name))]
    if wrong:
        raise ValueError(f"'{wrong[0]}' of a target is missing or of another kind")
    if entry.get("path", PATHS[0]) not in PATHS or entry.get("joint", JOINTS[0]) not in JOINTS:
        raise ValueError("a target follows something that does not exist")
    return {name: value for name, value in entry.items() if value is not None}


def _surface(entry: dict[str, Any]) -> SurfaceTarget:
    return SurfaceTarget(**{**entry, "landmarks": tuple(entry["landmarks"])})
