"""Stage Track File: the fit and the head become vertices and one file that Blender can read."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from .. import __version__
from ..contract.camera import axis_angles
from ..contract.corrections.corrections import ENTRY, Corrections
from ..contract.failure import Failure
from ..contract.file_access import is_folder
from ..contract.misfit import misfits
from ..contract.names import LANDMARKS
from ..contract.outputs import absolute
from ..contract.performance.stored import ENTRY as ARKIT
from ..contract.pixel_shape import in_file_pixels, in_square_pixels
from ..contract.portable import portable_header
from ..contract.settings import TrackFileSettings
from ..contract.shading import Shading
from ..contract.track import (
    HEAD,
    INTERPOLATED,
    MISSING,
    NECK_TURNS,
    TORSO,
    TRACKED,
    Track,
    header_of,
    read_track,
    write_track,
)
from ..contract.track_schema import SHADING
from ..data.context import Context
from ..data.stage_code import LONGEST_SUMMARY, StageCode, counted
from ..data.types import Fit, TrackFile
from ..head.model import HeadModel
from ..head.skinning import joint_positions, neutral_pose, pose_vertices, rest_joints, select_frames
from ..head.torso import NECK, about_head, neck_following_torso
from ..system.writable import writable_problem

CHUNK: Final = 64
"""Frames posed at once."""

IN_MEMORY: Final = 256 * 1024**2
"""Bytes of vertices that are held in memory; longer clips keep them in a file of the work folder."""


def check(settings: TrackFileSettings) -> Failure | None:
    """Refuse a folder that cannot be written to before any work is done."""
    path = Path(settings.path).expanduser()
    if is_folder(path):
        return Failure("track-not-written", f"{path} is a folder.", "Give the name of a file, for example track.npz.")
    return writable_problem(path.parent)


def run(fit: Fit, head: HeadModel, settings: TrackFileSettings, context: Context) -> TrackFile | Failure:
    """Pose the head on every frame and write the track."""
    path = absolute(settings.path)
    track = track_of(fit, head, context)
    track = replace(track, header=portable_header(track.header, path.parent))
    problem = write_track(path, in_file_pixels(track), context.targets)
    return TrackFile(path, track) if problem is None else problem


def check_outputs(settings: TrackFileSettings, outputs: Mapping[str, Any]) -> Failure | None:
    """Refuse a disk without room for the track as soon as its length is known, and not after the fit."""
    clip, head = outputs.get("video", outputs.get("photographs")), outputs.get("head")
    if clip is None or head is None:
        return None
    folder = next(parent for parent in absolute(settings.path).parents if is_folder(parent))
    needed, disk = track_bytes(len(clip), head), shutil.disk_usage(folder)
    if disk.total == 0 or disk.free >= needed:  # some network drives do not know
        return None
    return Failure(
        "disk-too-small",
        f"The track of {counted(len(clip), 'frame')} takes {needed / 1e6:.0f} MB, and the disk of {folder} has"
        f" {disk.free / 1e6:.0f} MB left.",
        "Free some space, choose another folder, or track a shorter range; finished work is kept.",
    )


def track_bytes(frames: int, head: HeadModel) -> int:
    """Return about how many bytes a track takes, those of its vertices and of the head's bases above all."""
    vertices, modes, joints = head.vertex_count, head.expression_basis.shape[2], len(head.joint_parents)
    of_frame = 12 * vertices + 12 * LANDMARKS + 8 * modes + 1000
    of_head = vertices * (12 + 12 * modes + 4 * head.pose_correctives.shape[2] * 3 + 4 * joints + 40)
    return frames * of_frame + of_head


def load(files: Mapping[str, Path]) -> TrackFile | Failure:
    """Read the track that an earlier run wrote."""
    track = read_track(files["track"])
    return track if isinstance(track, Failure) else TrackFile(files["track"], in_square_pixels(track))


