"""Inputs and output of every kind of node: the contract's stages, and those that only Blender knows. No `bpy`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from ...backend.contract.job import STAGES, StageSpec
from ...backend.contract.retarget_settings import RetargetSettings
from ...backend.contract.settings import SceneSettings

BLENDER_STAGES: Final[Mapping[str, StageSpec]] = {
    "scene": StageSpec(
        SceneSettings, {"track": "track", "texture": "texture"}, "", "Scene", optional=frozenset({"texture"})
    ),
    "retarget": StageSpec(RetargetSettings, {"track": "track"}, "", "Retarget"),
}
"""Stages of Blender's side: the engine never sees them."""


def spec_of(kind: str) -> StageSpec:
    """Return what a kind of node takes and gives."""
    return STAGES[kind] if kind in STAGES else BLENDER_STAGES[kind]


def data_types() -> tuple[str, ...]:
    """Return all types that some stage takes, in the order of the stages. What nobody takes needs no socket."""
    specs = (*STAGES.values(), *BLENDER_STAGES.values())
    return tuple(dict.fromkeys(type_name for spec in specs for type_name in spec.inputs.values()))


def givers(type_name: str) -> str:
    """Return in words which nodes give a type of data."""
    labels = [spec.label for spec in STAGES.values() if spec.output == type_name]
    article = "an" if labels and labels[0][0] in "AEIOU" else "a"
    named = " or ".join(filter(None, (", ".join(labels[:-1]), *labels[-1:])))
    return f"{article} {named} node" if labels else "another node"
