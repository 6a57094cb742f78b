"""Import of a track: head with a shape key per frame or a rig, camera, footage, all in one collection."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import chain
from pathlib import Path
from typing import Final

import bpy
import numpy as np

from ...backend.contract.camera import blender_head_to_camera, rotation_matrices
from ...backend.contract.failure import Failure, Notice
from ...backend.contract.foreign_text import shown
from ...backend.contract.settings import SceneSettings
from ...backend.contract.track import Track, read_track
from ..file_stamp import stamp_of
from ..paths import take_name
from . import fitting_scene
from .camera import camera as camera_data
from .camera.motion import Motion, write_motion, write_motion_below
from .camera.shared_camera import SharedCamera, find_shared_camera, hang_below
from .corrections import follow_track
from .footage import plate, sound
from .footage.plate_shape import shape_plate
from .footage.schedule import Schedule, in_time_of_scene, scene_rate, schedule_of, write_footage_times
from .footage.users_footage import preferred
from .head import shape_keys, texture
from .head.head_writing import head_content, write_head
from .head.identity_change import show_change
from .lighting import world
from .lighting.light import light_of
from .origin import renew_origins, write_origin
from .parts import Parts, clip_of, ensure_parts, find_collection, linked_problem, origin_of, place, remember
from .placing import place_root
from .record import Record, read_record, write_record
from .rig.editing import mode_problem
from .rows import Selection, keys_with_head, select_rows
from .timeline import Timeline, footage_rate
from .unharmed import unharmed
from .version_list import note_version

_OF_SCENE: Final = ("scene-kept", "view-transform")
"""Notices that the panel looks up anew, with the buttons that change it: they may not be true any more."""


@dataclass(frozen=True)
class ImportResult:
    """What an import made.

    Attributes:
        parts: Collection, root, head, camera, footage.
        timeline: Which scene frame shows which row of the track.
        notices: What the user should know although all went well.
        fresh: Whether the scene had no import of this track before.
    """

    parts: Parts
    timeline: Timeline
    notices: tuple[Notice, ...]
    fresh: bool


LAST_FRAME: Final = 1_048_574
"""Of Blender's timeline."""


def import_track(
    source: Path | str | Track, settings: SceneSettings, scene: bpy.types.Scene | None = None
) -> ImportResult | Failure:
    """Make a scene of a track, or bring an earlier import of the same track up to date.

    All is checked and computed before anything is made, and what goes wrong in spite of that leaves the scene as it
    was. Importing a track again gives the same objects new mesh, keys and footage; what the user added stays:
    modifiers, constraints, children, other objects in the collection, changed materials, animation of other properties.

    Args:
        source: Track file, or a track.
        settings: What is made.
        scene: Where to; the current one where None.
    """
    path = None if isinstance(source, Track) else Path(source)
    scene = scene or bpy.context.scene
    assert scene is not None
    track = source if isinstance(source, Track) else read_track(Path(source))
    if isinstance(track, Failure):
        return track
    return unharmed(scene, lambda: _imported(track, path, settings, scene), "The track could not be imported")


def _imported(
    track: Track, path: Path | None, settings: SceneSettings, scene: bpy.types.Scene
) -> ImportResult | Failure:
    selection = select_rows(track, settings)
    if isinstance(selection, Failure):
        return selection
    name = _name_of(track, path)
    renew_origins()
    origin = origin_of(path, name)
    earlier = find_collection(scene, origin)
    fresh = earlier is None
    problem = _obstacle(settings, earlier)
    if problem is not None:
        return problem
    head = head_content(track, selection, settings)
    shared = find_shared_camera(scene, settings.same_camera, earlier)
    if isinstance(shared, Failure):
        return shared
    notices: list[Notice] = []
    before = Record(settings) if earlier is None else read_record(earlier)
    ours = None if before.users_clip else clip_of(earlier)
    footage = _open_plate(track, path, ours, notices) if settings.plate and shared is None else None
    plan = fitting_scene.plan_for(scene, earlier, before.fit, settings.fit_scene)
    schedule, footage = _schedule(track, selection, settings, footage, shared, scene, "rate" in plan.parts)
    timeline = schedule.timeline
    if timeline.last > LAST_FRAME:
        return _too_long(timeline)
    motion = _motion(track, selection, timeline)
    parts = ensure_parts(scene, origin, name, None if shared is None else shared.camera)
    if settings.collection != ("" if fresh else before.settings.collection):
        # Otherwise it stays where the user may have moved it.
        place(scene, parts.collection, settings.collection)
    parts, said = write_head(parts, head, selection, timeline, settings, name)
    notices.extend(said)
    picture = _write_texture(parts, path, settings, name, notices)
    if fresh and shared is None:
        place_root(scene, parts, settings.place)
    zoom = camera_data.zoom_of(track, selection.rows, timeline)
    notices.extend(_write_motion(parts, track, motion, settings.motion, zoom))
    _write_camera(parts, track, selection, zoom)
    fit, said = _fit_scene(scene, parts, track, schedule, plan)
    notices.extend(said)
    parts = _write_plate(scene, parts, footage, schedule, before.users_clip, track.curved is not None)
    sources = chain(*plate.source_places(track, path))
    notices.extend(_write_sound(scene, parts, sources, schedule, before, settings))
    frame, row = keys_with_head(selection, timeline)
    notices.extend(world.write_world(scene, parts, light_of(track, picture), (frame, selection.rows[row]), settings))
    _remember(parts, path, schedule, fit, settings, notices, footage is not None and footage.users)
    follow_track(parts.collection, track.header)
    show_change(parts.collection)
    return ImportResult(parts, timeline, tuple(notices), fresh)