def track_of(fit: Fit, head: HeadModel, context: Context) -> Track:
    """Return the track of a fit; frames are posed in chunks, and long clips keep their vertices in a file."""
    fit, with_torso = _with_torso(fit, head, context)
    landmarks, pose, stated, arkit = fit.landmarks, fit.pose, fit.stated_error, fit.arkit
    vertices = _posed(fit, head, context, with_torso=with_torso)
    neutral = pose_vertices(head, neutral_pose(head, 1, pose.identity))[0]
    identity = pose.identity if head.fixed_identity is None else head.fixed_identity
    return Track(
        frame_index=landmarks.frame_index.astype(np.int64),
        time=landmarks.time.astype(np.float64),
        shot=landmarks.shot.astype(np.int64),
        status=fit.status.astype(np.int8),
        confidence=fit.confidence.astype(np.float32),
        reprojection_error=fit.reprojection_error.astype(np.float32),
        head_rotation=axis_angles(fit.rotation),
        head_translation=fit.translation.astype(np.float64),
        neck_pose=pose.neck,
        jaw_pose=pose.jaw,
        left_eye_pose=pose.left_eye,
        right_eye_pose=pose.right_eye,
        eyelids=pose.eyelids,
        expression=pose.expression,
        vertices=vertices,
        landmarks=np.ascontiguousarray(landmarks.points[:, :, :2], dtype=np.float32),
        landmark_visibility=fit.visibility.astype(np.float32),
        scores=landmarks.scores.astype(np.float32),
        identity=np.asarray(identity, dtype=np.float64),
        neutral_vertices=neutral.astype(np.float32),
        faces=head.faces.astype(np.int32),
        uv=head.uv.astype(np.float32),
        uv_faces=head.uv_faces.astype(np.int32),
        expression_basis=head.expression_basis.astype(np.float32),
        pose_correctives=head.pose_correctives.astype(np.float32),
        joints=rest_joints(head, pose.identity),
        joint_parents=head.joint_parents.astype(np.int32),
        skinning_weights=head.skinning_weights.astype(np.float32),
        landmark_triangle=_embedded(head).astype(np.int32),
        landmark_barycentric=head.landmarks.barycentric.astype(np.float32),
        landmark_offsets=fit.landmark_offsets.astype(np.float32),
        header={**_header(fit, head, context), NECK_TURNS: TORSO if with_torso else HEAD},
        zoom=None if fit.zoom is None else fit.zoom.astype(np.float64),
        rotation_error=None if stated is None else stated[:, 0].astype(np.float32),
        point_error=None if stated is None else stated[:, 1].astype(np.float32),
        uncorrected_rows=fit.uncorrected_rows,
        uncorrected=fit.uncorrected,
        **({} if arkit is None else arkit.arrays),
        **({} if fit.shading is None else _arrays_of(fit.shading)),
        eyelid_basis=None if head.eyelids is None else head.eyelids.astype(np.float32),
    )


def _arrays_of(shading: Shading) -> dict[str, NDArray[np.float32]]:
    return {name: getattr(shading, name).astype(np.float32) for name in SHADING}


def _embedded(head: HeadModel) -> NDArray[np.int64]:
    """Face per landmark, -1 where the landmark has no position on this model."""
    assert len(head.landmarks.triangle) == LANDMARKS
    return np.where(head.landmarks.known, head.landmarks.triangle, -1)


def _with_torso(fit: Fit, head: HeadModel, context: Context) -> tuple[Fit, bool]:
    """Return the fit with a neck that follows the torso, and whether it does so."""
    if context.settings.get("fit", {}).get("neck") != TORSO:
        return fit, False
    present = fit.status != MISSING
    where = (fit.rotation, fit.translation, fit.landmarks.time, fit.landmarks.shot, present)
    return replace(fit, pose=neck_following_torso(head, fit.pose, *where)), True


