"""Mappings to characters: kept as JSON, and what they set shape keys to."""

from __future__ import annotations

import numpy as np
import pytest

from backend.contract.failure import Failure
from backend.contract.performance.channels import CHANNELS, INDEX
from backend.contract.performance.characters.mapping import (
    ControlTarget,
    JointTarget,
    Mapping,
    ShapeTarget,
    SurfaceTarget,
    parse_mapping,
    values_of,
)

MAPPING = Mapping(
    "made for this test",
    (ShapeTarget("Kopf", "Mund_auf", {"jawOpen": 0.5, "mouthFunnel": 0.25}),),
    (ControlTarget("Rig", "CTRL_C_jaw", "location", 1, {"jawOpen": 1.0}),),
    (JointTarget("Rig", "head", "head", 0.6),),
    (SurfaceTarget("Rig", "lips.L", (61,), 0),),
    ("Mund_auf", "head"),
)


def test_a_mapping_survives_being_written() -> None:
    assert parse_mapping(MAPPING.to_json()) == MAPPING


def test_a_key_gets_the_sum_of_its_channels_and_nothing_where_there_is_no_face() -> None:
    weights = np.zeros((3, len(CHANNELS)))
    weights[0, [INDEX["jawOpen"], INDEX["mouthFunnel"]]] = 0.8, 0.4
    weights[1, INDEX["jawOpen"]] = 4.0
    weights[2] = np.nan
    assert values_of(MAPPING.shapes[0], weights) == pytest.approx([0.5, 1.0, np.nan], nan_ok=True)


def test_a_channel_that_is_not_tracked_moves_nothing() -> None:
    weights = np.zeros((1, len(CHANNELS)))
    weights[0, INDEX["mouthFunnel"]] = np.nan
    assert values_of(MAPPING.shapes[0], weights) == pytest.approx([0.0])


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("{", "mapping-not-json"),
        ('{"schema": 9}', "mapping-schema"),
        ('{"schema": 1, "shapes": [{"mesh": "a", "key": "b", "parts": {"smile": 1}}]}', "mapping-channel"),
        ('{"schema": 1, "shapes": [{"mesh": "a", "key": 3, "parts": {}}]}', "mapping-damaged"),
        ('{"schema": 1, "joints": [{"armature": "a", "bone": "b", "joint": "knee"}]}', "mapping-damaged"),
        (
            '{"schema": 1, "controls": [{"armature": "a", "bone": "b", "path": "property", "index": "x"}]}',
            "mapping-damaged",
        ),
        ('{"schema": 1, "surface": [{"armature": "a", "bone": "b", "landmarks": null}]}', "mapping-damaged"),
        ('{"schema": 1, "shapes": 7}', "mapping-damaged"),
        ('{"schema": 1, "shapes": [{"mesh": "a", "key": "b"}]}', "mapping-damaged"),
        ('{"schema": 1, "surface": [{"armature": "a", "bone": "b", "landmarks": [1.5]}]}', "mapping-damaged"),
        ('{"schema": 1, "shapes": [{"mesh": "a", "key": "b", "parts": {}, "colour": 1}]}', "mapping-damaged"),
    ],
)
def test_a_mapping_that_cannot_be_used_is_refused(text: str, code: str) -> None:
    refused = parse_mapping(text)
    assert isinstance(refused, Failure) and refused.code == code
    assert "__init__" not in refused.sentence


def test_what_a_file_leaves_empty_is_as_usual() -> None:
    text = '{"schema": 1, "shapes": [{"mesh": "a", "key": "b", "parts": {"jawOpen": 1}, "use": null, "high": null}]}'
    assert parse_mapping(text) == Mapping("", (ShapeTarget("a", "b", {"jawOpen": 1}),))


def test_other_names_of_the_objects_are_taken_over() -> None:
    renamed = MAPPING.renamed({"Kopf": "Kopf.001", "Rig": "Rig.001"})
    assert renamed.shapes[0].mesh == "Kopf.001" and renamed.surface[0].armature == "Rig.001"
