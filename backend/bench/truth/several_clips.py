"""Truth on identities: painted people who are seen in two clips each, solved from one and from both together."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Final

import numpy as np

from ...contract import names
from ...contract.arrays import Floats
from ...contract.failure import Failure
from ...contract.settings import FitSettings, VideoSettings
from ...data.types import Camera
from ...head.builtin import builtin_head
from ...head.geometry import rigidly_aligned
from ...head.model import HeadModel
from ...identity.person import PersonClip, person_in
from ..chain import Clock, Setup, context, find_landmarks, import_stages
from ..rows import Row, at_most, without_target
from ..scenes.synthetic import landmarks_part

PAIRS: Final = (
    ("still", "aside"),
    ("jaw_open", "pucker"),
    ("profile", "off_centre"),
    ("blink", "talk297"),
    ("shake", "smile"),
)
"""Clips of the shared ``hard``; both of a pair show the same person."""
TURNED: Final = ("profile", "off_centre")
BEYOND: Final = 55.0
"""Degrees: of the first of these two, only frames that are turned further."""
LIMIT: Final = 1.0
"""Both clips together over one alone, at most."""


def measure(setup: Setup) -> list[Row] | Failure:
    """Five painted people, two clips of each, quality Standard, built-in head, focal length unknown.

    Value: root mean square distance of the 468 surface landmarks of the head at rest from the true ones, after rigid
    alignment; mean of the people. Alone: mean of both clips. Average: of the two clips' coefficients. Turned: a clip of
    whose frames only those are used that are turned by more than 55 degrees, alone and with the person's frontal clip.
    With --quick two of the people, the turned one among them.
    """
    folder = setup.data / "hard"
    pairs = [TURNED, PAIRS[0]] if setup.quick else list(PAIRS)
    if not all(
        (folder / f"{name}{end}").is_file() for pair in pairs for name in pair for end in (".mp4", "_truth.npz")
    ):
        return Failure("no-clips", "There are no clips (shared/data/hard is not there).", "Give --data.")
    import_stages()
    head = builtin_head()
    errors: list[tuple[float, float, float]] = []
    turned: tuple[float, float] | None = None
    for pair in pairs:
        clips = [_clip(setup, folder / f"{name}.mp4") for name in pair]
        known = [each for each in clips if isinstance(each, PersonClip)]
        if len(known) < len(clips):
            return next(each for each in clips if isinstance(each, Failure))
        true = _true_rest(folder / f"{pair[0]}_truth.npz")
        alone = [_identity(setup, head, [clip]) for clip in known]
        together = _identity(setup, head, known)
        apart = float(np.mean([_error(head, each, true) for each in alone]))
        errors.append((apart, _error(head, together, true), _error(head, np.mean(alone, axis=0), true)))
        if pair == TURNED:
            side = _turned(known[0], folder / f"{pair[0]}_truth.npz")
            from_side = _error(head, _identity(setup, head, [side]), true)
            turned = from_side, _error(head, _identity(setup, head, [side, known[1]]), true)
    apart, together, average = np.mean(errors, axis=0)
    rows = [
        without_target(f"{len(pairs)} people, one clip each: landmarks at rest", apart, " mm"),
        without_target("both clips of each together", together, " mm"),
        without_target("mean of both clips' coefficients", average, " mm"),
        at_most("together over alone", together / apart, LIMIT),
    ]
    if turned is not None:
        rows += [
            without_target("turned beyond 55°, alone", turned[0], " mm"),
            at_most("turned, with a frontal clip: over alone", turned[1] / turned[0], LIMIT),
        ]
    return rows


def _clip(setup: Setup, path: Path) -> PersonClip | Failure:
    from ...stages import video as video_stage

    video = video_stage.run(VideoSettings(path=str(path)), context(setup, "video"))
    if isinstance(video, Failure):
        return video
    landmarks = find_landmarks(setup, path, "standard", Clock())
    if isinstance(landmarks, Failure):
        return landmarks
    return PersonClip(video, landmarks, Camera(None, "estimated"))


def _turned(clip: PersonClip, truth: Path) -> PersonClip:
    """Return the part of a clip in which the head is turned far."""
    with np.load(truth, allow_pickle=False) as file:
        facing = -file["head_rotation"][:, 2, 2]
    far = np.flatnonzero((np.degrees(np.arccos(np.clip(np.abs(facing), 0, 1))) > BEYOND) & clip.landmarks.found)
    return replace(clip, landmarks=landmarks_part(clip.landmarks, slice(int(far.min()), int(far.max()) + 1)))


def _identity(setup: Setup, head: HeadModel, clips: list[PersonClip]) -> Floats:
    person = person_in(clips, head, FitSettings(device=setup.device), context(setup, "identity"))
    assert not isinstance(person, Failure)
    return person.identity


def _true_rest(truth: Path) -> Floats:
    """Return the true landmarks at rest (478, 3), millimetres: every clip begins with a resting face."""
    with np.load(truth, allow_pickle=False) as file:
        return file["landmarks_mm"][0].astype(np.float64)


def _error(head: HeadModel, identity: Floats, true: Floats) -> float:
    """Return how far the landmarks at rest are from the true ones, millimetres."""
    corners = head.faces[head.landmarks.triangle]
    shaped = head.template + head.identity_basis @ identity
    points = 1000 * np.einsum("nk,nkc->nc", head.landmarks.barycentric, shaped[corners])
    usable = np.isfinite(true).all(axis=1) & (np.arange(names.LANDMARKS) < min(names.LEFT_IRIS + names.RIGHT_IRIS))
    points, true = points[usable], true[usable]
    return float(np.sqrt(np.square(rigidly_aligned(points, true) - true).sum(axis=1).mean()))