def _fit_scene(
    scene: bpy.types.Scene, parts: Parts, track: Track, schedule: Schedule, plan: fitting_scene.SceneChanges
) -> tuple[fitting_scene.Fit, list[Notice]]:
    """Fit the scene to the clip as far as planned; return how it would fit, and what does not."""
    fit = fitting_scene.fit_of(schedule.timeline, schedule.own.rate, track.intrinsics)
    fitting_scene.fit_scene(scene, parts.camera, fit, plan)
    return fit, fitting_scene.notices(scene, parts.camera, fit)


def _name_of(track: Track, path: Path | None) -> str:
    clip = shown(Path(track.header["video"].get("name") or "").stem) or "Track"
    return clip if path is None else take_name(path, clip)


def _obstacle(settings: SceneSettings, earlier: bpy.types.Collection | None) -> Failure | None:
    """Return why bones cannot be made now, or what was made earlier cannot be changed; None where nothing is."""
    problem = mode_problem() if settings.has_rig else None
    return problem or (None if earlier is None else linked_problem(earlier))


def _schedule(
    track: Track,
    selection: Selection,
    settings: SceneSettings,
    footage: plate.Plate | None,
    shared: SharedCamera | None,
    scene: bpy.types.Scene,
    takes_rate: bool,
) -> tuple[Schedule, plate.Plate | None]:
    """Place the rows in the scene, which takes the rate of the clip or keeps its own; return the footage to show too.

    A clip that the user has opened says itself how it goes: a frame of it for each of the scene. In slow motion it
    can't be shown, because it stays as it is.
    """
    played = plate.played_rate(footage, footage_rate(track.frame_index, track.time, track.rate))
    schedule = schedule_of(track, selection.rows, settings, played, shared, scene)
    speed = _speed(settings, shared)
    footage = preferred(footage, schedule) if speed == 1 else footage
    by_frame = takes_rate or settings.rate != "scene" or (footage is not None and footage.users)
    if by_frame and speed == 1:
        return schedule, footage
    rate = schedule.own.rate if by_frame else scene_rate(scene)
    schedule = in_time_of_scene(schedule, track, selection.rows, rate / speed)
    return (schedule if speed == 1 else replace(schedule, timeline=schedule.timeline.gliding())), footage


def _speed(settings: SceneSettings, shared: SharedCamera | None) -> Fraction:
    """How fast the clip plays: as fast as the one whose camera is shared."""
    speed = settings.speed if shared is None else shared.record.settings.speed
    return Fraction(speed).limit_denominator(10_000)


def _write_plate(
    scene: bpy.types.Scene,
    parts: Parts,
    footage: plate.Plate | None,
    schedule: Schedule,
    users_before: bool,
    curved: bool,
) -> Parts:
    """Lay the footage behind the head, or take that of an earlier import away; return the parts with the footage."""
    if footage is None or parts.clip != footage.clip:
        # What a shared camera shows belongs to another import.
        camera = None if parts.shares_camera else parts.lens
        plate.remove_plate(camera, parts.clip, users_before)
    parts = replace(parts, clip=None if footage is None else footage.clip)
    if footage is None:
        return parts
    if not footage.users:
        write_footage_times(footage.clip, schedule)
    plate.show_plate(parts.lens, footage, straighten=curved)
    shape_plate(scene, parts)
    return parts


