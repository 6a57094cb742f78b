"""Reader of what a ``.vrm`` file says of its expressions and bones, for characters whose VRM add-on is not there.

A VRM is a glTF binary: twelve bytes of head, then a chunk of JSON, whose extension ``VRM`` (version 0) or ``VRMC_vrm``
(version 1) holds it (vrm-c/vrm-specification).
"""

from __future__ import annotations

import json
import struct
from pathlib import Path
from typing import Any, Final

from ...checks import is_number, is_object, is_text, is_whole, parse_json
from ...failure import Failure
from .facts import Bind, Expression, VrmFacts
from .vrm import PRESETS_OF_VRM_0

_HEAD: Final = struct.Struct("<4sIIII")
UNREADABLE: Final = "vrm-unreadable"
"""Code of the failure if the file is gone or may not be read."""
_LARGEST_JSON: Final = 256 << 20
_ADVICE: Final = "Choose the .vrm file that the character was imported from."
_BONES: Final = {"head": "head", "neck": "neck", "jaw": "jaw", "leftEye": "left_eye", "rightEye": "right_eye"}
"""Bone of VRM's humanoid -> joint of `mapping.JOINTS`."""
_OVERRIDES: Final = {"overrideBlink": "blink", "overrideLookAt": "look", "overrideMouth": "mouth"}


def read_vrm(path: Path) -> VrmFacts | Failure:
    """Return the expressions and bones of a VRM of either version; the failure says why there are none."""
    data = _read_json(path)
    if isinstance(data, Failure):
        return data
    return _facts_of(data) or _no_vrm(path)


def read_vrm_text(path: Path) -> str | Failure:
    """Return as JSON what a VRM says of its expressions and bones, to be kept where the file may be gone."""
    data = _read_json(path)
    if isinstance(data, Failure):
        return data
    if _facts_of(data) is None:
        return _no_vrm(path)
    meshes = [_of_mesh(each) for each in _objects(data.get("meshes"))]
    extensions = {
        name: {part: value for part, value in extension.items() if part in _PARTS}
        for name in _NAMES
        if (extension := _object(_object(data.get("extensions")).get(name)))
    }
    nodes = [{part: each[part] for part in ("name", "mesh") if part in each} for each in _objects(data.get("nodes"))]
    return json.dumps({"nodes": nodes, "meshes": meshes, "extensions": extensions})


def vrm_of_text(text: str) -> VrmFacts | None:
    """Return the expressions and bones of what `read_vrm_text` returned; None where the text is something else."""
    data = parse_json(text, is_object)
    return None if data is None else _facts_of(data)


def _of_mesh(mesh: dict[str, Any]) -> dict[str, Any]:
    """Names and number of a mesh's targets."""
    primitives = [
        {"extras": _object(each.get("extras")), "targets": [{}] * len(each.get("targets") or ())}
        for each in _objects(mesh.get("primitives"))
    ]
    return {"extras": _object(mesh.get("extras")), "primitives": primitives}


def _read_json(path: Path) -> dict[str, Any] | Failure:
    try:
        with path.open("rb") as stream:
            head = stream.read(_HEAD.size)
            if len(head) < _HEAD.size:
                return _no_vrm(path)
            magic, _, _, size, _ = _HEAD.unpack(head)
            if magic != b"glTF" or size > _LARGEST_JSON:
                return _no_vrm(path)
            data = parse_json(stream.read(size), is_object)
    except OSError as error:
        return Failure(UNREADABLE, f"{path.name} cannot be read: {error.strerror or error}.", _ADVICE)
    return _no_vrm(path) if data is None else data


def _facts_of(data: dict[str, Any]) -> VrmFacts | None:
    extensions = _object(data.get("extensions"))
    for name, version in _NAMES.items():
        if is_object(extensions.get(name)):
            return version(data, extensions[name])
    return None