def _posed(fit: Fit, head: HeadModel, context: Context, *, with_torso: bool) -> NDArray[np.float32]:
    frames, shape = len(fit.pose), (len(fit.pose), head.vertex_count, 3)
    if 4 * int(np.prod(shape)) <= IN_MEMORY:
        vertices = np.empty(shape, dtype=np.float32)
    else:
        path = context.work / "vertices.npy"
        vertices = np.lib.format.open_memmap(path, mode="w+", dtype=np.float32, shape=shape)
    for first in range(0, frames, CHUNK):
        context.check()
        part = slice(first, min(first + CHUNK, frames))
        posed = pose_vertices(head, fit.pose, part, np.float32)
        if with_torso:
            some = select_frames(fit.pose, part)
            posed = about_head(posed, some.neck, joint_positions(head, some, NECK))
        vertices[part] = posed
        context.progress(part.stop, frames)
    return vertices


def _header(fit: Fit, head: HeadModel, context: Context) -> dict[str, Any]:
    landmarks = fit.landmarks
    report = {
        "fit": fit.report.as_json(),
        "landmarks": landmarks.source,
        "face": landmarks.number,
        "others": list(landmarks.others),
        "shots": int(landmarks.shot.max()) + 1 if len(landmarks) else 0,
    }
    header = header_of(
        program_version=__version__,
        intrinsics=fit.intrinsics,
        rate=landmarks.rate,
        focal={"source": fit.focal_source, "uncertainty": fit.focal_uncertainty},
        model=head.summary(),
        expression_names=head.expression_names,
        regions=head.regions,
        video=plain(_where_it_is(landmarks.video, context)),
        settings=plain(context.settings),
        report=plain(report),
        shading=fit.shading,
        zooms=fit.zoom is not None,
        distortion=None if fit.curved is None else fit.curved.in_focal_lengths_of(fit.intrinsics),
    )
    corrections = corrections_of(fit)
    if corrections != Corrections():
        header[ENTRY] = plain(corrections.to_plain())
    return header if fit.arkit is None else {**header, ARKIT: plain(fit.arkit.header)}


def corrections_of(fit: Fit) -> Corrections:
    """Return all that was put right by hand on the way to a fit."""
    return replace(fit.landmarks.excluded or Corrections(), pinned=fit.pinned)


def _where_it_is(video: Mapping[str, Any], context: Context) -> Mapping[str, Any]:
    """Return what is said of the footage with its present place: landmarks may have been found in another folder."""
    chosen = context.settings.get("video", {}).get("path") or ""
    path = absolute(chosen) if chosen else Path()
    return {**video, "path": str(path)} if path.name and path.name == video.get("name") else video


def plain(value: Any) -> Any:
    """Return data as JSON can hold it: numpy values as numbers and lists, NaN as null, paths as text."""
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if isinstance(value, np.ndarray):
        return plain(value.tolist())
    if isinstance(value, np.generic):
        return plain(value.item())
    if isinstance(value, float):
        return value if np.isfinite(value) else None
    if value is None or isinstance(value, (bool, int, str)):
        return value
    return str(value)


def summary(output: TrackFile, _settings: TrackFileSettings) -> str:
    """Frames, and how many of them were not seen."""
    status = output.track.status
    frames = counted(len(status), "frame")
    missed = int(misfits(output.track, output.track.focal_lengths).sum())
    if (status == TRACKED).all() and not missed:
        return f"{frames}, all tracked"
    kinds = {"interpolated": INTERPOLATED, "missing": MISSING}
    words = [f"{np.count_nonzero(status == value)} {name}" for name, value in kinds.items() if np.any(status == value)]
    words += [f"{missed} missed by the model"] if missed else []
    text = ", ".join([frames, *words])
    return (
        text
        if len(text) <= LONGEST_SUMMARY
        else f"{frames}, {np.count_nonzero(status != TRACKED) + missed} not tracked"
    )


CODE: Final = StageCode(
    run,
    keep="files",
    upstream=("head",),
    check=check,
    check_outputs=check_outputs,
    load=load,
    summary=summary,
)