def _write_sound(
    scene: bpy.types.Scene,
    parts: Parts,
    sources: Iterable[Path],
    schedule: Schedule,
    before: Record,
    settings: SceneSettings,
) -> list[Notice]:
    """Let the footage be heard, or a source of it; at another speed than it was filmed there is no sound."""
    start = schedule.timeline.footage_start
    moved = 0 if before.footage_start is None else start - before.footage_start
    heard = None
    if settings.sound and parts.clip is not None and parts.clip.source == "MOVIE":
        shown_file = Path(bpy.path.abspath(parts.clip.filepath, library=parts.clip.library)).resolve()
        heard = sound.sound_file((shown_file, *sources))
    at_speed = settings.speed == 1 and (schedule.retimed or schedule.is_at(scene_rate(scene)))
    sound.write_sound(scene, parts.collection, parts.root.name, heard if at_speed else None, start, moved)
    # Who has chosen a speed knows it.
    if heard is None or at_speed or settings.speed != 1:
        return []
    return [sound.other_speed(float(scene_rate(scene)), float(schedule.own.rate))]


def _remember(
    parts: Parts,
    path: Path | None,
    schedule: Schedule,
    fit: fitting_scene.Fit,
    settings: SceneSettings,
    notices: list[Notice],
    users_clip: bool,
) -> None:
    """Keep with the collection what it was made of, and how."""
    remember(parts)
    if path is not None:
        write_origin(parts.collection, path)
        note_version(parts.collection, path)
    record = Record(
        settings,
        schedule.played,
        stamp_of(path) if path is not None else None,
        tuple(_words(notice) for notice in notices if notice.code not in _OF_SCENE),
        fit,
        schedule.start_at if schedule.start_at != settings.start_at else None,
        schedule.timeline.footage_start,
        schedule.retimed,
        users_clip,
        schedule.timeline.rate if schedule.retimed else None,
    )
    write_record(parts.collection, record)


def _words(notice: Notice) -> str:
    return f"{notice.sentence} {notice.advice}".strip()


def _too_long(timeline: Timeline) -> Failure:
    return Failure(
        "track-too-long",
        f"The clip would end at frame {timeline.last}; Blender's timeline ends at {LAST_FRAME}.",
        "Import a range of the track, or let it start earlier.",
    )


def _open_plate(
    track: Track, path: Path | None, clip: bpy.types.MovieClip | None, notices: list[Notice]
) -> plate.Plate | None:
    """Open the footage; the clip of an earlier import is used again."""
    found = plate.find_footage(track, path)
    if isinstance(found, Notice):
        notices.append(found)
        return None
    notices.extend([found.warning] if found.warning is not None else [])
    opened = plate.open_footage(found.path, track.intrinsics, found.rotation, clip, track.curved)
    if isinstance(opened, Notice):
        notices.append(opened)
        return None
    return opened


def _write_texture(
    parts: Parts, path: Path | None, settings: SceneSettings, name: str, notices: list[Notice]
) -> Path | None:
    """Put the baked texture on the head, or take it off; return the picture."""
    found = texture.find_texture(settings, path)
    picture = found if isinstance(found, Path) else None
    problem = texture.write_texture(parts.collection, parts.mesh, picture, name)
    notices.extend(each for each in (found, problem) if isinstance(each, Notice))
    return picture


def _motion(track: Track, selection: Selection, timeline: Timeline) -> Motion:
    frame, row = keys_with_head(selection, timeline)
    rows = selection.rows[row]
    matrix = blender_head_to_camera(rotation_matrices(track.head_rotation[rows]), track.head_translation[rows])
    return Motion(frame, matrix[:, :3, :3], matrix[:, :3, 3])


def _write_motion(parts: Parts, track: Track, motion: Motion, who: str, zoom: camera_data.Zoom) -> list[Notice]:
    """Animate head or camera; a head that shares a camera moves in its space."""
    notices = []
    if parts.shares_camera:
        notices = hang_below(parts, track.intrinsics, zoom)
        write_motion_below(parts.root, parts.carrier, motion)
    else:
        write_motion(parts.carrier, parts.camera, motion, who)
    if parts.rig is None:
        shape_keys.join_motion(parts.head, parts.camera)
    return notices


def _write_camera(parts: Parts, track: Track, selection: Selection, zoom: camera_data.Zoom) -> None:
    rows = selection.rows[selection.with_head]
    above = parts.camera.parent
    scale = 1.0 if above is None else max(abs(each) for each in above.scale)
    depth = np.asarray(track.head_translation)[rows, 2]
    radius = float(np.linalg.norm(track.neutral_vertices, axis=1).max())
    nearest, farthest = scale * max(float(depth.min()) - radius, 0.01), scale * (float(depth.max()) + radius)
    if not parts.shares_camera:
        camera_data.write_lens(parts.lens, track.intrinsics)
        camera_data.write_zoom(parts.lens, zoom)
    camera_data.widen_clipping(parts.lens, nearest, farthest)
