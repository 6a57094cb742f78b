"""VRM: keys that its expressions set, by what each expression follows.

A model with the 52 as expressions of its own (*Perfect Sync*) is driven by them. Otherwise its presets stand in:
approximate, after the VRM add-on for Blender's table of what each preset is in ARKit's shapes (saturday06/
VRM-Addon-for-Blender, arkit_mapping.py), turned round: it has *aa* as half an open jaw, so *aa* is twice the jaw. Other
than there, *angry* follows lowered brows and *sad* lowered corners of the mouth, and rounded vowels a pucker and a
funnel apart, as phones tell them apart.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Final

from .arkit import ARKIT
from .convention import Parts, both_sides
from .facts import Bind, CharacterFacts, Expression, MeshFacts
from .mapping import ShapeTarget
from .spellings import find_meant, plain, without_copy

PRESETS_OF_VRM_0: Final[Mapping[str, str]] = {
    "joy": "happy", "angry": "angry", "sorrow": "sad", "fun": "relaxed", "a": "aa", "i": "ih", "u": "ou", "e": "ee",
    "o": "oh", "blink": "blink", "blink_l": "blinkLeft", "blink_r": "blinkRight", "lookup": "lookUp",
    "lookdown": "lookDown", "lookleft": "lookLeft", "lookright": "lookRight", "neutral": "neutral",
}  # fmt: skip
"""Preset's name in VRM 0 -> in VRM 1.0 (vrm-c/vrm-specification, both versions)."""

_MOUTH: Final[Mapping[str, Parts]] = {
    "aa": {"jawOpen": 2.0, "mouthClose": -2.0, "mouthPucker": -0.6, "mouthFunnel": -0.4},
    "ih": both_sides("mouthDimple"),
    "ou": {"mouthPucker": 1.0},
    "ee": both_sides("mouthStretch", 0.75),
    "oh": {"mouthFunnel": 1.0},
}
_BLINK: Final[Mapping[str, Parts]] = {"blinkLeft": {"eyeBlinkLeft": 1.0}, "blinkRight": {"eyeBlinkRight": 1.0}}
_LOOK: Final[Mapping[str, Parts]] = {
    "lookUp": both_sides("eyeLookUp"),
    "lookDown": both_sides("eyeLookDown"),
    "lookLeft": {"eyeLookOutLeft": 0.5, "eyeLookInRight": 0.5},
    "lookRight": {"eyeLookInLeft": 0.5, "eyeLookOutRight": 0.5},
}
_MOODS: Final[Mapping[str, Parts]] = {
    "happy": both_sides("mouthSmile"),
    "angry": both_sides("browDown"),
    "sad": both_sides("mouthFrown"),
    "surprised": {"browInnerUp": 0.4, "browOuterUpLeft": 0.3, "browOuterUpRight": 0.3},
}
_LEAST_OF_52: Final = 20
"""Expressions with names of ARKit before a model counts as one of Perfect Sync."""
PERFECT_SYNC: Final = "VRM with Perfect Sync"
PRESETS: Final = "VRM presets"


def vrm_kind(expressions: Iterable[Expression]) -> str:
    """Return whether a model has the 52, as `PERFECT_SYNC`, or `PRESETS`."""
    return PERFECT_SYNC if len(_of_the_52(expressions)) >= _LEAST_OF_52 else PRESETS


def vrm_targets(facts: CharacterFacts) -> tuple[ShapeTarget, ...]:
    """Return the targets of a VRM's expressions, without moods that would take blink, gaze or mouth away.

    An expression that is only on or off sets its keys alone: what is between cannot be shared with others.
    """
    assert facts.vrm is not None
    expressions = [_with_keys(expression, facts.meshes) for expression in facts.vrm.expressions]
    if vrm_kind(expressions) == PERFECT_SYNC:
        parts = _of_the_52(expressions)
    else:
        parts = dict(_preset_parts(expressions, looks=not facts.vrm.looks_by_bones))
    return tuple(_targets([(each, parts[each.name]) for each in expressions if each.name in parts]))


def left_out(expressions: Iterable[Expression]) -> tuple[str, ...]:
    """Return the moods that would take blink, gaze or mouth away, and therefore are not driven."""
    return tuple(each.name for each in expressions if each.name in _MOODS and each.overrides)


def _of_the_52(expressions: Iterable[Expression]) -> dict[str, Parts]:
    meant = find_meant([each.name for each in expressions], ARKIT.table)
    return {name: entry.parts for name, entry in meant.items() if entry.rank < 2}


def _preset_parts(expressions: list[Expression], *, looks: bool) -> Iterator[tuple[str, Parts]]:
    names = {each.name for each in expressions if each.binds}
    blink = _BLINK if names & _BLINK.keys() else {"blink": both_sides("eyeBlink")}
    yield from {**_MOUTH, **blink, **(_LOOK if looks else {})}.items()
    yield from ((each.name, _MOODS[each.name]) for each in expressions if each.name in _MOODS and not each.overrides)


def _targets(driven: list[tuple[Expression, Parts]]) -> Iterator[ShapeTarget]:
    """Targets of the keys that expressions set, each key once.

    A mood moves only what no other expression does: many open the mouth or turn the gaze, which channels do already.
    """
    keys: dict[tuple[str, str], list[tuple[Expression, Parts, float]]] = {}
    for expression, parts in driven:
        for bind in expression.binds:
            keys.setdefault((bind.mesh, bind.key), []).append((expression, parts, bind.weight))
    for (mesh, key), setting in keys.items():
        plainly = [each for each in setting if each[0].name not in _MOODS]
        switches = [each for each in plainly if each[0].is_binary and each[2] == 1.0]
        total: dict[str, float] = {}
        for _, parts, weight in switches[:1] or plainly or setting:
            for channel, factor in parts.items():
                total[channel] = total.get(channel, 0.0) + factor * weight
        yield ShapeTarget(mesh, key, total, is_binary=bool(switches))


def _with_keys(expression: Expression, meshes: tuple[MeshFacts, ...]) -> Expression:
    """Return an expression with the binds that the character has, by the names that its objects have now."""
    return replace(expression, binds=tuple(bind for each in expression.binds if (bind := _there(each, meshes))))


def _there(bind: Bind, meshes: tuple[MeshFacts, ...]) -> Bind | None:
    """Return a bind by the names of today; Blender's importer names targets by their number when a primitive has the
    names, as in files of VRM 0.
    """
    for wanted in (bind.key, f"target_{bind.index}"):
        having = {mesh.name: key.name for mesh in meshes for key in mesh.keys if _is_key(key.name, wanted)}
        named = [name for name in having if without_copy(name) == without_copy(bind.mesh)]
        for name in named or having:
            return replace(bind, mesh=name, key=having[name])
    return None


def _is_key(name: str, wanted: str) -> bool:
    return name == wanted or plain(name) == plain(wanted) != ""
