"""The solve of a bone face goes in steps: it can be stopped, and nobody sees the poses that it tries."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import bpy
from flame_extension.backend.contract.failure import Failure
from flame_extension.blender_flame_tracker.retarget.writing.apply import prepare_in_steps
from flame_extension.blender_flame_tracker.steps import finished
from performances import make_performance
from rigify_faces import REPLACE, TALKING, mapping_of, play, stored_rig


def test_handlers_of_other_add_ons_do_not_see_poses_that_are_tried(addon: Any) -> None:
    rig = stored_rig(modular=False)
    scenes: list[str] = []

    def listen(scene: Any, _: Any) -> None:
        scenes.append(scene.name)

    handlers = bpy.app.handlers
    lists = [handlers.depsgraph_update_post, handlers.frame_change_pre, handlers.frame_change_post]
    for each in lists:
        each.append(listen)
    try:
        play(rig, make_performance({"jawOpen": [0, 1]}))
        assert all(listen in each for each in lists)
    finally:
        for each in lists:
            each.remove(listen)
    assert set(scenes) <= {bpy.context.scene.name}


def test_what_is_stopped_half_way_leaves_nothing_behind(addon: Any) -> None:
    rig = stored_rig(modular=False)
    kinds = (bpy.data.objects, bpy.data.scenes, bpy.data.armatures, bpy.data.actions)
    before = [set(kind) for kind in kinds]
    heard: list[str] = []

    def listen(scene: Any, _: Any) -> None:
        heard.append(scene.name)

    bpy.app.handlers.frame_change_post.append(listen)
    steps = prepare_in_steps(make_performance(TALKING), 1, Fraction(24), mapping_of(rig), REPLACE, bpy.context.scene)
    try:
        parts = [next(steps) for _ in range(3)]
        assert 0 < parts[0] < parts[1] < parts[2] < 1 and len(bpy.data.scenes) == 2
        # Between two steps other add-ons hear of what the user does.
        bpy.context.scene.frame_set(7)
        assert heard == [bpy.context.scene.name]
        steps.close()
    finally:
        bpy.app.handlers.frame_change_post.remove(listen)
    assert [set(kind) for kind in kinds] == before
    assert rig.animation_data is None or rig.animation_data.action is None


def test_the_first_frame_alone_tells_which_channels_there_will_be(addon: Any) -> None:
    rig = stored_rig(modular=False)
    planned = []
    for first_frame in (True, False):
        made = finished(
            prepare_in_steps(
                make_performance(TALKING), 1, Fraction(24), mapping_of(rig), REPLACE, bpy.context.scene,
                first_frame=first_frame,
            )
        )  # fmt: skip
        assert not isinstance(made, Failure)
        planned.append(made.plan)
    assert [each.address for each in planned[0].planned] == [each.address for each in planned[1].planned]
    assert [len(each.frame) for each in planned] == [1, 4]
