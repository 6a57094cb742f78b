"""Stages that find one identity in several clips: what a job does for the setting Identity Clips of its head.

The head is fitted to the landmarks of all clips together, each with a camera of its own. A clip that the job tracks
anyway takes part with the landmarks and the camera that it has there.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from .failure import Failure
from .file_access import exists, is_folder
from .footage import is_picture
from .job import Job, Stage, spec_of, validate
from .options import from_dict, joined_paths, options_of, split_paths
from .portable import stated_file
from .settings import (
    CameraSettings,
    FaceSettings,
    FitSettings,
    KnownHeadSettings,
    LandmarkSettings,
    PhotographSettings,
    VideoSettings,
)
from .track import read_parts

TRACK_ENDING: Final = ".npz"
_OF_A_TRACK: Final = ("face", "landmarks", "camera")
"""Kinds of stages whose settings a track tells of its clip."""


def with_identity_clips(job: Job) -> Job | Failure:
    """Return the job with all stages that its heads' Identity Clips need, or why they cannot be used."""
    stages = list(job.stages)
    for stage in job.stages:
        if stage.kind != "head" or not stage.settings.identity_clips:
            continue
        more = _stages_for(job, stage)
        if isinstance(more, Failure):
            return more
        stages.remove(stage)
        stages += more
    if len(stages) == len(job.stages):
        return job
    whole = validate(stages)
    return whole if isinstance(whole, Failure) else replace(whole, overwrite=job.overwrite)


def with_identity_of(job: Job, clips: Sequence[IdentityClip]) -> Job | Failure:
    """Return the job with a head whose identity is that of the person in these clips, all of them solved together."""
    head = next(stage for stage in job.stages if stage.kind == "head")
    whole = validate([*(stage for stage in job.stages if stage is not head), *_solved_in(job, head, clips)])
    return whole if isinstance(whole, Failure) else replace(whole, overwrite=job.overwrite)


@dataclass(frozen=True)
class IdentityClip:
    """Where the person is seen once more: kind of stage -> settings, as a job of its own would have them."""

    name: str
    settings: Mapping[str, Any]


def _stages_for(job: Job, head: Stage) -> list[Stage] | Failure:
    """Return the stages that take the place of a head."""
    if head.settings.identity_track:
        return Failure(
            "identity-twice",
            "The head has both Identity From and Identity Clips.",
            "Clear one of the two.",
        )
    landmarks, clips = _landmark_settings(job, _fits_of(job, head)), []
    for text in split_paths(head.settings.identity_clips):
        clip = _clip(Path(text), landmarks, job)
        if isinstance(clip, Failure):
            return clip
        clips.append(clip)
    return _solved_in(job, head, clips)


def _fits_of(job: Job, head: Stage) -> list[Stage]:
    return [stage for stage in job.stages if stage.kind == "fit" and stage.inputs["head"] == head.name]


def _solved_in(job: Job, head: Stage, clips: Iterable[IdentityClip]) -> list[Stage]:
    """Return the stages that take the place of a head, by the clips that show whose it is."""
    fits = _fits_of(job, head)
    average = replace(head, name=f"{head.name} (average)")
    stages, links = [average], {"head": average.name}
    for number, clip in enumerate(clips, 1):
        inputs = _tracked_anyway(job, fits, clip)
        if inputs is None:
            made = _stages_of(clip, f"{head.name} ({number})")
            inputs = {name: made[name].name for name in ("video", "landmarks", "camera")}
            stages += made.values()
        links.update({name if number == 1 else f"{name} {number}": source for name, source in inputs.items()})
    fit = fits[0].settings if fits else FitSettings()
    person = Stage(f"{head.name} (person)", "person", fit, links)
    return [
        *stages,
        person,
        Stage(head.name, "known_head", KnownHeadSettings(), {"head": average.name, "person": person.name}),
    ]


def _landmark_settings(job: Job, fits: Iterable[Stage]) -> LandmarkSettings:
    """Return how the job finds landmarks."""
    for fit in fits:
        stage = job.stage(fit.inputs["landmarks"])
        while stage.kind != "landmarks" and "landmarks" in stage.inputs:
            stage = job.stage(stage.inputs["landmarks"])
        if isinstance(stage.settings, LandmarkSettings):
            return stage.settings
    return LandmarkSettings()


