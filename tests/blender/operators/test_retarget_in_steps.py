"""Apply to Character in a window: a face of bones is solved bit by bit, and ESC leaves the character as it was."""

from types import SimpleNamespace
from typing import Any

import bpy
import numpy as np
import pytest
from flame_extension.blender_flame_tracker.operators import retarget
from flame_extension.blender_flame_tracker.scene import keyframes
from performed_tracks import imported, performed
from rigify_faces import stored_rig

RAMP = np.linspace(0, 0.8, 30)


class Click(SimpleNamespace):
    """What Blender makes of the operator when it is clicked; there is no window here."""

    properties = SimpleNamespace(is_property_set=lambda _name: False)
    character = track = ""

    def __init__(self) -> None:
        super().__init__(said=[])

    def __getattr__(self, name: str) -> Any:
        return getattr(retarget.Retarget, name).__get__(self)

    def report(self, level: set[str], text: str) -> None:
        self.said.append((*level, text))


class Window:
    """The window manager and workspace of a context, as far as the operator uses them; what it shows meanwhile."""

    def __init__(self) -> None:
        self.timers, self.status, self.asked = 0, "", ""
        self.workspace = SimpleNamespace(status_text_set=lambda text: setattr(self, "status", text))
        self.window_manager = SimpleNamespace(
            event_timer_add=self._add,
            event_timer_remove=self._remove,
            progress_begin=lambda *_: None,
            progress_update=lambda _: None,
            progress_end=lambda: None,
            modal_handler_add=lambda _: None,
            invoke_props_dialog=self._ask,
        )

    def __getattr__(self, name: str) -> Any:
        return getattr(bpy.context, name)

    def _add(self, *_: Any, **__: Any) -> str:
        self.timers += 1
        return "timer"

    def _remove(self, _: str) -> None:
        self.timers -= 1

    def _ask(self, _: Any, **shown: Any) -> set[str]:
        self.asked = shown["title"]
        return {"RUNNING_MODAL"}


@pytest.fixture
def rig(addon: Any, tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A Rigify face and a track to be put onto it; every piece of work takes the time of one pose."""
    rig = stored_rig(modular=False)
    bpy.context.scene.render.fps = 25
    imported(tmp_path, performed(jawOpen=RAMP, browInnerUp=RAMP))
    bpy.context.view_layer.objects.active = rig
    monkeypatch.setattr(retarget, "_AT_ONCE", 1e-9)
    return rig


def event(kind: str) -> Any:
    return SimpleNamespace(type=kind)


def is_as_it_was(rig: Any) -> bool:
    return rig.animation_data is None or rig.animation_data.action is None


def test_it_goes_on_with_the_timer_and_writes_at_the_end(rig: Any) -> None:
    click, window = Click(), Window()
    assert click.invoke(window, None) == {"RUNNING_MODAL"}
    assert window.timers == 1 and "Esc stops" in window.status
    assert click.modal(window, event("MOUSEMOVE")) == {"RUNNING_MODAL"} and is_as_it_was(rig)
    outcomes = [click.modal(window, event("TIMER"))]
    while outcomes[-1] == {"RUNNING_MODAL"}:
        assert is_as_it_was(rig)
        outcomes.append(click.modal(window, event("TIMER")))
    assert outcomes[-1] == {"FINISHED"}, click.said
    assert len(keyframes.curves_of(rig)) > 200 and (window.timers, window.status) == (0, None)
    assert bpy.context.scene.flame_retarget.character == rig


def test_esc_leaves_everything_as_it_was(rig: Any) -> None:
    click, window = Click(), Window()
    before = len(bpy.data.scenes), len(bpy.data.objects), len(bpy.data.armatures), len(bpy.data.actions)
    click.invoke(window, None)
    assert click.modal(window, event("ESC")) == {"CANCELLED"}
    assert is_as_it_was(rig) and (window.timers, window.status) == (0, None)
    assert (len(bpy.data.scenes), len(bpy.data.objects), len(bpy.data.armatures), len(bpy.data.actions)) == before
    assert click.said == [("INFO", "Stopped; the character is as it was.")]


def test_what_is_there_is_asked_about_before_the_long_part(rig: Any) -> None:
    rig.pose.bones["jaw_master"].keyframe_insert("rotation_quaternion", frame=1)
    click, window = Click(), Window()
    click.invoke(window, None)
    assert window.asked == "4 channels with keys of rig are there already." and window.timers == 0
    assert click.existing == "layer"


def _delete_character(rig: Any) -> None:
    bpy.data.objects.remove(rig)


def _delete_import(_rig: Any) -> None:
    for collection in list(bpy.data.collections):
        bpy.data.collections.remove(collection)


def _delete_copy(_rig: Any) -> None:
    bpy.data.scenes.remove(bpy.data.scenes["Working Copy"])


def _change_scene(_rig: Any) -> None:
    bpy.ops.scene.new(type="NEW")


def _undo(_rig: Any) -> None:
    bpy.ops.ed.undo()


@pytest.mark.parametrize("change", [_delete_character, _delete_import, _delete_copy, _change_scene, _undo])
def test_what_is_changed_in_another_window_meanwhile_ends_it_with_a_sentence(
    rig: Any, change: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retarget, "_SLICE", 1e-3)
    for name in ("before", "since"):
        bpy.ops.ed.undo_push(message=name)
    click, window = Click(), Window()
    click.invoke(window, None)
    for _ in range(50):
        if "Working Copy" not in bpy.data.scenes:
            assert click.modal(window, event("TIMER")) == {"RUNNING_MODAL"}
    assert "Working Copy" in bpy.data.scenes
    change(rig)
    monkeypatch.setattr(retarget, "_SLICE", 1.0)
    while (outcome := click.modal(window, event("TIMER"))) == {"RUNNING_MODAL"}:
        pass
    assert outcome == {"CANCELLED"} and [level for level, _ in click.said] == ["ERROR"]
    assert "changed meanwhile" in click.said[0][1] and (window.timers, window.status) == (0, None)
    assert not bpy.data.actions or all(is_as_it_was(each) for each in bpy.data.objects if each.name == "rig")
    assert "Working Copy" not in bpy.data.scenes and len(bpy.data.armatures) <= 2
