"""A jaw bone beside shape keys: who opens the mouth, and that nobody does it twice."""

from __future__ import annotations

import pytest

from backend.contract.performance.characters.doubling import left_to_keys
from backend.contract.performance.characters.facts import CharacterFacts, KeyFacts, MeshFacts
from backend.contract.performance.characters.mapping import JointTarget, ShapeTarget

JAW = JointTarget("Rig", "Jaw", "jaw")


@pytest.mark.parametrize(
    ("keys", "bone_opens"),
    [(("jawOpen", "jawLeft", "jawRight"), False), (("jawLeft", "jawRight"), True), (("mouthFunnel",), True)],
)
def test_the_bone_opens_the_mouth_unless_a_key_of_its_vertices_does(keys: tuple[str, ...], bone_opens: bool) -> None:
    mesh = MeshFacts("Head", tuple(KeyFacts(key, shared_with=("Jaw",)) for key in keys), "Rig", frozenset({"Jaw"}))
    shapes = tuple(ShapeTarget("Head", key, {key: 1.0}) for key in keys)
    (joint,) = left_to_keys(CharacterFacts((mesh,)), (JAW,), shapes)
    assert joint.use == bone_opens