def _tracked_anyway(job: Job, fits: Iterable[Stage], clip: IdentityClip) -> dict[str, str] | None:
    """Return the stages that give the clip's footage, landmarks and camera, where the job has them for a fit."""
    if set(clip.settings) - {"landmarks"} != {"video"}:
        return None
    wanted = _same(clip.settings["video"].path)
    for fit in fits:
        landmarks, camera = job.stage(fit.inputs["landmarks"]), job.stage(fit.inputs["camera"])
        video = job.stage(landmarks.inputs["video"])
        if video.kind == "video" and _same(video.settings.path) == wanted:
            return {"video": video.name, "landmarks": landmarks.name, "camera": camera.name}
    return None


def _same(path: str) -> str:
    return os.path.normcase(os.path.abspath(Path(path).expanduser()))  # noqa: PTH100 - links are kept


def _stages_of(clip: IdentityClip, prefix: str) -> dict[str, Stage]:
    """Return the stages that look at one clip, by what they give."""
    source = "photographs" if "photographs" in clip.settings else "video"

    def stage(kind: str, default: Any, **inputs: str) -> Stage:
        linked = {name: f"{prefix} {given}" for name, given in inputs.items()}
        return Stage(f"{prefix} {kind}", kind, clip.settings.get(kind, default), linked, clip.name)

    made = {
        "video": stage(source, None),
        "face": stage("face", FaceSettings()),
        "camera": stage("camera", CameraSettings(), video=source),
        "landmarks": stage("landmarks", LandmarkSettings(), video=source, face="face"),
    }
    if "exclude" in clip.settings:
        without = stage("exclude", None, landmarks="landmarks", video=source)
        made |= {"all landmarks": made["landmarks"], "landmarks": without}
    return made


def _clip(path: Path, landmarks: LandmarkSettings, job: Job) -> IdentityClip | Failure:
    """Return what a path of the setting names: a track's clip, a photograph or a folder of them, or a video."""
    path = path.expanduser()
    if not exists(path):
        return Failure(
            "identity-clip-not-found",
            f"There is no {path}, from which the identity is to come.",
            "Choose another clip, or leave it out of Identity Clips.",
        )
    if path.suffix.lower() == TRACK_ENDING:
        return _clip_of_track(path, job)
    if is_folder(path) or is_picture(path):
        return IdentityClip(path.name, {"photographs": _photographs(str(path), job), "landmarks": landmarks})
    return IdentityClip(path.name, {"video": VideoSettings(path=str(path)), "landmarks": landmarks})


def _photographs(text: str, job: Job) -> PhotographSettings:
    """Return photographs whose copies lie where the job writes, and not beside somebody's photographs."""
    tracks = [Path(stage.settings.path) for stage in job.stages if stage.kind == "track" and stage.settings.path]
    return PhotographSettings(path=text, folder=str(tracks[0].parent / "photographs") if tracks else "")


def _clip_of_track(path: Path, job: Job) -> IdentityClip | Failure:
    """Return the clip of a track, with the face, the quality and the lens that it was tracked with."""
    parts = read_parts(path, ())
    if isinstance(parts, Failure):
        return parts
    header = parts[0]
    stated: Mapping[str, Mapping[str, Any]] = header["settings"]
    settings = {kind: _settings_of(kind, stated[kind]) for kind in _OF_A_TRACK if kind in stated}
    if "photographs" in stated:
        names = split_paths(str(stated["photographs"].get("path", "")))
        files = [stated_file(name, path.parent) for name in names]
        there = [str(file) for file in files if file is not None and exists(file)]
        if not names or len(there) < len(names):
            return _no_footage(path, "photographs")
        settings["photographs"] = _photographs(joined_paths(there), job)
        return IdentityClip(path.parent.name or path.name, settings)
    video = stated_file(str(header["video"].get("path") or ""), path.parent)
    if video is None or not exists(video):
        return _no_footage(path, "video")
    settings["video"] = replace(_settings_of("video", stated.get("video", {})), path=str(video))
    return IdentityClip(video.name, settings)


def _no_footage(path: Path, what: str) -> Failure:
    return Failure(
        "identity-clip-without-footage",
        f"The {what} of the track {path} {'is' if what == 'video' else 'are'} not there any more,"
        " and the identity is to come from what it shows.",
        "Put it back, leave this track out, or take its own identity with Identity From.",
    )


def _settings_of(kind: str, values: Mapping[str, Any]) -> Any:
    """Return settings that a track holds, as far as this version of the program knows and takes them."""
    settings = spec_of(kind).settings
    names = {each.name for each in options_of(settings) if each.kind != "path"}
    result = settings()
    for name in names & set(values):
        one = from_dict(settings, {name: values[name]}, kind)
        result = result if isinstance(one, Failure) else replace(result, **{name: getattr(one, name)})
    return result
