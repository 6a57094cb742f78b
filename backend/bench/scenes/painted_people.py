"""Painted people of the built-in head, filmed one after the other, each with a camera of its own."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from fractions import Fraction
from pathlib import Path

from ...contract.failure import Failure
from ...head.model import HeadModel
from ...sample.canvas import make_canvas
from ...sample.clip import Truth, make_clip
from ...sample.people import TEXTURE_SIZE, person
from ..chain import Setup


def painted_people(
    setup: Setup, head: HeadModel, seeds: Iterable[int], frames: int, rate: Fraction
) -> Iterator[tuple[Path, Truth] | Failure]:
    """Yield the video of each person and the truth about it, or why it could not be made.

    Args:
        setup: Its work folder takes the videos.
        head: Whose identities they have.
        seeds: One for each person.
        frames, rate: Length of each video.
    """
    canvas = make_canvas(head, TEXTURE_SIZE)
    for seed in seeds:
        plan = person(head, seed, frames=frames, rate=rate, canvas=canvas)
        video = setup.work / f"person{seed}.mp4"
        truth = make_clip(head, plan, video, setup.work / f"person{seed}.npz")
        yield truth if isinstance(truth, Failure) else (video, truth)
