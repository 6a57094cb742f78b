"""Characters whose track was changed since it was applied."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import bpy
import numpy as np
from flame_extension.backend.contract.track import write_track
from flame_extension.blender_flame_tracker.retarget.behind import is_behind
from performed_tracks import FRAMES, imported, performed


def test_a_character_is_behind_from_the_next_import_until_it_is_applied_again(
    addon: Any, character: Any, tmp_path: Path
) -> None:
    collection = imported(tmp_path, performed(jawOpen=np.linspace(0, 1, FRAMES)))

    def apply() -> None:
        assert bpy.ops.flame.retarget(character="Face") == {"FINISHED"}
        assert not is_behind(character.face)

    def update(**changes: Any) -> None:
        bpy.context.view_layer.objects.active = next(each for each in collection.all_objects if each.type == "MESH")
        assert bpy.ops.flame.update_result(**changes) == {"FINISHED"}

    assert not is_behind(character.face), "it plays nothing"
    apply()
    update(start_at=40)
    assert is_behind(character.face)
    apply()
    assert write_track(tmp_path / "track.npz", performed(jawOpen=0.5)) is None
    update()
    assert is_behind(character.face)
    apply()
    bpy.data.collections.remove(collection)
    assert not is_behind(character.face), "nothing is there to follow"
