"""Damaged VRM files and mappings; of what can be read a character is recognised, and its values are worked out."""

from __future__ import annotations

import json
import random
import struct
from pathlib import Path
from typing import Any, Final

import numpy as np

from backend.contract.failure import Failure
from backend.contract.performance.characters.facts import ArmatureFacts, BoneFacts, CharacterFacts, KeyFacts, MeshFacts
from backend.contract.performance.characters.mapping import (
    ControlTarget,
    JointTarget,
    Mapping,
    ShapeTarget,
    SurfaceTarget,
    parse_mapping,
    values_of,
)
from backend.contract.performance.characters.recognition import recognise
from backend.contract.performance.characters.vrm_file import read_vrm

from .damage import damaged_bytes, damaged_data
from .kind import Kind

_KEYS: Final = ("ah", "ih", "uu", "blink_left", "blink_right")
_BINDS: Final = [{"mesh": 0, "index": index, "weight": 100} for index in range(len(_KEYS))]
_GLTF: Final[dict[str, Any]] = {
    "nodes": [{"name": "Face", "mesh": 0}, {"name": "Head"}, {"name": "Neck", "children": [1]}],
    "meshes": [{"name": "Face", "primitives": [{"targets": [{}] * 5, "extras": {"targetNames": list(_KEYS)}}]}],
}
_VRM_0: Final[dict[str, Any]] = {
    **_GLTF,
    "extensions": {
        "VRM": {
            "blendShapeMaster": {
                "blendShapeGroups": [
                    {"name": name, "presetName": name.lower(), "binds": _BINDS[:2], "isBinary": name == "Blink"}
                    for name in ("A", "I", "Blink", "Joy", "jawOpen")
                ]
            },
            "humanoid": {"humanBones": [{"bone": "head", "node": 1}, {"bone": "neck", "node": 2}]},
            "firstPerson": {"lookAtTypeName": "BlendShape"},
        }
    },
}
_VRM_1: Final[dict[str, Any]] = {
    **_GLTF,
    "extensions": {
        "VRMC_vrm": {
            "expressions": {
                "preset": {
                    name: {"morphTargetBinds": [{"node": 0, "index": 1, "weight": 0.5}], "overrideMouth": "block"}
                    for name in ("aa", "blink", "happy", "lookUp")
                },
                "custom": {"jawOpen": {"morphTargetBinds": [{"node": 0, "index": 0, "weight": 1.0}]}},
            },
            "humanoid": {"humanBones": {"head": {"node": 1}, "leftEye": {"node": 2}}},
            "lookAt": {"type": "expression"},
        }
    },
}
_MAPPING: Final[dict[str, Any]] = json.loads(
    Mapping(
        "any",
        (ShapeTarget("Face", "ah", {"jawOpen": 1.0, "mouthFunnel": -0.5}),),
        (ControlTarget("Rig", "jaw", "location", 1, {"jawOpen": 1.0}),),
        (JointTarget("Rig", "Head", "head"),),
        (SurfaceTarget("Rig", "lips.L", (61, 291)),),
        ("Head", "ah"),
    ).to_json()
)
_FACE: Final = MeshFacts("Face", tuple(KeyFacts(name) for name in _KEYS))
_RIG: Final = ArmatureFacts("Rig", (BoneFacts("Neck"), BoneFacts("Head", "Neck")))


def make(rng: random.Random) -> bytes:
    """Return a damaged VRM or mapping."""
    good = rng.choice((_VRM_0, _VRM_1, _MAPPING))
    text = json.dumps(damaged_data(good, rng, rng.choice((0.0, 0.02, 0.1)))).encode("utf-8", "surrogatepass")
    if good is not _MAPPING:
        text = struct.pack("<4sIIII", b"glTF", 2, 20 + len(text), len(text), 0x4E4F534A) + text
    return damaged_bytes(text, rng) if rng.random() < 0.5 else text


def read(content: bytes, folder: Path) -> object:
    """Read it as a VRM, or as a mapping if it is none."""
    if content[:1] == b"g":
        path = folder / "model.vrm"
        path.write_bytes(content)
        vrm = read_vrm(path)
        return vrm if isinstance(vrm, Failure) else recognise(CharacterFacts((_FACE,), (_RIG,), vrm))
    mapping = parse_mapping(content.decode("utf-8", "replace"))
    if isinstance(mapping, Mapping):
        for target in (*mapping.shapes, *mapping.controls):
            assert values_of(target, np.zeros((2, 52))).shape == (2,)
    return mapping


KIND: Final = Kind(make, read)
