"""Speed of the solve alone."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import numpy as np

from ...contract.failure import Failure
from ...head.builtin import builtin_head
from ...head.model import HeadModel
from ..chain import Clock, Setup, fit, import_stages
from ..rows import Row, at_most
from ..scenes.synthetic import landmarks_part, scene

IDENTITIES, EXPRESSIONS = 100, 52
LENGTHS, QUICK_LENGTHS = (300, 1000, 3000), (100, 300)
LIMIT: Final = 3.0
LINEAR: Final = 1.5
"""Time per frame of a longer clip over that of the shortest, up to which the growth counts as linear."""


def measure(setup: Setup) -> list[Row] | Failure:
    """Seconds of wall time of the stage Fit on 478 noisy landmarks per frame, focal length unknown.

    The head is the built-in one with 100 identity and 52 expression modes: those that it lacks are filled up with
    random mixtures of its own, which cost the same. 10 untimed frames come first, so that thread pools are there.
    """
    import_stages()
    usual = replace(builtin_head(), detector_offsets=None)
    head = filled_up(usual)
    lengths = QUICK_LENGTHS if setup.quick else LENGTHS
    whole = scene(usual, 0, max(lengths), 1.5).landmarks
    rows, per_frame = [], []
    for frames in (10, *lengths):
        clock = Clock()
        fitted = fit(setup, landmarks_part(whole, slice(frames)), head, None, clock)
        if isinstance(fitted, Failure):
            return fitted
        if frames == 10:
            continue
        seconds = clock.wall["fit"]
        per_frame.append(seconds / frames)
        report = fitted.report.as_json()
        detail = {"processor_seconds": clock.processor["fit"], "parts": report["seconds"]}
        detail["iterations"] = report["iterations"]
        what = f"solve alone, {frames} frames, {IDENTITIES} identity + {EXPRESSIONS} expression"
        if frames == 300:
            rows.append(at_most(what, seconds, LIMIT, " s", **detail))
        else:
            rows.append(Row(what, "", f"{seconds:.2f} s", None, seconds, detail))
    growth = per_frame[-1] / per_frame[0]
    rows.append(at_most(f"time per frame, {lengths[-1]} frames over {lengths[0]}", growth, LINEAR))
    return rows


def filled_up(head: HeadModel) -> HeadModel:
    """Return the head with at least 100 identity and 52 expression modes."""
    random = np.random.default_rng(0)
    more = max(IDENTITIES - head.identity_basis.shape[2], 0)
    identity = head.identity_basis @ (0.1 * random.standard_normal((head.identity_basis.shape[2], more)))
    extra = max(EXPRESSIONS - head.expression_basis.shape[2], 0)
    expression = head.expression_basis @ (0.1 * random.standard_normal((head.expression_basis.shape[2], extra)))
    return replace(
        head,
        identity_basis=np.concatenate([head.identity_basis, identity], axis=2),
        expression_basis=np.concatenate([head.expression_basis, expression], axis=2),
        expression_names=(*head.expression_names, *(f"mixture{index}" for index in range(extra))),
        expression_range=np.concatenate([head.expression_range, np.tile([0.0, 1.0], (extra, 1))]),
    )
