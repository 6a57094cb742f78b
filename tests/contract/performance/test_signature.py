"""A mapping that was made for a character before is found again by the names of its keys and bones."""

from __future__ import annotations

from dataclasses import replace

from backend.contract.performance.characters.facts import ArmatureFacts, BoneFacts, CharacterFacts, KeyFacts, MeshFacts
from backend.contract.performance.characters.mapping import JointTarget, Mapping, ShapeTarget
from backend.contract.performance.characters.signature import best_for, fitted_to, grown, likeness

KEYS = ("Mund_auf", "Auge_zu_L", "Auge_zu_R", "Laecheln")


def character(
    face: str = "Face", teeth: str = "Teeth", rig: str = "Rig", keys: tuple[str, ...] = KEYS
) -> CharacterFacts:
    return CharacterFacts(
        (MeshFacts(face, tuple(KeyFacts(key) for key in keys)), MeshFacts(teeth, (KeyFacts("Mund_auf"),))),
        (ArmatureFacts(rig, (BoneFacts("Kopf"),)),),
    )


MAPPING = Mapping(
    "by hand",
    (
        ShapeTarget("Face", "Mund_auf", {"jawOpen": 1.0}),
        ShapeTarget("Face", "Laecheln", {"mouthSmileLeft": 0.5}),
        ShapeTarget("Teeth", "Mund_auf", {"jawOpen": 1.0}),
    ),
    joints=(JointTarget("Rig", "Kopf", "head"),),
    signature=tuple(sorted(character().names)),
)


def test_copies_and_new_names_of_objects_are_followed() -> None:
    assert best_for([MAPPING], character()) == MAPPING
    copy = best_for([MAPPING], character("Face.001", "Teeth.001", "Rig.002"))
    assert copy == MAPPING.renamed({"Face": "Face.001", "Teeth": "Teeth.001", "Rig": "Rig.002"})
    other = best_for([MAPPING], character("Gesicht", "Zähne", "Skelett"))
    assert other == MAPPING.renamed({"Face": "Gesicht", "Teeth": "Zähne", "Rig": "Skelett"})


def test_some_keys_may_be_gone_and_are_left_out() -> None:
    lacking = character(keys=tuple(key for key in KEYS if key != "Laecheln"))
    found = best_for([MAPPING], lacking)
    assert found is not None and [each.key for each in found.shapes] == ["Mund_auf", "Mund_auf"]


def test_another_character_is_not_taken_for_it() -> None:
    other = CharacterFacts((MeshFacts("Face", tuple(KeyFacts(name) for name in ("jawOpen", "Mund_auf"))),))
    assert likeness(MAPPING.signature, other.names) < 0.5 and best_for([MAPPING], other) is None


def test_the_mapping_with_most_names_in_common_holds() -> None:
    less = replace(MAPPING, kind="less", signature=(*MAPPING.signature, "Nase"))
    found = best_for([less, MAPPING], character())
    assert found is not None and found.kind == "by hand"


def test_what_the_character_lacks_is_dropped() -> None:
    assert fitted_to(MAPPING, CharacterFacts()) == replace(MAPPING, shapes=(), joints=())


def test_keys_that_the_character_has_got_since_join_what_was_edited() -> None:
    edited = replace(MAPPING, shapes=MAPPING.shapes[1:])
    same = replace(MAPPING, kind="fresh")
    assert grown(edited, same) is None, "what the user took out stays out"
    new = ShapeTarget("Beard", "Mund_auf_Bart", {"jawOpen": 1.0})
    fresh = replace(same, shapes=(*MAPPING.shapes, new), signature=(*MAPPING.signature, "Mund_auf_Bart"))
    more = grown(edited, fresh)
    assert more == replace(edited, shapes=(*edited.shapes, new), signature=fresh.signature)


def test_a_mapping_without_a_face_gives_way_to_one_with_it() -> None:
    head_alone = replace(MAPPING, shapes=())
    assert grown(head_alone, MAPPING) == MAPPING and grown(head_alone, head_alone) is None
