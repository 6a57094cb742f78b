"""Losses of a target: what of a take it cannot carry, said before anything is written."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

import bpy

from ...backend.contract.failure import Notice
from ..scene import keyframes
from ..scene.footage.straight_footage import lens_behind
from ..scene.parts import Parts
from .presets import CAMERA, Preset

MOST_MORPHS_AT_ONCE: Final = 8
"""How many morph targets viewers of glTF must be able to mix (glTF 2.0, 3.7.2.2)."""
_SHIFT: Final = 1e-4
"""Of the picture's width: less than a fifth of a pixel of an HD picture."""
_SAMPLES: Final = 100
"""Frames in which active shape keys are counted, about."""


def losses_of(preset: Preset, parts: Parts, things: Iterable[bpy.types.Object]) -> list[Notice]:
    """Return what of these objects the target does not carry, each with what to do about it."""
    return [*_of_camera(preset, parts), *(_of_head(preset, parts, list(things)) if preset.what != CAMERA else ())]


def _of_camera(preset: Preset, parts: Parts) -> Iterator[Notice]:
    lens = parts.lens
    if not preset.lens_shift and max(abs(lens.shift_x), abs(lens.shift_y)) > _SHIFT:
        yield Notice(
            "export-shift",
            f"{preset.label} has no off-centre lens; the camera's shift of {lens.shift_x:.3f}, {lens.shift_y:.3f}"
            " is lost.",
            "Set it again in the other program, or use USD or Alembic.",
        )
    if not preset.zoom and keyframes.find_curve(lens, "lens") is not None:
        yield Notice(
            "export-zoom",
            f"{preset.label} has one focal length for a camera; this lens zooms.",
            "Use FBX, USD or Alembic for the camera.",
        )
    if lens_behind(parts.camera) is not None:
        yield Notice(
            "export-distortion",
            f"The head fits the footage without the distortion of its lens, which {preset.label} does not hold.",
            "Straighten the footage there, with the coefficients in lens.json of an exported camera.",
        )


def _of_head(preset: Preset, parts: Parts, things: list[bpy.types.Object]) -> Iterator[Notice]:
    if not preset.modifiers and any(each.type == "MASK" and each.show_render for each in parts.head.modifiers):
        yield Notice(
            "export-mask",
            f"{preset.label} is written without modifiers, or it would lose the shape keys: the neck that the Mask"
            " modifier hides is in the file.",
            "Delete the neck's vertices there if it disturbs.",
        )
    if not preset.materials and any(slot.material for slot in parts.head.material_slots):
        yield Notice("export-material", f"{preset.label} holds no materials.", "Give the head its texture there again.")
    advice = "If a viewer shows a wrong face, import with one shape key per frame: then it is two at once."
    yield from _of_morphs(preset, [parts.mesh.shape_keys], advice)
    yield from _of_bones(preset, things, "this head has no bones", "Import the track as a rig, then export it.")
    yield from _of_hidden(things)


def losses_of_character(preset: Preset, things: Iterable[bpy.types.Object]) -> list[Notice]:
    """Return what of a character the target does not carry, each with what to do about it."""
    things = list(things)
    advice = "If a viewer shows a wrong face, try another one, or write Alembic or USD."
    bones = "Give the character an armature with a head bone, then export it."
    return [
        *_of_modifiers(preset, things),
        *_of_materials(preset, things),
        *_of_morphs(preset, [getattr(each.data, "shape_keys", None) for each in things], advice),
        *_of_bones(preset, things, "this character has no bones", bones),
        *_of_hidden(things),
    ]


def _of_modifiers(preset: Preset, things: list[bpy.types.Object]) -> Iterator[Notice]:
    changed = [
        each.name for each in things if any(part.type != "ARMATURE" and part.show_viewport for part in each.modifiers)
    ]
    if changed and not preset.modifiers:
        yield Notice(
            "export-modifiers",
            f"{preset.label} is written without modifiers, or it would lose the shape keys: those of"
            f" {', '.join(changed[:3])} are not in the file.",
            "Apply them before shape keys are made, or set them again in the other program.",
        )


def _of_materials(preset: Preset, things: list[bpy.types.Object]) -> Iterator[Notice]:
    if not preset.materials and any(slot.material for each in things for slot in each.material_slots):
        yield Notice("export-material", f"{preset.label} holds no materials.", "Assign them there again.")


def _of_morphs(preset: Preset, keys: list[bpy.types.Key | None], advice: str) -> Iterator[Notice]:
    active = max(map(_most_at_once, keys), default=0) if preset.operator == "export_scene.gltf" else 0
    if active > MOST_MORPHS_AT_ONCE:
        yield Notice(
            "export-morphs",
            f"Up to {active} shape keys are active at once; simple viewers of glTF mix {MOST_MORPHS_AT_ONCE}.",
            advice,
        )


def _of_bones(preset: Preset, things: list[bpy.types.Object], reason: str, advice: str) -> Iterator[Notice]:
    if preset.needs_bones and not any(each.type == "ARMATURE" for each in things):
        sentence = f"Unreal animates morph targets of skeletal meshes only, and {reason}."
        yield Notice("export-skeleton", sentence, advice)


def _of_hidden(things: list[bpy.types.Object]) -> Iterator[Notice]:
    hidden = [each.name for each in things if not each.visible_get()]
    if hidden:
        yield Notice(
            "export-hidden", f"Hidden objects are not exported: {', '.join(hidden)}.", "Show them in the Outliner."
        )


def _most_at_once(key: bpy.types.Key | None) -> int:
    """Return how many keys have a value at once, at most; absolute keys are two at once."""
    if key is None or not key.use_relative:
        return 0 if key is None else 2
    curves = [keyframes.find_curve(key, block.path_from_id("value")) for block in key.key_blocks[1:]]
    frames = sorted({float(frame) for curve in curves if curve is not None for frame in keyframes.key_frames(curve)})
    step = max(1, len(frames) // (_SAMPLES))
    return max(
        (sum(curve is not None and abs(curve.evaluate(frame)) > 1e-3 for curve in curves) for frame in frames[::step]),
        default=0,
    )
