"""Picture of a hat on filmed heads, by *Set Up Render*: ``python -m tools.draw_hat OUT.jpg TRACK.npz:FRAMES[:CROP] …``.

FRAMES are frames of the scene, as 2,10,22; CROP is left,top,width,height of the footage that is shown, else all of it.
Above stands the footage, below the same frames with the hat. Needs Blender's module and the tracks' footage, with
*Appearance* in the tracks for the light.
"""

from __future__ import annotations

import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import bpy
from PIL import Image

from blender_flame_tracker.headless.command import submodule
from tools.hat import HatShape, make_hat

TILE: Final = (360, 288)
SAMPLES: Final = 96
GAP: Final = 4


@dataclass(frozen=True)
class Shot:
    """A track, the frames of it that are shown, and how much of them (left, top, width, height; None for all)."""

    track: Path
    frames: tuple[int, ...]
    crop: tuple[int, int, int, int] | None


def shot_of(text: str) -> Shot:
    """Return what an argument says."""
    track, frames, *crop = text.split(":")
    numbers = tuple(int(each) for each in frames.split(","))
    if not crop:
        return Shot(Path(track), numbers, None)
    left, top, width, height = (int(each) for each in crop[0].split(","))
    return Shot(Path(track), numbers, (left, top, width, height))


def tiles_of(shot: Shot, folder: Path) -> list[tuple[Image.Image, Image.Image]]:
    """Return every frame as filmed and with the hat."""
    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
    scene: Any = bpy.context.scene
    parts = (
        submodule("blender_flame_tracker.scene.importer")
        .import_track(shot.track, submodule("backend.contract.settings").SceneSettings())
        .parts
    )
    hat = make_hat(parts.head, HatShape())
    settings = submodule("blender_flame_tracker.scene.rendering.render_settings").RenderSettings
    wanted = settings(head="shadow", engine="cycles", light="world", grain=1.0)
    submodule("blender_flame_tracker.scene.rendering.render_setup").set_up_render(scene, parts, wanted, shot.track)
    scene.cycles.device, scene.cycles.use_denoising = "CPU", True
    scene.render.image_settings.file_format, scene.render.image_settings.color_mode = "PNG", "RGB"
    tiles = []
    for frame in shot.frames:
        pair = []
        for shown in (False, True):
            for part in hat:
                part.hide_render = not shown
            scene.cycles.samples = SAMPLES if shown else 1
            scene.frame_set(frame)
            scene.render.filepath = str(folder / f"{frame}{shown}.png")
            bpy.ops.render.render(write_still=True)
            pair.append(_tile(Path(scene.render.filepath), shot))
        tiles.append((pair[0], pair[1]))
    return tiles


def _tile(path: Path, shot: Shot) -> Image.Image:
    picture = Image.open(path).convert("RGB")
    if shot.crop is not None:
        left, top, width, height = shot.crop
        picture = picture.crop((left, top, left + width, top + height))
    return picture if picture.size == TILE else picture.resize(TILE, Image.Resampling.LANCZOS)


def main(arguments: list[str]) -> None:
    """Draw the picture."""
    out, *texts = arguments
    with tempfile.TemporaryDirectory() as folder:
        tiles = [pair for text in texts for pair in tiles_of(shot_of(text), Path(folder))]
    width, height = TILE
    sheet = Image.new("RGB", (len(tiles) * (width + GAP) - GAP, 2 * height + GAP), "white")
    for column, pair in enumerate(tiles):
        for row, picture in enumerate(pair):
            sheet.paste(picture, (column * (width + GAP), row * (height + GAP)))
    sheet.save(out, quality=86, optimize=True)


if __name__ == "__main__":
    main(sys.argv[1:])
