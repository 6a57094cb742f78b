"""Truth on rendered people with the stages Appearance and Texture: what they change, and that they never harm."""

from __future__ import annotations

from typing import Final

import numpy as np

from ..contract.failure import Failure
from ..contract.settings import AppearanceSettings, TextureSettings, TrackFileSettings, VideoSettings
from ..contract.track import TRACKED
from ..head.builtin import builtin_head
from ..head.model import HeadModel
from ..sample.canvas import make_canvas
from ..sample.clip import make_clip
from ..sample.people import FOCALS, TEXTURE_SIZE, person
from ..stages.data import Fit, TextureFiles, Video
from .chain import Clock, Setup, context, find_landmarks, fit, import_stages
from .rows import Row, at_least, at_most, told
from .truth_rendered import FRAMES, QUICK_FRAMES, RATE, errors_of

FACE, ROTATION, FOCAL, PSNR, SPEED = 1.5, 1.0, 7.0, 32.0, 5.0
SLACK: Final = 0.05
"""Millimetres by which the face may differ before that counts as worse."""


def measure(setup: Setup) -> list[Row] | Failure:
    """The clips of the benchmark `rendered`; every fit goes through Appearance, then a texture is baked from it.

    Face vertices, rotation and focal length as there, median over the people, before and after. Worse: on how many
    people the face vertices are further off after than before. PSNR and SSIM: textured and lit head against the
    footage, inside the face, eight frames each. Speed: frames per second of the stage Appearance alone; with clips this
    short the key frames take most of it.
    """
    import_stages()
    head = builtin_head()
    canvas = make_canvas(head, TEXTURE_SIZE)
    rows: list[Row] = []
    for known in (True, False):
        before, after, likeness = [], [], []
        clock, frames = Clock(), 0
        seconds = 0.0
        for seed in range(len(FOCALS)):
            plan = person(head, seed, frames=QUICK_FRAMES if setup.quick else FRAMES, rate=RATE, canvas=canvas)
            video = setup.work / f"person{seed}.mp4"
            truth = make_clip(head, plan, video, setup.work / f"person{seed}.npz")
            if isinstance(truth, Failure):
                return truth
            landmarks = find_landmarks(setup, video, "standard", Clock())
            if isinstance(landmarks, Failure):
                return landmarks
            fitted = fit(setup, landmarks, head, truth.intrinsics.focal_x if known else None)
            if isinstance(fitted, Failure):
                return fitted
            refined = _refined(setup, fitted, head, str(video), clock)
            if isinstance(refined, Failure):
                return refined
            seconds += clock.wall["appearance"]
            frames += int(np.count_nonzero(fitted.status == TRACKED))
            before.append(errors_of(head, fitted, truth))
            after.append(errors_of(head, refined, truth))
            baked = _baked(setup, refined, head, str(video), seed)
            if isinstance(baked, Failure):
                return baked
            likeness.append((baked.facts["psnr"], baked.facts["ssim"]))
        rows += _rows(before, after, "focal known" if known else "focal estimated", known)
        if known:
            rows += _likeness_rows(np.array(likeness), frames / seconds)
    return rows


def _video(setup: Setup, path: str) -> Video | Failure:
    from ..stages import video as video_stage

    return video_stage.run(VideoSettings(path=path), context(setup, "video"))


def _refined(setup: Setup, fitted: Fit, head: HeadModel, path: str, clock: Clock) -> Fit | Failure:
    from ..stages import appearance as appearance_stage

    video = _video(setup, path)
    if isinstance(video, Failure):
        return video
    own = context(setup, "appearance")
    return clock.timed("appearance", lambda: appearance_stage.run(fitted, head, video, AppearanceSettings(), own))


def _baked(setup: Setup, fitted: Fit, head: HeadModel, path: str, seed: int) -> TextureFiles | Failure:
    from ..stages import texture as texture_stage
    from ..stages import track as track_stage

    video = _video(setup, path)
    if isinstance(video, Failure):
        return video
    place = setup.work / f"texture{seed}"
    place.mkdir(exist_ok=True)
    settings = TrackFileSettings(path=str(place / "track.npz"))
    track = track_stage.run(fitted, head, settings, context(setup, "track"))
    if isinstance(track, Failure):
        return track
    return texture_stage.run(track, video, TextureSettings(), context(setup, "texture"))


def _rows(before: list[dict[str, float]], after: list[dict[str, float]], camera: str, known: bool) -> list[Row]:
    def of(people: list[dict[str, float]], name: str) -> list[float]:
        return [abs(person[name]) for person in people]

    def row(name: str, words: str, limit: float, unit: str) -> Row:
        old, new = of(before, name), of(after, name)
        what = f"appearance, {camera}: {words}, median (before {np.median(old):.2f}, worst {max(new):.2f})"
        return at_most(what, float(np.median(new)), limit, unit, before=old, people=new)

    worse = sum(new > old + SLACK for old, new in zip(of(before, "face"), of(after, "face"), strict=True))
    free_old, free = np.median(of(before, "rotation_free")), of(after, "rotation_free")
    return [
        row("face", "face vertices", FACE, " mm"),
        row("rotation", "rotation", ROTATION, "°"),
        told(f"appearance, {camera}: rotation, constant removed (before {free_old:.2f})", float(np.median(free)), "°"),
        *([] if known else [row("focal", "focal length", FOCAL, " %")]),
        at_most(f"appearance, {camera}: people whose face is worse after than before", worse, 0, digits=0),
    ]


def _likeness_rows(likeness: np.ndarray, speed: float) -> list[Row]:
    return [
        at_least("textured head against the footage, inside the face: PSNR", float(likeness[:, 0].mean()), PSNR, " dB"),
        told("textured head against the footage, inside the face: SSIM", float(likeness[:, 1].mean()), digits=3),
        at_least("appearance on short clips", speed, SPEED, " frames/s"),
    ]
