"""The identity of one person from several clips, solved together: one head, and a camera for each clip."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import torch

from ..contract.failure import Failure, Notice
from ..contract.settings import FitSettings
from ..data.context import Context
from ..data.types import Camera, Landmarks, Person, Video
from ..fit.clip import key_frame_fit
from ..fit.clip_input import clip_input
from ..fit.fitting import steady
from ..fit.geometry.parallel import on_device, single_threaded_operations
from ..fit.lens.straight_landmarks import straight_landmarks
from ..fit.listener import progress_of
from ..fit.options.device import device_for
from ..fit.options.fit_options import FitOptions
from ..fit.solved_frames import solved_frames
from ..fit.solvers.identity import ClipUnknowns
from ..head.model import HeadModel
from .joint_fit import LEAST_KEY_FRAMES, JointResult, fit_together

SOMEBODY_ELSE: Final = 2.0
"""Disagreement of a clip from which on it seems to show another person. Of pairs of clips of one person, real and
painted, the largest was 1.3; of two people the least was 2.9."""


@dataclass(frozen=True)
class PersonClip:
    """One clip of a person: its footage, the face in it, and what is known of its camera."""

    video: Video
    landmarks: Landmarks
    camera: Camera

    @property
    def name(self) -> str:
        """The file's name, for people."""
        return self.video.path.name


def person_in(
    clips: Sequence[PersonClip], head: HeadModel, settings: FitSettings, context: Context
) -> Person | Failure:
    """Return the person that several clips show.

    A clip without a face, and one that was given before, are left out; notices say so, and which one seems to show
    somebody else.

    Args:
        clips: In any order; at least one.
        head: The head, with identity modes to fit.
        settings: How it is fitted, as for the fit of one clip.
        context: For progress and notices.
    """
    device = device_for(settings.device)
    if isinstance(device, Failure):
        return device
    used = _of_use(clips, context)
    if not used:
        return Failure(
            "identity-no-face",
            "None of the clips that the identity is to come from shows a face.",
            "Choose clips in which the person's face is seen, or let the identity be fitted to the shot itself.",
        )
    solved = on_device(lambda there: _solved(used, head, settings, context, there), device, context.notice)
    names = tuple(each.name for each in used)
    odd = _somebody_else(names, solved.disagreement)
    if odd is not None:
        context.notice(odd)
    identity = solved.clips[0].shared.identity.cpu().double().numpy()
    return Person(identity, head.sha256, names, solved.disagreement)


def _somebody_else(names: Sequence[str], disagreement: Sequence[float]) -> Notice | None:
    """Return what to say of clips that do not seem to show one person."""
    if max(disagreement) < SOMEBODY_ELSE or len(names) < 2:
        return None
    advice = "Leave out clips of other people, or choose another face there."
    worst = max(zip(disagreement, names, strict=True))
    if len(names) == 2:
        sentence = f"{names[0]} and {names[1]} do not seem to show the same person."
    else:
        sentence = f"{worst[1]} seems to show somebody else than the other clips of the identity."
    return Notice("identity-of-two-people", sentence, advice)


def _of_use(clips: Sequence[PersonClip], context: Context) -> list[PersonClip]:
    """Return the clips that show a face, each once."""
    result: dict[tuple[object, ...], PersonClip] = {}
    for clip in clips:
        which = (clip.video.sha256, clip.landmarks.frame_index.tobytes(), clip.landmarks.number)
        if not clip.landmarks.found.any():
            context.notice(
                Notice(
                    "identity-clip-without-face",
                    f"{clip.name} shows no face; the identity comes from the other clips.",
                    "Leave it out, or choose another clip of the person.",
                )
            )
        elif which in result:
            context.notice(
                Notice(
                    "identity-clip-twice",
                    f"{clip.name} was given twice for the identity; it counts once.",
                    "Leave one of the two out.",
                )
            )
        else:
            result[which] = clip
    return list(result.values())


@single_threaded_operations()
def _solved(
    clips: Sequence[PersonClip], head: HeadModel, settings: FitSettings, context: Context, device: torch.device
) -> JointResult:
    options = FitOptions.from_settings(settings)
    options = replace(options, key_frames=max(options.key_frames // len(clips), LEAST_KEY_FRAMES))
    works, starts = [], []
    for clip in clips:
        context.check()
        curved = clip.camera.curved
        straight = straight_landmarks(clip.landmarks, curved)
        video = None if clip.video is None else clip.video.through(curved)
        landmarks, camera, _ = steady(straight, clip.camera, context, video)
        frames = solved_frames(landmarks, options.longest_gap)
        work, start = key_frame_fit(head, clip_input(landmarks, camera, frames), options, device)
        works.append(work)
        starts.append(ClipUnknowns(start.shared, start.frames))
    report = progress_of(context, {"identity": (0.0, 1.0)})
    return fit_together(works, starts, lambda done, total: report("identity", done, total))
