"""The footage behind the head: a movie clip, and the camera's background picture, aligned in time."""

from __future__ import annotations

import contextlib
import math
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any, Final, Literal

import bpy

from ....backend.contract.camera import Intrinsics, blender_lens
from ....backend.contract.distortion import CurvedLens
from ....backend.contract.failure import Failure, Notice
from ....backend.contract.file_access import is_file
from ....backend.contract.footage import COPY_REASON, HIGH_RANGE, OTHER_PICTURE, copies, is_mpeg_stream
from ....backend.contract.portable import stated_file
from ....backend.contract.track import Track, read_parts
from ..camera.distortion import is_curved, write_clip_lens

Depth = Literal["BACK", "FRONT"]
_DEPTHS: Final[tuple[Depth, ...]] = ("BACK", "FRONT")
"""Where a picture of the camera lies: behind everything, or before it."""

_MINDED: Final = "flame_footage"
"""Custom property of the camera, see `mind_deletion`."""


@dataclass(frozen=True)
class Plate:
    """Footage that Blender has opened.

    Attributes:
        clip: The movie clip.
        rate: Frames per second at which Blender plays it, None where that is unknown (image sequences).
        turn: Quarter turns clockwise that Blender leaves to us (rotated phone clips before Blender 4.4).
        users: Whether the user has opened the clip: then nothing of it is changed, and it is never removed.
    """

    clip: bpy.types.MovieClip
    rate: float | None
    turn: int
    users: bool = False


@dataclass(frozen=True)
class Found:
    """A file with the footage.

    Attributes:
        path: The video itself, or the engine's copy.
        rotation: Degrees clockwise by which the file says it must be turned to be upright; copies are upright.
        warning: What Blender shows otherwise than it was tracked.
    """

    path: Path
    rotation: int
    warning: Notice | None


def source_places(track: Track, track_path: Path | None) -> tuple[list[Path], list[Path]]:
    """Return where the source video was, and where else it may lie: beside track or .blend, or known to the file."""
    about = track.header["video"]
    name, stated = (about.get(what) or "" for what in ("name", "path"))
    place = stated_file(stated, track_path.parent if track_path is not None else None)
    places = [] if place is None else [place]
    folders = [track_path.parent] if track_path is not None else []
    if bpy.data.filepath:
        folders.append(Path(bpy.data.filepath).parent)
    names = [text for text in (Path(stated).name, name) if text]
    return places, [folder / text for folder in folders for text in names] + _known_here(name)


def find_footage(track: Track, track_path: Path | None) -> Found | Notice:
    """Return where the source video lies now: where it was, beside the track file or the .blend, or known to either."""
    about = track.header["video"]
    places, moved = source_places(track, track_path)
    # A copy is better than a file that Blender shows wrongly; the engine writes it beside the track.
    copied = [copy for video in (*moved, *places) for copy in copies(video, about)]
    for place in copied + places + moved:
        with contextlib.suppress(OSError, RuntimeError):  # A name that no disk can have, or a link to itself.
            if is_file(place) and place in copied:
                return Found(place.resolve(), 0, None)
            if is_file(place):
                return Found(place.resolve(), int(about.get("rotation") or 0), _warning(place, about.get(COPY_REASON)))
    return Notice(
        "plate-missing",
        f"The video {about.get('name') or 'of this track'} was not found, so there is no footage behind the head.",
        "Put the video beside the track file and import again.",
    )


def lacks_copy(track_path: Path) -> bool:
    """Return whether Blender should show a copy of a track's footage, and none lies beside the track yet."""
    found = read_parts(track_path, ())
    if isinstance(found, Failure):
        return False
    about = found[0]["video"]
    wanted = copies(track_path.with_name(Path(about.get("path") or about.get("name") or "").name), about)
    return bool(wanted) and not any(is_file(copy) for copy in wanted)


