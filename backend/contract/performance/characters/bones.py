"""Bones of head, neck, jaw and eyes, by the names that rigs give them and by who hangs on whom."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from .facts import ArmatureFacts, BoneFacts
from .spellings import words_of

_NEEDED: Final[Mapping[str, tuple[frozenset[str], ...]]] = {
    "head": (frozenset({"head"}), frozenset({"頭"})),
    "neck": (frozenset({"neck"}), frozenset({"首"})),
    "jaw": (
        frozenset({"jaw"}),
        frozenset({"lowerjaw"}),
        frozenset({"jawbone"}),
        frozenset({"jawroot"}),
        frozenset({"顎"}),
        frozenset({"あご"}),
    ),
    "left_eye": (
        frozenset({"eye", "left"}),
        frozenset({"eye", "l"}),
        frozenset({"leye"}),
        frozenset({"eyeball", "l"}),
        frozenset({"eyeball", "left"}),
        frozenset({"lefteye"}),
        frozenset({"左目"}),
    ),
    "right_eye": (
        frozenset({"eye", "right"}),
        frozenset({"eye", "r"}),
        frozenset({"reye"}),
        frozenset({"eyeball", "r"}),
        frozenset({"eyeball", "right"}),
        frozenset({"righteye"}),
        frozenset({"右目"}),
    ),
}
"""Joint -> words that the bone's name must have, all of one of these sets.

Mixamo ``mixamorig:LeftEye``; Ready Player Me and Unity's humanoid ``LeftEye``; Unreal ``neck_01``; MetaHuman
``FACIAL_L_Eye``, ``FACIAL_C_Jaw``; VRoid ``J_Bip_C_Head``, ``J_Adj_L_FaceEye``; MakeHuman ``neck02``, ``eye.L``; Daz
``lowerJaw``, ``neckLower``, ``lEye``; Character Creator ``CC_Base_JawRoot``, ``CC_Base_NeckTwist01``; Auto-Rig Pro
``c_jawbone.x``; Biped ``Bip01 Head``; MikuMikuDance ``左目``.
"""
_ADDED: Final = frozenset(
    {"mixamorig", "bip", "biped", "bip01", "j", "adj", "c", "f", "x", "m", "n", "def", "deform", "facial", "face"}
    | {"cc", "base", "root", "twist", "twist01", "lower", "upper", "armature", "bone", "bones", "joint", "jnt", "sk"}
    | {"sim", "character", "rig", "b", "valvebiped", "main", "center", "centre", "mid", "low", "up", "s", "g", "model"}
)
"""Words that may stand beside these; one more of any other makes it another bone (``head_end``, ``eye_target``)."""
_NOT: Final[Mapping[str, frozenset[str]]] = {
    "jaw": frozenset({"upper", "up", "l", "r", "left", "right"}),
    "head": frozenset({"l", "r", "left", "right", "upper", "lower", "low", "face", "facial"}),
    "left_eye": frozenset({"upper", "lower", "up", "low", "right"}),
    "right_eye": frozenset({"upper", "lower", "up", "low", "left"}),
}
_HELPERS: Final = frozenset({"org", "mch", "vis", "wgt"})
"""First words of bones of generated Rigify rigs that nobody keys; with them ``def``."""


def joint_bones(armature: ArmatureFacts, known: Mapping[str, str] | None = None) -> dict[str, tuple[str, ...]]:
    """Return the bones of each joint of `mapping.JOINTS` that there are; several for a neck of several bones.

    A bone of neck is above the head, jaw and eyes are below it: an armature without a head has none of them.

    Args:
        armature: To look through.
        known: Joint -> bone, where the character says it itself (VRM).
    """
    bones = {bone.name: bone for bone in _keyable(armature.bones)}
    found: dict[str, tuple[str, ...]] = {
        joint: (name,) for joint, name in (known or {}).items() if name in bones and joint in _NEEDED
    }
    if "head" not in found:
        heads = _best("head", bones.values())
        if not heads:
            return found
        found["head"] = heads[:1]
    head = found["head"][0]
    every = {bone.name: bone for bone in armature.bones}
    above = [bones[name] for name in _above(every, head) if name in bones]
    if "neck" not in found and (necks := _best("neck", above, every=True)):
        found["neck"] = necks
    hanging = [bone for bone in bones.values() if head in _above(every, bone.name)]
    for joint in ("jaw", "left_eye", "right_eye"):
        if joint not in found and (best := _best(joint, hanging)):
            found[joint] = best[:1]
    return found


def below(armature: ArmatureFacts, name: str) -> frozenset[str]:
    """Return a bone and all that hang on it, whose meshes it turns as well."""
    bones = {bone.name: bone for bone in armature.bones}
    return frozenset(bone for bone in bones if bone == name or name in _above(bones, bone))


def _keyable(bones: Iterable[BoneFacts]) -> list[BoneFacts]:
    """The bones that people key: not the inner ones of a generated Rigify rig."""
    bones = list(bones)
    helpers = _HELPERS | {"def"} if any(bone.name.startswith(("ORG-", "MCH-")) for bone in bones) else _HELPERS
    return [bone for bone in bones if not helpers.intersection(words_of(bone.name)[:1])]


def _above(bones: Mapping[str, BoneFacts], name: str) -> list[str]:
    """The parents of a bone, the nearest first."""
    above: list[str] = []
    while (parent := bones[name].parent if name in bones else "") and parent not in above:
        above.append(parent)
        name = parent
    return above


def _best(joint: str, bones: Iterable[BoneFacts], *, every: bool = False) -> tuple[str, ...]:
    """Bones of a joint, those with the fewest further words first; only these unless every one is wanted."""
    fitting: dict[str, int] = {}
    for bone in bones:
        extra = _extra(joint, bone.name)
        if extra is not None:
            fitting[bone.name] = extra
    if every:
        least = min((extra for extra in fitting.values()), default=0)
        return tuple(name for name, extra in fitting.items() if extra <= least + 1)
    return tuple(sorted(fitting, key=lambda name: fitting[name]))


def _extra(joint: str, name: str) -> int | None:
    """How many further words a bone's name has, or None if it is no bone of the joint."""
    words = [word for word in words_of(name) if not word.isdigit()]
    for needed in _NEEDED[joint]:
        extra = [word for word in words if word not in needed]
        if needed <= set(words) and set(extra) <= _ADDED - _NOT.get(joint, frozenset()):
            return len(extra)
    return None
