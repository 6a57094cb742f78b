"""Review of a track, frame by frame, so that a window can show how far it is and stop it: pictures first, then film."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import Any, Final

import bpy
import numpy as np

from ...backend.contract.atomic import write_atomically
from ...backend.contract.failure import Failure
from ..paths import folder_problem, safe_name
from ..scene.footage.sound import SOUND
from ..scene.head.texture import PICTURE
from ..scene.parts import Parts
from ..scene.record import read_record
from ..scene.stored import stored
from . import review_settings as settings
from .film import Film, write_film
from .pictures import Pixels, footage_scene, head_scene, remove_scene, rendered, rendered_as_set_up, write_pixels
from .review_settings import ReviewSettings
from .wires import Wires

_GAP: Final = 4
"""Pixels between the halves."""


class Review:
    """A review in the making; `close` it in any case.

    Args:
        scene: Of the track.
        parts: Of the track, with footage.
        wanted: What is shown.

    Attributes:
        frames: First and last frame of the scene that are shown.
    """

    def __init__(self, scene: bpy.types.Scene, parts: Parts, wanted: ReviewSettings) -> None:
        self._scene, self._parts, self._wanted = scene, parts, wanted
        self.frames = (scene.frame_start, scene.frame_end)
        self._size = size_of(scene, wanted.height)
        self._folder = Path(tempfile.mkdtemp(prefix="flame-review-"))
        self._next = scene.frame_start
        self._before = scene.frame_current
        self._footage = footage_scene(scene, parts, self._size)
        textured = stored(parts.collection, PICTURE, bpy.types.Image) is not None
        self._head = head_scene(scene, parts, self._size, textured) if wanted.shown == settings.HEAD else None
        self._wires = Wires(parts.head, parts.camera, self._size) if wanted.shown == settings.WIRES else None

    @property
    def done(self) -> float:
        """Share of the pictures that are there, 0 to 1."""
        first, last = self.frames
        return (self._next - first) / (last - first + 1)

    def step(self) -> bool:
        """Make the next picture; return whether there are more to make.

        Raises:
            RuntimeError: Blender can't render here.
        """
        frame = self._next
        # Also for the footage: Blender renders a clip at the frame of the scene in the window.
        self._scene.frame_set(frame)
        beside = self._wanted.layout_of_film == settings.BESIDE
        filmed = rendered(self._footage, frame, self._folder / "footage.png") if beside or self._wires else None
        pixels = shown = self._shown(frame, filmed)
        if beside and filmed is not None:
            gap = np.zeros((shown.shape[0], _GAP, 4), dtype=np.float32)
            gap[..., 3] = 1.0
            pixels = np.concatenate([filmed, gap, shown], axis=1)
        write_pixels(pixels, self._folder / f"{frame - self.frames[0] + 1:04d}.png")
        self._next += 1
        return self._next <= self.frames[1]

    def write(self, path: Path) -> Failure | None:
        """Write the film of the pictures; return why not, or None."""
        width, height = self._size
        beside = self._wanted.layout_of_film == settings.BESIDE
        words = ""
        if self._wanted.words:
            words = f"{self._parts.collection.name}  {self._wanted.version}".strip()
        sound = stored(self._parts.collection, SOUND, bpy.types.Sound)
        start = read_record(self._parts.collection).footage_start
        heard = None if sound is None or start is None else Path(bpy.path.abspath(sound.filepath))
        size = (2 * width + _GAP if beside else width, height)
        film = Film(self._folder, size, self.frames, words, heard, start or 0)
        problem: list[Failure] = []

        def write_beside(partial: Path) -> None:
            failure = write_film(film, self._scene, partial)
            if failure is not None:
                problem.append(failure)
                raise OSError(failure.sentence)

        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            write_atomically(path, write_beside)
        except OSError as error:
            known = Failure("film-not-written", f"{path.name} can't be written: {error}.", "Choose another folder.")
            return problem[0] if problem else known
        return None

    def close(self) -> None:
        """Remove what was made on the way."""
        for scene in (self._footage, self._head):
            if scene is not None:
                remove_scene(scene)
        shutil.rmtree(self._folder, ignore_errors=True)
        self._scene.frame_set(self._before)

    def _shown(self, frame: int, filmed: Pixels | None) -> Pixels:
        """What stands at the right."""
        file = self._folder / "shown.png"
        if self._head is not None:
            return rendered(self._head, frame, file)
        if self._wires is not None and filmed is not None:
            layer: Any = self._scene.view_layers[0]
            graph = layer.depsgraph
            graph.update()
            return self._wires.draw(filmed, graph)
        solid = self._wanted.shown == settings.SOLID
        return rendered_as_set_up(self._scene, self._size, frame, file, solid=solid)


def make_review(scene: bpy.types.Scene, parts: Parts, wanted: ReviewSettings, path: Path) -> Failure | None:
    """Make a review at once; return why not, or None."""
    problem = folder_problem(path.parent)
    if problem is not None:
        return problem
    review = Review(scene, parts, wanted)
    try:
        while review.step():
            pass
        return review.write(path)
    except RuntimeError as error:
        return cannot_render(error)
    finally:
        review.close()


def cannot_render(error: Exception) -> Failure:
    """Return what Blender's own words mean."""
    words = " ".join(str(error).split())
    return Failure(
        "review-not-rendered", f"Blender could not render the review: {words}", "Wireframe needs no graphics card."
    )


def size_of(scene: bpy.types.Scene, height: int) -> tuple[int, int]:
    """Return width and height of one half of the film: even, of the shape of the scene's picture, never larger."""
    render: Any = scene.render
    wide, high = render.resolution_x * render.pixel_aspect_x, render.resolution_y * render.pixel_aspect_y
    scale = min(1.0, height / high, height / render.resolution_y)
    return max(2, 2 * round(wide * scale / 2)), max(2, 2 * round(high * scale / 2))


def review_path(parts: Parts, track: Path | None) -> Path:
    """Return the file that is proposed: beside the track, else beside the .blend."""
    folder = track.parent if track is not None else Path(bpy.path.abspath("//") or Path.home())
    return folder / f"{safe_name(parts.collection.name)}_review.mp4"
