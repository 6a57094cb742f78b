"""The head that is fitted, with the identity of an earlier track where that is asked for."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Final

import numpy as np

from ..contract.arrays import Floats
from ..contract.failure import Failure
from ..contract.identity_file import KnownIdentity, read_identity
from ..contract.settings import HeadSettings
from ..data.context import Context
from .library import left_out_notices, resolve_head
from .model import HeadModel

SAME: Final = 1e-5
"""Metres within which two heads are the same: track files hold single precision."""


def chosen_head(settings: HeadSettings, context: Context) -> HeadModel | Failure:
    """Return the head model; its template already has the identity where that comes from a track or identity file."""
    if not settings.identity_track:
        return with_notices(resolve_head(settings, context.models), context)
    path = Path(settings.identity_track).expanduser()
    identity = read_identity(path)
    if isinstance(identity, Failure):
        return identity
    modes = max(len(identity.coefficients), 1)
    model = with_notices(resolve_head(dataclasses.replace(settings, identity_modes=modes), context.models), context)
    if isinstance(model, Failure):
        return model
    return with_known_identity(model, identity, path)


def with_notices(model: HeadModel | Failure, context: Context) -> HeadModel | Failure:
    """Return the model; what could not be used of the folder of models is said."""
    for notice in left_out_notices(model) if isinstance(model, HeadModel) else ():
        context.notice(notice)
    return model


def with_known_identity(model: HeadModel, known: KnownIdentity, path: Path) -> HeadModel | Failure:
    """Return the model with an identity in its template and no identity modes left to fit.

    What the head at rest has beside its coefficients was sculpted by hand, and is in the template too.
    """
    identity = known.coefficients
    if known.model.get("sha256") != model.sha256:
        matching = _identity_of_the_same_head(model, known.neutral)
        if matching is None:
            return Failure(
                "identity-of-other-model",
                f"The identity in {path.name} belongs to another head model ({known.model.get('name')}, not"
                f" {model.name}).",
                "Track with that model, or clear Identity From so that the identity is fitted.",
            )
        identity = matching
    modes = model.identity_basis.shape[2]
    if len(identity) > modes or known.neutral.shape != model.template.shape:
        return Failure(
            "identity-of-other-model",
            f"The identity in {path.name} has {len(identity)} coefficients and {len(known.neutral)} vertices,"
            f" {model.name} has {modes} and {model.vertex_count}.",
            "Clear Identity From so that the identity is fitted.",
        )
    shaped = with_identity(model, identity)
    return dataclasses.replace(shaped, template=shaped.template + sculpted(shaped.template, known.neutral))


def sculpted(shaped: Floats, neutral: Floats) -> Floats:
    """Return by how much a head at rest (V, 3) was moved away from what its coefficients say; 0 where it was not."""
    moved = neutral - shaped
    moved[np.abs(moved).max(axis=1) < SAME] = 0.0
    return moved


def _identity_of_the_same_head(model: HeadModel, neutral: Floats) -> Floats | None:
    """Return the identity (N,) with which the model is some neutral head, or None where it cannot be.

    Other makes of the built-in head have fewer identity modes, or some of them with the opposite sign, and other
    expressions.
    """
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