def _known_here(name: str) -> list[Path]:
    """Videos of that name that this .blend knows: chosen to be tracked, or open as clips.

    A track does not say where a video lies that is far from it, as on another drive.
    """
    nodes = [node for tree in bpy.data.node_groups for node in tree.nodes if getattr(node, "kind", "") == "video"]
    texts = [getattr(node, "path", "") for node in nodes] + [clip.filepath for clip in bpy.data.movieclips]
    paths = [Path(bpy.path.abspath(text)) for text in texts if text]
    return [path for path in paths if path.name == name]


def open_footage(
    path: Path,
    intrinsics: Intrinsics,
    rotation: int,
    old: bpy.types.MovieClip | None,
    curved: CurvedLens | None = None,
) -> Plate | Notice:
    """Open footage as a movie clip of our own; a clip that the user made of the same file is not touched.

    Args:
        path: Video, or first picture of a sequence.
        intrinsics: Of the track, for the size that the footage should have.
        rotation: Degrees clockwise by which the file says it must be turned to be upright.
        old: The clip of an earlier import, used again when it is of the same file.
        curved: The lens by which Blender shall straighten it; None where that is straight.
    """
    try:
        clip = old or bpy.data.movieclips.load(str(path), check_existing=False)
    except RuntimeError:
        return _unreadable(path)
    if Path(bpy.path.abspath(clip.filepath)).resolve() != path:
        clip.filepath = str(path)
    if bpy.data.filepath and Path(bpy.data.filepath).drive == path.drive:
        # Relative, so that the project can be moved as a whole.
        clip.filepath = bpy.path.relpath(str(path))
    size: Any = clip.size
    width, height = size
    if clip.frame_duration <= 0:
        if old is None:
            bpy.data.movieclips.remove(clip)
        return _unreadable(path)
    rate = float(clip.fps) if clip.source == "MOVIE" and clip.fps > 0 else None
    turn = rotation // 90 % 4 if _left_to_us(width, height, intrinsics, rotation) else 0
    lens = blender_lens(intrinsics)
    aspect = (lens.pixel_aspect_x, lens.pixel_aspect_y)
    clip.display_aspect = aspect[::-1] if turn % 2 else aspect
    write_clip_lens(clip, curved, turn)
    return Plate(clip, rate, turn)


def _left_to_us(width: int, height: int, intrinsics: Intrinsics, rotation: int) -> bool:
    """Whether Blender has not turned the footage upright: it does since 4.4, see `test_scene_plate.py`."""
    if rotation % 180 == 90 and intrinsics.width != intrinsics.height:
        return (width > height) != (intrinsics.width > intrinsics.height)
    return rotation % 360 != 0 and bpy.app.version < (4, 4)


def _unreadable(path: Path) -> Notice:
    return Notice(
        "plate-unreadable",
        f"Blender can't read {path.name}, so there is no footage behind the head.",
        "Convert the video to MP4 with H.264 and import again.",
    )


def played_rate(plate: Plate | None, nominal: Fraction) -> Fraction | None:
    """Return the rate at which Blender plays the footage where that is not the nominal one, else None."""
    if plate is None or plate.rate is None or abs(plate.rate / float(nominal) - 1) < 1e-6:
        return None
    return Fraction(plate.rate).limit_denominator(100_000)


def _warning(path: Path, reason: object) -> Notice | None:
    """Warn of files that Blender shows otherwise than they were tracked (measured with 4.2, 4.5 and 5.0)."""
    advice = "Track with Copy of Footage on in the Report node."
    if is_mpeg_stream(path):
        return Notice(
            "plate-mpeg-stream",
            f"Blender holds or skips frames of MPEG program streams such as {path.name}, so that the footage may lag"
            " behind the head, above all at its start.",
            "Track with Copy of Footage on in the Report node, or put an MP4 of the same name beside the track.",
        )
    if reason == OTHER_PICTURE:
        sentence = f"Blender shows another picture of {path.name} than the one that was tracked."
        return Notice("plate-other-picture", sentence, advice)
    if reason == HIGH_RANGE and bpy.app.version < (5, 0):
        sentence = f"This Blender shows the colours of {path.name}, which have high dynamic range, dull and dark."
        return Notice("plate-high-range", sentence, advice)
    return None


