"""Helpers of the tests of pins: a track of a head that can be posed, views without a window, and events."""

from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace

import bpy
import numpy as np
from flame_extension.backend.contract.camera import project
from flame_extension.backend.contract.track import TORSO, read_track, write_track
from flame_extension.blender_flame_tracker.pinning.frame import in_camera
from flame_extension.blender_flame_tracker.pinning.shot import start_pinning
from flame_extension.blender_flame_tracker.pinning.tool import PinTool
from flame_extension.blender_flame_tracker.results import selection
from flame_extension.blender_flame_tracker.scene.corrections import read_corrections
from rig_tracks import make_flame_track
from scene_probes import pixels_by_matrix

FRAMES = 12


def write_posable(folder: Path, **options) -> Path:
    """Write a track of a head that can be posed, and return the file."""
    folder.mkdir(parents=True, exist_ok=True)
    track = make_flame_track(FRAMES, turns=TORSO, strength=0.3, **options)
    assert write_track(folder / "track.npz", track) is None
    return folder / "track.npz"


def take_of(file: Path):
    """The collection of a track file that was imported."""
    return next(each for each in bpy.data.collections if each.get("flame_track") == str(file))


def shot_of():
    """Work on the pins of the result that is meant."""
    shot = start_pinning(selection.chosen(bpy.context))
    assert not hasattr(shot, "sentence"), shot
    return shot


def dragged(edit, by=(6.0, -4.0), moves=frozenset({"head"}), vertex=None):
    """Drag the point of the head that is nearest to the camera, and return its pixel before."""
    nearest = int(edit.points[:, 2].argmin()) if vertex is None else vertex
    pixel = project(edit.points[nearest], edit.intrinsics)
    assert edit.press(tuple(pixel), 3.0)
    edit.drag(tuple(pixel + by), moves)
    edit.release()
    return pixel


def pin_frame(frame, **options):
    """Drag on a frame of the scene and key it, as the tool does; return what was keyed."""
    bpy.context.scene.frame_set(frame)
    shot = shot_of()
    edit = shot.go_to(frame)
    dragged(edit, **options)
    pinned = edit.pinned()
    made = shot.key(bpy.context.scene)
    assert hasattr(made, "parts"), made
    return pinned


def pinned_frames(collection):
    """Frames of the footage that are pinned."""
    return [each.frame for each in read_corrections(collection).pinned]


def pixels_of_pose(track, row, pose):
    """Pixels of the head's vertices in a pose on a row."""
    from flame_extension.backend.contract.corrections.posed_head import PosedHead

    return project(in_camera(PosedHead(track).on(row).vertices(pose), pose), track.intrinsics_at(row))


def seen_pixels(parts, track):
    """Pixels of the head's vertices as Blender shows them on the current frame."""
    return pixels_by_matrix(parts.head, parts.camera, track.intrinsics)


def shown_track(collection):
    """The track that an import shows."""
    return read_track(Path(collection["flame_track"]))


@dataclass
class View:
    """A 3D view without a window that looks through a camera."""

    camera: object
    width: int = 640
    height: int = 480

    @property
    def region(self):
        return SimpleNamespace(width=self.width, height=self.height, x=100, y=50)

    @property
    def region_3d(self):
        projection = self.camera.calc_matrix_camera(
            bpy.context.evaluated_depsgraph_get(), x=self.width, y=self.height, scale_x=1.0, scale_y=1.0
        )
        matrix = np.array(projection @ self.camera.matrix_world.normalized().inverted())
        return SimpleNamespace(view_perspective="CAMERA", perspective_matrix=matrix)


class WorkAreaWithoutWindow:
    """Where a tool works in tests."""

    def __init__(self, view):
        self.region = view.region
        self.view = view

    @property
    def region_3d(self):
        return self.view.region_3d


def tool_on(frame):
    """The pin tool on a frame, its work_area, and the work on the frame."""
    bpy.context.scene.frame_set(frame)
    shot = shot_of()
    tool = PinTool(shot, bpy.context.scene, SimpleNamespace(as_pointer=lambda: 0))
    edit = shot.go_to(frame)
    return tool, WorkAreaWithoutWindow(View(shot.parts.camera)), edit


def event(kind, pixel=(0.0, 0.0), value="PRESS", **held):
    """An event of Blender's at a pixel of footage that fills the region."""
    keys = {"ctrl": False, "shift": False, "alt": False, "oskey": False, **held}
    x, y = 100 + pixel[0] + 0.5, 50 + 480 - pixel[1] - 0.5
    return SimpleNamespace(type=kind, value=value, mouse_x=x, mouse_y=y, **keys)
