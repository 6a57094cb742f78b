"""Masks of Blender's are read over time without touching what the user sees, and outlines are added and keyed."""

import bpy
import numpy as np
import pytest
from flame_extension.backend.contract.failure import Failure
from flame_extension.blender_flame_tracker.scene.footage import masks

WIDE = (1920.0, 1080.0)
HAND = np.array([[0.1, 0.2], [0.4, 0.25], [0.35, 0.6]])


@pytest.fixture
def mask():
    made = bpy.data.masks.new("left out")
    masks.add_outline(made, "Hand", HAND, WIDE)
    return made


def move(mask, by):
    for spline in mask.layers[0].splines:
        for point in spline.points:
            point.co = (point.co[0] + by, point.co[1])


@pytest.mark.parametrize("size", [WIDE, (1080.0, 1920.0), (500.0, 500.0)])
def test_corners_come_back_where_they_were_drawn(size):
    mask = bpy.data.masks.new("left out")
    masks.add_outline(mask, "Hand", HAND, size)
    (outline,) = masks.outlines_of(mask, [1, 2], size)
    assert outline.name == "Hand"
    np.testing.assert_allclose(outline.corners, [HAND, HAND], atol=1e-6)


def test_the_square_of_a_mask_is_as_long_as_the_longer_side():
    np.testing.assert_allclose(masks.in_mask(np.array([[0.0, 0.0], [1.0, 1.0]]), WIDE), [[0, 0.78125], [1, 0.21875]])
    np.testing.assert_allclose(masks.in_mask(np.array([[0.0, 0.0]]), (1080, 1920)), [[0.21875, 1]])


def test_a_mask_with_keys_is_read_on_every_frame_and_stays_as_the_user_sees_it(mask):
    scene = bpy.context.scene
    scene.frame_set(1)
    assert masks.key_mask(mask)
    scene.frame_set(11)
    move(mask, 0.3)
    assert masks.key_mask(mask)
    scene.frame_set(6)
    shown = tuple(mask.layers[0].splines[0].points[0].co)
    (outline,) = masks.outlines_of(mask, range(1, 21), WIDE)
    np.testing.assert_allclose(outline.corners[[0, 10, 19], 0, 0], [0.1, 0.4, 0.4], atol=1e-6)
    assert 0.1 < outline.corners[5, 0, 0] < 0.4
    assert tuple(mask.layers[0].splines[0].points[0].co) == shown and scene.frame_current == 6
    assert len(bpy.data.scenes) == 1


def test_keying_leaves_the_editors_as_they_were(mask):
    screen = bpy.context.window_manager.windows[0].screen
    before = [area.type for area in screen.areas]
    assert masks.key_mask(mask, screen.areas[0]) and [area.type for area in screen.areas] == before


def test_a_bent_piece_becomes_corners_and_a_straight_one_stays_one(mask):
    point = mask.layers[0].splines[0].points[0]
    point.handle_left_type = point.handle_right_type = "FREE"
    point.handle_right = (point.co[0], point.co[1] + 0.2)
    (outline,) = masks.outlines_of(mask, [1], WIDE)
    # Blender moves the other handle along, so that the piece before is bent, too.
    assert outline.corners.shape == (1, 2 * masks.CURVE_STEPS + 1, 2)
    assert outline.corners[0, :, 1].min() < HAND[:, 1].min() - 0.01


def test_open_splines_and_layers_hidden_from_renders_leave_nothing_out(mask):
    mask.layers[0].splines[0].use_cyclic = False
    assert masks.outlines_of(mask, [1], WIDE) == ()
    mask.layers[0].splines[0].use_cyclic = True
    mask.layers[0].hide_render = True
    assert masks.outlines_of(mask, [1], WIDE) == ()


def test_what_cannot_be_said_in_outlines_is_refused_with_a_sentence(mask):
    layer = mask.layers[0]
    layer.blend = "DIFFERENCE"
    problem = masks.outlines_of(mask, [1], WIDE)
    assert isinstance(problem, Failure) and "Hand" in problem.sentence and "Replace" in problem.advice
    layer.blend, layer.use_fill_holes = "MERGE_ADD", True
    assert len(masks.outlines_of(mask, [1], WIDE)) == 1
    for _ in range(6):
        layer.splines.new().points.add(2)
        layer.splines[-1].use_cyclic = True
    assert "7 outlines with holes" in masks.outlines_of(mask, [1], WIDE).sentence


def test_a_mask_that_follows_a_marker_is_refused_with_a_sentence(mask, tmp_path):
    from film import write_film

    film = write_film(tmp_path / "clip.mkv", np.arange(3) / 25, 25.0)
    clip = bpy.data.movieclips.load(str(film))
    point = mask.layers[0].splines[0].points[0]
    point.parent.id = clip
    assert "tracking marker" in masks.outlines_of(mask, [1], WIDE).sentence