def show_plate(camera: bpy.types.Camera, plate: Plate, *, straighten: bool = False) -> None:
    """Lay the footage behind everything in the camera's view; see `plate_shape` for how it fits.

    A second picture of it lies before everything, hidden: with it one looks through the head to see whether it fits.

    Args:
        camera: Datablock.
        plate: Footage.
        straighten: Whether the head fits the footage only without the distortion of its lens.
    """
    mind_deletion(camera)
    for depth in _DEPTHS:
        background = _background(camera, plate.clip, depth)
        background.source = "MOVIE_CLIP"
        background.use_camera_clip = False
        background.clip = plate.clip
        background.clip_user.use_render_undistorted = straighten
        background.rotation, background.scale = plate.turn * math.pi / 2, 1.0
        if plate.turn % 2 == 1:
            # Fitted lying, then turned: the long side must reach as far as the short one did.
            size: Any = plate.clip.size
            width, height = size
            background.frame_method = "FIT"
            background.scale = max(width, height) / min(width, height)
    _background(camera, plate.clip, "BACK").show_background_image = True
    camera.show_background_images = True


def mind_deletion(camera: bpy.types.Camera) -> None:
    """Let Blender empty the camera's pictures when their movie clip is deleted.

    4.x looks for what uses a clip in those kinds of datablocks only that it believes can, and cameras are none of them;
    their pictures then point to freed memory. A datablock with a custom property is always looked at.
    """
    if _MINDED not in camera:
        camera[_MINDED] = True


def _background(camera: bpy.types.Camera, clip: bpy.types.MovieClip, depth: Depth) -> bpy.types.CameraBackgroundImage:
    """The camera's picture of our clip behind or before everything, made where it is not there."""
    found = background_of(camera, clip, depth) or _emptied(camera, depth)
    if found is None:
        found = camera.background_images.new()
        found.source = "MOVIE_CLIP"
        found.clip = clip
        found.display_depth = depth
        # The one before the head is a way to look whether it fits; nothing covers the head unasked.
        found.alpha = 1.0 if depth == "BACK" else 0.5
        found.show_background_image = depth == "BACK"
        found.show_expanded = False
    return found


def _emptied(camera: bpy.types.Camera, depth: Depth) -> bpy.types.CameraBackgroundImage | None:
    """A picture whose clip was deleted."""
    pictures = (each for each in camera.background_images if each.source == "MOVIE_CLIP")
    return next((each for each in pictures if each.display_depth == depth and each.clip is None), None)


def background_of(
    camera: bpy.types.Camera, clip: bpy.types.MovieClip | None, depth: str
) -> bpy.types.CameraBackgroundImage | None:
    """Return the camera's picture of a clip that lies ``BACK`` or ``FRONT``, or None."""
    pictures = camera.background_images if clip is not None else ()
    return next((each for each in pictures if each.clip == clip and each.display_depth == depth), None)


def is_straightened(picture: bpy.types.CameraBackgroundImage | None) -> bool:
    """Return whether the footage fits the head only without the distortion of its lens, which the clip knows."""
    if picture is None or picture.clip is None:
        return False
    user: Any = picture.clip_user
    return bool(user.use_render_undistorted) and is_curved(picture.clip)


def remove_plate(camera: bpy.types.Camera | None, clip: bpy.types.MovieClip | None, users: bool) -> None:
    """Take our footage from the camera; background pictures and clips of the user stay.

    Args:
        camera: Datablock, None where it is not ours.
        clip: The footage, None where there is none.
        users: Whether the user has opened the clip.
    """
    if clip is None:
        return
    if camera is not None:
        for background in [each for each in camera.background_images if each.clip == clip]:
            camera.background_images.remove(background)
    users_of_clip = bpy.data.user_map(subset=[clip])[clip]
    # Our own pointer is no user, see `parts`.
    if not users and all(isinstance(user, bpy.types.Collection) for user in users_of_clip):
        bpy.data.movieclips.remove(clip)
