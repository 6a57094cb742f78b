"""Faces of generated Rigify rigs, both generations: which control follows which point of the tracked face.

Names as Rigify 0.6.10 generates them: ``faces.super_face`` from the *Human* meta-rig, the modular face after *Upgrade
Face Rig*. The landmarks are those nearest to each control when the meta-rig's face is warped onto the built-in head by
eye corners, lids, lips, nose, brows and chin, chosen by hand where the nearest one lies on another part of the face.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Final

from .mapping import SurfaceTarget

SUPER_FACE: Final = "Rigify face (super_face)"
MODULAR_FACE: Final = "Rigify face (modular)"

_MARKERS: Final[Mapping[str, frozenset[str]]] = {
    SUPER_FACE: frozenset({"lips.L", "eyes"}),
    MODULAR_FACE: frozenset({"lip_end.L.001", "eye_common"}),
}
"""Bones of which all are there. ``jaw_master`` is in both."""
_META_RIG: Final = frozenset({"face", "lid.T.L", "jaw"})
"""Bones of which all are there in a meta-rig, before its face is upgraded and after; ``face`` in no generated rig."""

Pairs = Mapping[str, tuple[tuple[int, ...], tuple[int, ...]]]

_PRIMARY_SIDES: Final[Pairs] = {
    "brow.T.{}.001": ((300, 276), (70, 46)),
    "brow.T.{}.002": ((334, 282), (105, 52)),
    "brow.T.{}.003": ((336, 285), (107, 55)),
    "lid.T.{}.002": ((386,), (159,)),
    "lid.B.{}.002": ((374,), (145,)),
    "lips.{}": ((291, 308), (61, 78)),
    "lip_end.{}.001": ((291, 308), (61, 78)),
    "lip.T.{}.001": ((269, 311), (39, 81)),
    "lip.B.{}.001": ((405, 402), (181, 178)),
    "cheek.B.{}.001": ((411, 376), (187, 147)),
    "nose.{}.001": ((358,), (129,)),
}
"""Name with the side left open -> landmarks of the left and of the right one."""
_PRIMARY_MIDDLE: Final[Mapping[str, tuple[int, ...]]] = {
    "lip.T": (0, 13),
    "lip.B": (17, 14),
    "chin": (152,),
    "nose.002": (1,),
}
_SECONDARY_SIDES: Final[Pairs] = {
    "lid.T.{}": ((263,), (33,)),
    "lid.T.{}.001": ((388, 387), (161, 160)),
    "lid.T.{}.003": ((385, 384), (158, 157)),
    "lid.B.{}": ((362,), (133,)),
    "lid.B.{}.001": ((381, 380), (154, 153)),
    "lid.B.{}.003": ((390, 373), (163, 144)),
    "brow.B.{}": ((467, 342), (247, 113)),
    "brow.B.{}.001": ((259, 444), (29, 224)),
    "brow.B.{}.002": ((257, 443), (27, 223)),
    "brow.B.{}.003": ((258, 442), (28, 222)),
    "brow.B.{}.004": ((413, 414), (189, 190)),
    "brow.T.{}": ((368, 383), (139, 156)),
    "forehead.{}": ((338, 337), (109, 108)),
    "forehead.{}.001": ((297, 299), (67, 69)),
    "forehead.{}.002": ((332, 333), (103, 104)),
    "temple.{}": ((284, 251), (54, 21)),
    "cheek.T.{}.001": ((330, 280), (101, 50)),
    "nose.{}": ((453, 357), (233, 128)),
    "chin.{}": ((378, 395), (149, 170)),
    "jaw.{}.001": ((361,), (132,)),
    "jaw.{}": ((389, 356), (162, 127)),
}
_SECONDARY_MIDDLE: Final[Mapping[str, tuple[int, ...]]] = {
    "nose": (168,),
    "nose.001": (5, 195),
    "nose.003": (94, 19),
    "nose.004": (2,),
    "nose.005": (164, 0),
    "nose_end.004": (164, 0),
    "chin.001": (199, 200),
    "chin.002": (17, 18),
    "chin_end.001": (17, 18),
    "jaw": (152, 175),
}

JOINT_BONES: Final[Mapping[str, str]] = {
    "head": "head",
    "neck": "neck",
    "jaw": "jaw_master",
    "left_eye": "eye.L",
    "right_eye": "eye.R",
}
"""Joint -> bone. The eyes' are targets, which the eyes look at: they are moved, not turned."""
_ONLY_IN: Final[Mapping[str, frozenset[str]]] = {
    SUPER_FACE: frozenset({"lips.{}", "nose.005", "chin.002"}),
    MODULAR_FACE: frozenset(
        {"lip_end.{}.001", "nose_end.004", "chin_end.001"}
        | {"forehead.{}", "forehead.{}.001", "forehead.{}.002", "temple.{}"}
    ),
}


def face_kind(names: Collection[str]) -> str | None:
    """Return which face an armature with bones of these names has: `SUPER_FACE`, `MODULAR_FACE` or None."""
    names = frozenset(names)
    return next((kind for kind, markers in _MARKERS.items() if markers <= names), None)


def is_meta_rig(names: Collection[str]) -> bool:
    """Whether bones of these names are a meta-rig with a face, of which Rigify generates the rig that is animated."""
    return _META_RIG.issubset(names)


def surface_targets(armature: str, names: Collection[str]) -> tuple[SurfaceTarget, ...]:
    """Return what follows the surface, primaries first; nothing where there is no Rigify face.

    A modular rig may be partly built by hand: single controls that it lacks are left out.
    """
    kind = face_kind(names)
    controls = {} if kind is None else controls_of(kind)
    return tuple(
        SurfaceTarget(armature, name, landmarks, order)
        for name, (landmarks, order) in controls.items()
        if name in names
    )


def joint_bones(names: Collection[str]) -> dict[str, str]:
    """Return joint -> bone of a Rigify face; nothing where there is none."""
    return {joint: bone for joint, bone in JOINT_BONES.items() if bone in names} if face_kind(names) else {}


def controls_of(kind: str) -> dict[str, tuple[tuple[int, ...], int]]:
    """Return control -> landmarks and order, of one kind of face."""
    other = next(each for each in _ONLY_IN if each != kind)
    controls: dict[str, tuple[tuple[int, ...], int]] = {}
    for order, (sides, middle) in enumerate(((_PRIMARY_SIDES, _PRIMARY_MIDDLE), (_SECONDARY_SIDES, _SECONDARY_MIDDLE))):
        for name, (left, right) in sides.items():
            if name not in _ONLY_IN[other]:
                controls[name.format("L")], controls[name.format("R")] = (left, order), (right, order)
        controls |= {name: (landmarks, order) for name, landmarks in middle.items() if name not in _ONLY_IN[other]}
    return controls
