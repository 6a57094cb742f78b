"""The head that is fitted, with the identity of an earlier track where that is asked for."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Final

import numpy as np

from ..contract.arrays import Floats
from ..contract.failure import Failure
from ..contract.settings import HeadSettings
from ..contract.track import Track, read_track
from ..data.context import Context
from .library import left_out_notices, resolve_head
from .model import HeadModel

SAME: Final = 1e-5
"""Metres within which two heads are the same: track files hold single precision."""


def chosen_head(settings: HeadSettings, context: Context) -> HeadModel | Failure:
    """Return the head model; its template already has the identity where that comes from a track file."""
    if not settings.identity_track:
        return with_notices(resolve_head(settings, context.models), context)
    path = Path(settings.identity_track).expanduser()
    track = read_track(path)
    if isinstance(track, Failure):
        return track
    modes = max(len(track.identity), 1)
    model = with_notices(resolve_head(dataclasses.replace(settings, identity_modes=modes), context.models), context)
    if isinstance(model, Failure):
        return model
    return with_identity_of(model, track, path)


def with_notices(model: HeadModel | Failure, context: Context) -> HeadModel | Failure:
    """Return the model; what could not be used of the folder of models is said."""
    for notice in left_out_notices(model) if isinstance(model, HeadModel) else ():
        context.notice(notice)
    return model


def with_identity_of(model: HeadModel, track: Track, path: Path) -> HeadModel | Failure:
    """Return the model with the identity of a track in its template and no identity modes left to fit."""
    theirs = track.header["model"]
    identity = np.asarray(track.identity, dtype=np.float64)
    if theirs.get("sha256") != model.sha256:
        matching = _identity_of_the_same_head(model, track)
        if matching is None:
            return Failure(
                "identity-of-other-model",
                f"The identity in {path.name} belongs to another head model ({theirs.get('name')}, not {model.name}).",
                "Track with that model, or clear Identity From so that the identity is fitted.",
            )
        identity = matching
    modes = model.identity_basis.shape[2]
    if len(identity) > modes:
        return Failure(
            "identity-of-other-model",
            f"The identity in {path.name} has {len(identity)} coefficients, {model.name} has {modes}.",
            "Clear Identity From so that the identity is fitted.",
        )
    return with_identity(model, identity)


def _identity_of_the_same_head(model: HeadModel, track: Track) -> Floats | None:
    """Return the identity (N,) with which the model is the track's neutral head, or None where it cannot be.

    Other makes of the built-in head have fewer identity modes, or some of them with the opposite sign, and other
    expressions.
    """
    neutral = np.asarray(track.neutral_vertices, dtype=np.float64)
    if neutral.shape != model.template.shape:
        return None
    basis = model.identity_basis.reshape(-1, model.identity_basis.shape[2])
    identity = np.linalg.lstsq(basis, (neutral - model.template).ravel(), rcond=None)[0]
    shaped = model.template + model.identity_basis @ identity
    return identity if np.abs(shaped - neutral).max() < SAME else None


def with_identity(model: HeadModel, identity: Floats) -> HeadModel:
    """Return the model with an identity (N,) in its template and no identity modes left to fit.

    N is at most the number of the model's modes.
    """
    return dataclasses.replace(
        model,
        template=model.template + model.identity_basis[:, :, : len(identity)] @ identity,
        identity_basis=model.identity_basis[:, :, :0],
        fixed_identity=identity,
    )
