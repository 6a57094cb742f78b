"""Properties of corrections: for any poses, pinned frames and pins."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tracks_to_correct import builtin_track

from backend.contract.camera import rotation_matrices
from backend.contract.corrections.corrections import Pin
from backend.contract.corrections.frame_solve import solve_frame
from backend.contract.corrections.pose_changes import Poses, changed, changes
from backend.contract.corrections.pose_space import PoseSpace
from backend.contract.corrections.posed_head import PosedHead
from backend.contract.corrections.reach import Anchors, Timing, spread
from backend.contract.track import Track

settings.register_profile("corrections", max_examples=60, derandomize=True, deadline=None, database=None)
settings.load_profile("corrections")

FRAMES = 60
SEEDS = st.integers(0, 10**6)


def random_poses(random: np.random.Generator, count: int = 8) -> Poses:
    axis = random.normal(size=(count, 3))
    angle = random.uniform(0, np.pi - 1e-3, (count, 1))
    depth = np.exp(random.uniform(-2, 2, (count, 1)))
    place = np.concatenate([random.uniform(-1, 1, (count, 2)), np.ones((count, 1))], axis=1)
    joints = [random.normal(size=(count, 3)) for _ in range(4)]
    return Poses(
        axis / np.linalg.norm(axis, axis=1, keepdims=True) * angle,
        place * depth,
        *joints,
        random.uniform(size=(count, 2)),
        random.normal(size=(count, 5)),
    )


@given(SEEDS)
def test_a_change_leads_from_any_pose_to_any_other_and_half_of_it_half_the_way(seed: int) -> None:
    random = np.random.default_rng(seed)
    middle = 0.02 * random.normal(size=3)
    start, end = random_poses(random), random_poses(random)
    change = changes(start, end, middle)
    again = changed(start, change, middle)
    assert np.allclose(rotation_matrices(again.head_rotation), rotation_matrices(end.head_rotation), atol=1e-8)
    assert np.allclose(again.head_translation, end.head_translation, atol=1e-8)
    assert np.allclose(again.expression, end.expression)
    half = changed(start, change / 2, middle)
    assert np.allclose(changes(half, end, middle)[:, 3:], change[:, 3:] / 2, atol=1e-8)


@st.composite
def pinned_clips(draw: st.DrawFn) -> tuple[Timing, Anchors, np.ndarray]:
    """A clip with cuts and gaps, and frames that are pinned in it."""
    rows = np.array(sorted(draw(st.sets(st.integers(0, FRAMES - 1), min_size=1, max_size=12))))
    random = np.random.default_rng(draw(SEEDS))
    shot = np.cumsum(random.uniform(size=FRAMES) < 0.03)
    present = random.uniform(size=FRAMES) > 0.03
    present[rows] = True
    frame_index = 7 + np.cumsum(np.full(FRAMES, draw(st.integers(1, 3))))
    timing = Timing(frame_index, shot, present, np.zeros(FRAMES, bool), 25.0)
    reach = random.integers(0, 40, (2, len(rows)))
    hard = random.uniform(size=len(rows)) < 0.8
    nowhere = np.zeros(len(rows), bool)
    anchors = Anchors(rows, frame_index[rows], reach[0], reach[1], hard, nowhere, nowhere)
    return timing, anchors, random.normal(size=(len(rows), 3))


@given(pinned_clips())
def test_hard_frames_are_reached_and_nothing_else_is_touched_out_of_reach(clip) -> None:
    timing, anchors, values = clip
    change, share = spread(timing, anchors, values)
    assert np.allclose(change[anchors.rows[anchors.hard]], values[anchors.hard], atol=1e-6)
    assert ((share >= 0) & (share <= 1)).all() and np.isfinite(change).all()
    assert not change[~timing.present].any() and not change[share == 0].any()
    for row in np.flatnonzero(share > 0):
        near = anchors.rows[timing.shot[anchors.rows] == timing.shot[row]]
        assert any(timing.present[min(row, other) : max(row, other) + 1].all() for other in near)


@given(pinned_clips())
def test_a_change_that_is_the_same_on_all_pinned_frames_is_nowhere_larger(clip) -> None:
    timing, anchors, values = clip
    same = replace(anchors, hard=np.ones(len(anchors.rows), bool))
    change, share = spread(timing, same, np.ones_like(values))
    assert np.allclose(change, share[:, None], atol=1e-6)


@pytest.fixture(scope="module")
def track(tmp_path_factory: pytest.TempPathFactory) -> Track:
    folder: Path = tmp_path_factory.mktemp("clip")
    return builtin_track(folder, 4)


@given(seed=SEEDS, count=st.integers(1, 20), pulled=st.floats(0, 400))
def test_no_pins_lead_beyond_what_a_face_can_do(track: Track, seed: int, count: int, pulled: float) -> None:
    random = np.random.default_rng(seed)
    head, lens = PosedHead(track).on(1), track.intrinsics
    start = head.pose_at(1)
    triangles = random.integers(0, len(track.faces), count)
    shares = random.dirichlet(np.ones(3), count)
    x, y, depth = head.motion(start, triangles, shares).points.T
    pixels = np.stack([lens.focal_x * x / depth + lens.centre_x, lens.focal_y * y / depth + lens.centre_y], axis=1)
    wanted = pixels + pulled * random.normal(size=(count, 2))
    pins = [
        Pin(int(triangle), tuple(share.tolist()), tuple(pixel.tolist()))
        for triangle, share, pixel in zip(triangles, shares, wanted, strict=True)
    ]
    solved = solve_frame(head, start, pins, lens)
    least, most = PoseSpace(head, start, lens).limits
    change = np.subtract(solved.pose.expression, start.expression)
    assert (change >= least[20:] - 1e-9).all() and (change <= most[20:] + 1e-9).all()
    assert solved.pose.head_translation[2] > 0 and np.isfinite(solved.errors).all()
    before = np.linalg.norm(wanted - pixels, axis=1)
    assert np.square(solved.errors).sum() <= np.square(before).sum() + 1e-6
