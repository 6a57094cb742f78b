"""Film of numbered pictures with sound and burnt-in words, written by Blender's own FFmpeg."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import bpy

from ...backend.contract.failure import Failure
from ..scene.footage.strips import new_sound_strip
from ..scene.rendering.compositor_nodes import add_node, compositor
from .pictures import empty_scene, remove_scene

_SOUND_KILOBITS: Final = 192
_OFF: Final = ("date", "render_time", "camera", "lens", "scene", "marker", "filename", "sequencer_strip", "memory")
"""Of Blender's burnt-in words: what is nobody's business in a review."""


@dataclass(frozen=True)
class Film:
    """What a film is made of.

    Attributes:
        pictures: Folder of 0001.png, 0002.png ...
        size: Of the pictures: width and height, both even.
        frames: First and last frame of the scene that they show.
        words: Written into the picture; empty for none at all.
        sound: File whose sound is heard, None for none.
        sound_start: Frame of the scene on which it begins.
    """

    pictures: Path
    size: tuple[int, int]
    frames: tuple[int, int]
    words: str
    sound: Path | None
    sound_start: int


def write_film(film: Film, scene: bpy.types.Scene, path: Path) -> Failure | None:
    """Write an MP4 (H.264, AAC); return why that is not possible, or None.

    Args:
        film: What it shows.
        scene: Of the track, for its rate.
        path: File to write, ending in .mp4.
    """
    if not bpy.app.build_options.codec_ffmpeg:
        return Failure(
            "no-ffmpeg", "This Blender was built without FFmpeg and writes no films.", "Use one from blender.org."
        )
    made: Any = empty_scene(scene, film.size)
    image: Any = None
    sounds: list[Any] = []
    try:
        made.frame_start, made.frame_end = film.frames
        image = _show_pictures(made, film)
        if film.sound is not None:
            sounds.append(new_sound_strip(made, "sound", film.sound, film.sound_start).sound)
        if film.words:
            _write_words(made.render, film)
        _write_as_film(made.render, path, with_sound=film.sound is not None)
        bpy.ops.render.render(animation=True, scene=made.name)
    except RuntimeError as error:
        return Failure(
            "film-not-written", f"Blender could not write {path.name}: {error}", "Is there room on the disk?"
        )
    finally:
        lens: Any = None if made.camera is None else made.camera.data
        remove_scene(made)
        if lens is not None:
            bpy.data.cameras.remove(lens)
        if image is not None:
            bpy.data.images.remove(image)
        for sound in sounds:
            if sound.users == 0:
                bpy.data.sounds.remove(sound)
    if not path.is_file() or path.stat().st_size == 0:
        return Failure("film-not-written", f"Blender wrote no {path.name}.", "Is there room on the disk?")
    return None


def _show_pictures(made: Any, film: Film) -> Any:
    """Let the scene show the pictures in its own frames."""
    camera = bpy.data.objects.new("FLAME Review camera", bpy.data.cameras.new("FLAME Review camera"))
    made.collection.objects.link(camera)
    made.camera = camera
    first, last = film.frames
    image: Any = bpy.data.images.load(str(film.pictures / "0001.png"), check_existing=False)
    image.source = "SEQUENCE"
    tree, output = compositor(made)
    node = add_node(tree, "CompositorNodeImage", "Pictures", output.node.location.x - 300, output.node.location.y)
    node.image = image
    node.frame_start, node.frame_offset, node.frame_duration = first, 0, last - first + 1
    node.use_auto_refresh = True
    tree.links.new(node.outputs["Image"], output)
    return image


def _write_words(render: Any, film: Film) -> None:
    render.use_stamp = render.use_stamp_frame = render.use_stamp_time = render.use_stamp_note = True
    render.use_stamp_labels = True
    for name in _OFF:
        if hasattr(render, f"use_stamp_{name}"):
            setattr(render, f"use_stamp_{name}", False)
    for name in ("use_stamp_hostname", "use_stamp_frame_range"):
        if hasattr(render, name):
            setattr(render, name, False)
    render.stamp_note_text = film.words
    render.stamp_font_size = max(10, round(film.size[1] / 34))
    render.stamp_background, render.stamp_foreground = (0.02, 0.02, 0.03, 0.6), (0.92, 0.93, 0.95, 1.0)


def _write_as_film(render: Any, path: Path, *, with_sound: bool) -> None:
    images = render.image_settings
    if hasattr(images, "media_type"):  # Since 5.0.
        images.media_type = "VIDEO"
    images.file_format, images.color_mode = "FFMPEG", "RGB"
    settings = render.ffmpeg
    settings.format, settings.codec = "MPEG4", "H264"
    settings.constant_rate_factor, settings.ffmpeg_preset = "HIGH", "GOOD"
    settings.gopsize = 12  # So that players step and jump without delay.
    settings.audio_codec = "AAC" if with_sound else "NONE"
    settings.audio_bitrate = _SOUND_KILOBITS
    render.use_file_extension = True
    render.filepath = str(path.absolute())  # Blender 5.0 finds no other path.
