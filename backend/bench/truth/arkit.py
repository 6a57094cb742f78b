"""Truth on ARKit weights: known weights through a mesh, heads that turn, and what real clips have of phones' habits."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Final

import numpy as np

from ...contract.arrays import Array, Floats
from ...contract.camera import project
from ...contract.failure import Failure
from ...contract.performance.channels import CHANNELS, INDEX
from ...contract.performance.weights.basis import ArkitBasis, with_displacement
from ...contract.performance.weights.from_track import performance_of
from ...contract.settings import HeadSettings
from ...contract.track import Track
from ...head.builtin import builtin_head
from ...head.flame.flame_file import load_flame
from ...head.model import HeadModel
from ..chain import Setup, fit, import_stages
from ..measures import weights as measures
from ..rows import Row, at_most, without_target
from ..scenes.known_weights import TAKE, arkit_channel, pose_of_weights, single_channels, take_weights, track_of_pose
from ..scenes.synthetic import YAW, landmarks_of, noisy, scene
from .arkit_clips import clip_rows, track_of_fit
from .arkit_turning import turning_rows

FRAMES, QUICK_FRAMES = 90, 45
FOCAL: Final = 1.5
"""Focal length in picture widths of the turning head's camera."""
PROXY: Final = Path("flame_layout_proxy")


def measure(setup: Setup) -> list[Row] | Failure:
    """ARKit weights of the built-in head, and of a head in FLAME's layout whose ARKit shapes are known.

    Back and forth: known weights pose the head, and the weights of that track are compared with them; root mean square
    over all channels that are tracked, and of the worst one. The take: the first 1,499 frames of a phone's take,
    clamped to 1. One at a time: each channel rises to 1 and falls in nine frames. Turned: the same track with the head
    and the neck turned by 30 degrees. Turned, fitted: the same performance filmed without pictures (exact landmarks, 1
    px noise), once turning by 30 degrees to both sides and once facing the camera, both fitted; difference of weights,
    and that of two takes that face the camera and differ in their noise alone. People who turn: see `arkit_turning`.
    Clips: see `arkit_clips.clip_rows`.
    """
    import_stages()
    head = builtin_head()
    rows = [*known_rows(setup, head), *_turned_rows(head)]
    fitted = _fitted_turn_rows(setup, head)
    if isinstance(fitted, Failure):
        return fitted
    for measured in (turning_rows, clip_rows):
        found = measured(setup, head)
        if isinstance(found, Failure):
            return found
        fitted += found
    return [*rows, *fitted]


def known_rows(setup: Setup, head: HeadModel) -> list[Row]:
    """Return the rows of known weights."""
    rows = _compared("one at a time", track_of_pose(head, pose_of_weights(head, single_channels())), single_channels())
    take = setup.data / TAKE
    if not take.is_file():
        return rows
    wanted = np.clip(take_weights(take), 0, 1)[: 300 if setup.quick else None]
    rows += _compared("a phone's take", track_of_pose(head, pose_of_weights(head, wanted)), wanted)
    if (setup.data / PROXY / "flame_proxy_arkit.npz").is_file():
        rows += _proxy_rows(setup, wanted)
    return rows


def _compared(name: str, track: Track, wanted: Array, basis: ArkitBasis | None = None) -> list[Row]:
    solved = performance_of(track, basis=basis)
    assert not isinstance(solved, Failure)
    every, worst, channel = measures.errors(solved.performance.weights, wanted)
    return [
        at_most(f"{name}, back and forth: error of weights", every, 0.03, digits=3),
        at_most(f"{name}: worst channel ({channel})", worst, 0.08, digits=3),
    ]


def _proxy_rows(setup: Setup, wanted: Array) -> list[Row]:
    """Return the rows of the head in FLAME's layout, whose expressions are no ARKit's; it has no mouthClose."""
    head = load_flame(setup.data / PROXY / "flame_proxy.npz", HeadSettings())
    assert not isinstance(head, Failure)
    basis, codes = proxy_basis(setup.data / PROXY / "flame_proxy_arkit.npz")
    by_joints = [name.startswith("eyeLook") or name == "jawOpen" for name in CHANNELS]
    wanted = np.where(basis.has | by_joints, wanted, 0)
    expression = (wanted @ codes)[:, : head.expression_basis.shape[2]]
    pose = pose_of_weights(head, wanted, expression, basis.jaw_open)
    return _compared("the take on a head in FLAME's layout", track_of_pose(head, pose), wanted, basis)


def proxy_basis(path: Path) -> tuple[ArkitBasis, Floats]:
    """Return ARKit's shapes on the shared head in FLAME's layout, and its codes of them (52, 100)."""
    codes = np.zeros((len(CHANNELS), 100))
    with np.load(path) as file:
        displacement = np.zeros((*file["deltas"].shape[:2], len(CHANNELS)))
        for index in np.flatnonzero(file["in_expr"]):
            channel = arkit_channel(str(file["names"][index]))
            if channel is not None:
                displacement[..., INDEX[channel]] += file["deltas"][..., index]
                codes[INDEX[channel]] += file["expr100"][index]
        return with_displacement(displacement, "its own", float(np.radians(file["jaw_open_deg"]))), codes


def _turned_rows(head: HeadModel) -> list[Row]:
    """Return the row of a track whose head and neck are turned after the fact."""
    track = track_of_pose(head, pose_of_weights(head, single_channels()[::4]))
    turn = YAW * np.sin(np.linspace(0, 9, len(track)))[:, None] * (0.3, 0.9, 0.2)
    turned = replace(track, neck_pose=turn, head_rotation=track.head_rotation + turn)
    change = np.nanmax(np.abs(_weights(turned) - _weights(track)))
    return [at_most("head and neck turned by 30°: largest change of a weight", float(change), 0.02, digits=4)]


def _fitted_turn_rows(setup: Setup, head: HeadModel) -> list[Row] | Failure:
    """Return the rows of a performance that is fitted facing the camera and turning."""
    # Exact landmarks lie on their places, not where a detector would see them.
    head = replace(head, detector_offsets=None)
    found = []
    for yaw, noise in ((0.0, 0), (float(YAW), 0), (0.0, 1)):
        filmed = scene(head, 0, QUICK_FRAMES if setup.quick else FRAMES, FOCAL, yaw)
        pixels = noisy(project(filmed.points, filmed.intrinsics), noise)
        fitted = fit(setup, landmarks_of(pixels, filmed.intrinsics), head, filmed.intrinsics.focal_x)
        if isinstance(fitted, Failure):
            return fitted
        track = track_of_fit(setup, fitted, head, f"turning{yaw:.1f}-{noise}")
        if isinstance(track, Failure):
            return track
        found.append(_weights(track))
    every, worst, channel = measures.errors(found[1], found[0])
    repeated, _, _ = measures.errors(found[2], found[0])
    return [
        at_most("turning by 30°, fitted: change of weights", every, 0.02, digits=3),
        without_target(f"turning by 30°, fitted: worst channel ({channel})", worst, digits=3),
        without_target("facing the camera, fitted twice with other noise: change", repeated, digits=3),
    ]


def _weights(track: Track) -> Array:
    solved = performance_of(track)
    assert not isinstance(solved, Failure)
    return solved.performance.weights
