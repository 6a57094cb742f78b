"""VRM animations, read back by a reader of glTF that is not ours, and by the rules of the specification."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from pygltflib import GLTF2

from backend.contract.camera import rotation_matrices
from backend.contract.failure import Failure
from backend.contract.performance.channels import CHANNELS, INDEX
from backend.contract.performance.characters.vrm_presets import PRESETS, presets_for
from backend.contract.performance.formats.vrm_animation import EXTENSION, vrm_animation
from backend.contract.performance.performance import FILE, NOT_TRACKED, Performance

FRAMES = 30
NEEDED = {"hips", "spine", "head"} | {
    f"{side}{bone}"
    for side in ("left", "right")
    for bone in ("UpperArm", "LowerArm", "Hand", "UpperLeg", "LowerLeg", "Foot")
}
LOOKS = {"lookUp", "lookDown", "lookLeft", "lookRight"}


def acted() -> Performance:
    random = np.random.default_rng(3)
    weights = random.uniform(0, 1, (FRAMES, len(CHANNELS)))
    weights[:, INDEX["tongueOut"]] = np.nan
    weights[4:7] = np.nan
    gaze = np.radians(random.uniform(-15, 15, (FRAMES, 1, 2))).repeat(2, axis=1)
    source = tuple(NOT_TRACKED if channel == "tongueOut" else FILE for channel in CHANNELS)
    times = np.arange(FRAMES) / 25
    turned = random.uniform(-0.5, 0.5, (FRAMES, 3))
    return Performance("clip", Fraction(25), times, weights, gaze, turned, None, source, np.ones(len(CHANNELS)))


class Read:
    """The file as pygltflib sees it: the values of each animated node."""

    def __init__(self, content: bytes | Failure) -> None:
        assert isinstance(content, bytes)
        self.file: Any = GLTF2.load_from_bytes(content)
        self.extension = self.file.extensions[EXTENSION]
        animation = self.file.animations[0]
        self.values = {
            (channel.target.node, channel.target.path): (
                self.array(animation.samplers[channel.sampler].input),
                self.array(animation.samplers[channel.sampler].output),
            )
            for channel in animation.channels
        }

    def array(self, index: int) -> np.ndarray:
        accessor = self.file.accessors[index]
        view = self.file.bufferViews[accessor.bufferView]
        width = {"SCALAR": 1, "VEC3": 3, "VEC4": 4}[accessor.type]
        data = self.file.binary_blob()[view.byteOffset : view.byteOffset + view.byteLength]
        return np.frombuffer(data, "<f4").reshape(accessor.count, width)

    def expression(self, kind: str, name: str) -> np.ndarray:
        values = self.values[self.extension["expressions"][kind][name]["node"], "translation"][1]
        assert not values[:, 1:].any()
        return values[:, 0]

    def turned(self, node: int) -> np.ndarray:
        x, y, z, w = self.values[node, "rotation"][1].astype(np.float64).T
        length = np.sqrt(x * x + y * y + z * z)
        axis = np.stack([x, y, z], 1) / np.where(length > 0, length, 1)[:, None]
        return rotation_matrices(axis * (2 * np.arctan2(length, w))[:, None])


def test_weights_are_the_translation_of_nodes_and_frames_without_a_face_have_no_keys() -> None:
    performance = acted()
    read = Read(vrm_animation(performance, "program", perfect_sync=True))
    shown = performance.has_face
    for channel, entry in read.extension["expressions"]["custom"].items():
        times, _ = read.values[entry["node"], "translation"]
        assert np.allclose(times[:, 0], performance.time[shown], atol=1e-6)
        assert np.allclose(read.expression("custom", channel), performance.weights[shown, INDEX[channel]], atol=1e-6)


def test_an_own_expression_is_no_preset_no_gaze_and_nothing_that_is_not_tracked() -> None:
    names = set(Read(vrm_animation(acted(), "program", perfect_sync=True)).extension["expressions"]["custom"])
    expected = {channel for channel in CHANNELS if not channel.startswith("eyeLook")} - {"tongueOut"}
    assert names == expected and not names & (set(PRESETS) | LOOKS)


def test_the_presets_of_gaze_and_the_bones_of_the_eyes_are_not_animated() -> None:
    extension = Read(vrm_animation(acted(), "program")).extension
    assert extension["specVersion"] == "1.0" and set(extension["expressions"]) == {"preset"}
    assert set(extension["expressions"]["preset"]) == set(PRESETS) and not LOOKS & set(PRESETS)
    bones = set(extension["humanoid"]["humanBones"])
    assert bones >= NEEDED and not bones & {"leftEye", "rightEye"}


def test_the_skeleton_rests_in_a_t_pose_and_only_turns() -> None:
    read = Read(vrm_animation(acted(), "program"))
    bones = {name: entry["node"] for name, entry in read.extension["humanoid"]["humanBones"].items()}
    above = {child: index for index, node in enumerate(read.file.nodes) for child in node.children or ()}

    def position(node: int) -> np.ndarray:
        offset = np.array(read.file.nodes[node].translation or (0, 0, 0), dtype=float)
        return offset + (position(above[node]) if node in above else 0)

    assert all(node.rotation is None and node.scale is None for node in read.file.nodes)
    hand, arm, foot = (position(bones[name]) for name in ("leftHand", "leftUpperArm", "leftFoot"))
    assert hand[0] > arm[0] > 0 and abs(hand[1] - arm[1]) < 1e-6 and 0 < foot[1] < 0.15
    assert {path for node, path in read.values if node in bones.values()} == {"rotation"}


def test_neck_and_head_together_turn_as_the_head_does() -> None:
    performance = acted()
    read = Read(vrm_animation(performance, "program"))
    bones = read.extension["humanoid"]["humanBones"]
    turned = read.turned(bones["neck"]["node"]) @ read.turned(bones["head"]["node"])
    assert performance.head_rotation is not None
    assert np.allclose(turned, rotation_matrices(performance.head_rotation[performance.has_face]), atol=1e-5)


def test_the_gaze_is_the_rotation_of_a_node_that_rests_along_z() -> None:
    performance = acted()
    read = Read(vrm_animation(performance, "program"))
    look = read.turned(read.extension["lookAt"]["node"]) @ np.array([0.0, 0.0, 1.0])
    assert performance.gaze is not None
    yaw, pitch = performance.gaze[performance.has_face].mean(axis=1).T  # towards the subject's right, which is -X; down
    assert np.allclose(np.arctan2(-look[:, 0], look[:, 2]), yaw, atol=1e-5)
    assert np.allclose(np.arcsin(-look[:, 1]), pitch, atol=1e-5)


@pytest.mark.parametrize("preset", PRESETS)
def test_the_channels_of_a_preset_alone_give_that_preset_back(preset: str) -> None:
    weights = np.zeros((1, len(CHANNELS)))
    for channel, factor in PRESETS[preset].items():
        weights[0, INDEX[channel]] = factor
    found = presets_for(weights)[0]
    table = np.array([[parts.get(channel, 0.0) for channel in CHANNELS] for parts in PRESETS.values()])
    assert np.abs(found @ table - weights).max() < 0.02
    if preset not in ("ih", "ou"):  # these are smaller forms of ee and oh
        assert list(PRESETS)[int(found.argmax())] == preset


def test_a_performance_without_a_face_is_refused() -> None:
    performance = acted()
    empty = replace(performance, weights=np.full_like(performance.weights, np.nan))
    assert isinstance(vrm_animation(empty, "program"), Failure)
