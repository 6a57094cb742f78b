"""Truth on rendered people with the stages Appearance and Texture: what they change, and that they never harm."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from ...contract.failure import Failure
from ...contract.track import MISSING, TRACKED
from ...data.types import Fit, Landmarks
from ...fit.evidence.observations import LID_PAIRS, LIP_PAIRS
from ...head.builtin import builtin_head
from ...head.model import HeadModel
from ...head.skinning import select_frames
from ...sample.clip import Truth
from ...sample.people import FOCALS
from ..chain import Clock, Setup, bake, find_landmarks, fit, import_stages, refine, surface_landmarks
from ..measures import metrics
from ..rows import Row, at_least, at_most, without_target
from ..scenes.painted_people import painted_people
from .refined import clip_rows
from .rendered import FRAMES, QUICK_FRAMES, RATE, errors_of

FACE, ROTATION, FOCAL, PSNR, SPEED = 1.5, 1.0, 7.0, 32.0, 5.0
SLACK: Final = 0.05
"""Millimetres by which the face may differ before that counts as worse."""
OPENING_SLACK: Final = 0.03
OPENINGS: Final = (("lips", "opening of the lips"), ("lids", "opening of the lids"))


def measure(setup: Setup) -> list[Row] | Failure:
    """The clips of the benchmarks `rendered` and `independent`; every fit goes through Appearance.

    Rendered people: a texture is baked too. With --quick they have half as many frames.

    Face vertices, rotation and focal length as there, median over the people, before and after. Worse: on how many
    people the face vertices are further off after than before. Lips and lids: rms over the frames of the mean opening
    of facing points against the true one. PSNR and SSIM: textured and lit head against the
    footage, skin of the face, eight frames each. Speed: frames per second of the stage Appearance alone; with clips
    this short the key frames take most of it. The clip of a head that is not ours: see `refined`.
    """
    import_stages()
    head = builtin_head()
    people: dict[bool, list[_Person]] = {True: [], False: []}
    for made in painted_people(setup, head, range(len(FOCALS)), QUICK_FRAMES if setup.quick else FRAMES, RATE):
        if isinstance(made, Failure):
            return made
        video, truth = made
        landmarks = find_landmarks(setup, video, "standard", Clock())
        if isinstance(landmarks, Failure):
            return landmarks
        for known, found in people.items():
            one = _person(setup, video, landmarks, head, truth, known)
            if isinstance(one, Failure):
                return one
            found.append(one)
    clip = clip_rows(setup)
    if isinstance(clip, Failure):
        return clip
    return [*_rows(people[True], True), *_likeness_rows(people[True]), *_rows(people[False], False), *clip]


@dataclass(frozen=True)
class _Person:
    """Errors before and after, PSNR and SSIM of the textured head (0 where none was baked), and the stage's speed."""

    before: dict[str, float]
    after: dict[str, float]
    likeness: tuple[float, float]
    frames: int
    seconds: float


def _person(
    setup: Setup, video: Path, landmarks: Landmarks, head: HeadModel, truth: Truth, known: bool
) -> _Person | Failure:
    fitted = fit(setup, landmarks, head, truth.intrinsics.focal_x if known else None)
    if isinstance(fitted, Failure):
        return fitted
    clock = Clock()
    refined = refine(setup, fitted, head, video, clock)
    if isinstance(refined, Failure):
        return refined
    likeness = (0.0, 0.0)
    if known:
        baked = bake(setup, refined, head, video, setup.work / f"texture-{video.stem}", clock)
        if isinstance(baked, Failure):
            return baked
        skin = baked.facts["parts"]["skin"]
        likeness = (skin["psnr"], skin["ssim"])
    before, after = (errors_of(head, one, truth) | _openings(head, one, truth) for one in (fitted, refined))
    frames = int(np.count_nonzero(fitted.status == TRACKED))
    return _Person(before, after, likeness, frames, clock.wall["appearance"])


def _openings(head: HeadModel, fitted: Fit, truth: Truth) -> dict[str, float]:
    """Return how far the openings of lips and lids are off, rms over frames, millimetres."""
    rows = np.flatnonzero(fitted.status != MISSING)
    found = surface_landmarks(head, select_frames(fitted.pose, rows))
    corners, weights = head.faces[head.landmarks.triangle], head.landmarks.barycentric
    true = np.stack([np.einsum("ncx,nc->nx", truth.vertices[row][corners].astype(np.float64), weights) for row in rows])

    def off(pairs: tuple[tuple[int, int], ...]) -> float:
        gaps = [metrics.gap(found, *pair) - metrics.gap(true, *pair) for pair in pairs]
        return 1000 * metrics.rms(np.mean(gaps, axis=0))

    return {"lips": off(LIP_PAIRS), "lids": off(LID_PAIRS)}


def _rows(people: list[_Person], known: bool) -> list[Row]:
    camera = "focal known" if known else "focal estimated"
    before, after = [one.before for one in people], [one.after for one in people]

    def of(errors: list[dict[str, float]], name: str) -> list[float]:
        return [abs(one[name]) for one in errors]

    def row(name: str, words: str, limit: float, unit: str) -> Row:
        old, new = of(before, name), of(after, name)
        what = f"appearance, {camera}: {words}, median (before {np.median(old):.2f}, worst {max(new):.2f})"
        return at_most(what, float(np.median(new)), limit, unit, before=old, people=new)

    worse = sum(new > old + SLACK for old, new in zip(of(before, "face"), of(after, "face"), strict=True))
    free_old, free = np.median(of(before, "rotation_free")), of(after, "rotation_free")
    return [
        row("face", "face vertices", FACE, " mm"),
        row("rotation", "rotation", ROTATION, "°"),
        without_target(
            f"appearance, {camera}: rotation, constant removed (before {free_old:.2f})", float(np.median(free)), "°"
        ),
        *(_kept(camera, words, of(before, name), of(after, name)) for name, words in OPENINGS),
        *([] if known else [row("focal", "focal length", FOCAL, " %")]),
        at_most(f"appearance, {camera}: people whose face is worse after than before", worse, 0, digits=0),
    ]


def _kept(camera: str, words: str, before: list[float], after: list[float]) -> Row:
    """Return the row of something that the pictures must leave as it is."""
    change = float(np.median(np.subtract(after, before)))
    what = (
        f"appearance, {camera}: {words}, median change (before {np.median(before):.2f}, after {np.median(after):.2f})"
    )
    return at_most(what, change, OPENING_SLACK, " mm", before=before, people=after)


def _likeness_rows(people: list[_Person]) -> list[Row]:
    psnr, ssim = np.mean([one.likeness for one in people], axis=0)
    speed = sum(one.frames for one in people) / sum(one.seconds for one in people)
    return [
        at_least("textured head against the footage, skin of the face: PSNR", float(psnr), PSNR, " dB"),
        without_target("textured head against the footage, skin of the face: SSIM", float(ssim), digits=3),
        at_least("appearance on short clips", speed, SPEED, " frames/s"),
    ]