def _version_0(gltf: dict[str, Any], vrm: dict[str, Any]) -> VrmFacts:
    users = {_index(node.get("mesh")): _name(node) for node in _objects(gltf.get("nodes")) if "mesh" in node}
    expressions = []
    for group in _objects(_object(vrm.get("blendShapeMaster")).get("blendShapeGroups")):
        binds = []
        for bind in _objects(group.get("binds")):
            mesh, index = _index(bind.get("mesh")), _index(bind.get("index"))
            key = _key(gltf, mesh, index)
            if key and is_number(bind.get("weight"), 0, 100):
                binds.append(Bind(users.get(mesh, ""), key, bind["weight"] / 100, index))
        preset = PRESETS_OF_VRM_0.get(str(group.get("presetName")).lower(), "")
        expressions.append(Expression(preset or _name(group), tuple(binds), group.get("isBinary") is True))
    bones = {
        _BONES[each["bone"]]: _node_name(gltf, each.get("node"))
        for each in _objects(_object(vrm.get("humanoid")).get("humanBones"))
        if is_text(each.get("bone")) and each["bone"] in _BONES
    }
    looks = _object(vrm.get("firstPerson")).get("lookAtTypeName") != "BlendShape"
    return VrmFacts("0", tuple(expressions), {joint: name for joint, name in bones.items() if name}, looks)


def _version_1(gltf: dict[str, Any], vrm: dict[str, Any]) -> VrmFacts:
    groups = _object(vrm.get("expressions"))
    expressions = []
    for name, group in {**_object(groups.get("custom")), **_object(groups.get("preset"))}.items():
        binds = []
        for bind in _objects(_object(group).get("morphTargetBinds")):
            node = _item(gltf.get("nodes"), bind.get("node"))
            index = _index(bind.get("index"))
            key = _key(gltf, _index(node.get("mesh")), index)
            if key and is_number(bind.get("weight"), 0, 1):
                binds.append(Bind(_name(node), key, float(bind["weight"]), index))
        taken = tuple(what for field, what in _OVERRIDES.items() if _object(group).get(field) in ("block", "blend"))
        expressions.append(Expression(name, tuple(binds), _object(group).get("isBinary") is True, taken))
    humanoid = _object(_object(vrm.get("humanoid")).get("humanBones"))
    bones = {joint: _node_name(gltf, _object(humanoid.get(bone)).get("node")) for bone, joint in _BONES.items()}
    looks = _object(vrm.get("lookAt")).get("type") != "expression"
    return VrmFacts("1", tuple(expressions), {joint: name for joint, name in bones.items() if name}, looks)


def _key(gltf: dict[str, Any], mesh: int, index: int) -> str:
    """Name of a mesh's morph target; empty where it has none."""
    there = _item(gltf.get("meshes"), mesh)
    primitives = _objects(there.get("primitives"))
    for owner in (there, *primitives):
        names = _object(owner.get("extras")).get("targetNames")
        if isinstance(names, list) and 0 <= index < len(names) and is_text(names[index]):
            return names[index]
    has_targets = any(isinstance(each.get("targets"), list) and index < len(each["targets"]) for each in primitives)
    # Blender's importer names targets without names so.
    return f"target_{index}" if has_targets and index >= 0 else ""


def _object(value: Any) -> dict[str, Any]:
    return value if is_object(value) else {}


def _objects(value: Any) -> list[dict[str, Any]]:
    return [each for each in value if is_object(each)] if isinstance(value, list) else []


def _index(value: Any) -> int:
    return value if is_whole(value) else -1


def _item(items: Any, index: Any) -> dict[str, Any]:
    position = _index(index)
    return _object(items[position]) if isinstance(items, list) and 0 <= position < len(items) else {}


def _node_name(gltf: dict[str, Any], index: Any) -> str:
    return _name(_item(gltf.get("nodes"), index))


def _name(owner: dict[str, Any]) -> str:
    return owner["name"] if is_text(owner.get("name")) else ""


_NAMES: Final = {"VRMC_vrm": _version_1, "VRM": _version_0}
"""Name of the glTF extension -> what reads it."""
_PARTS: Final = ("blendShapeMaster", "expressions", "humanoid", "firstPerson", "lookAt")
"""What is read of them."""


def _no_vrm(path: Path) -> Failure:
    return Failure("not-a-vrm", f"{path.name} is not a VRM.", _ADVICE)
