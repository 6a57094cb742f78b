"""An identity changed by hand outside of Blender, and the modes that sliders need."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Final

import numpy as np

from ..contract.arrays import Floats
from ..contract.failure import Failure
from ..contract.identity_file import KnownIdentity, is_identity_file
from ..contract.options import from_dict
from ..contract.portable import stated_file
from ..contract.settings import HeadSettings
from ..contract.targets import Targets
from ..contract.track import read_parts
from ..head.builtin.identity import identity_names
from ..head.choosing import with_identity, with_known_identity
from ..head.library import resolve_head
from ..head.model import HeadModel

BY_NUMBER: Final = 50
"""Modes of a head without names that get a slider: the first ones, which are the largest."""
_GENERAL: Final = "general_"
"""Beginning of the names of modes that nobody can name."""


def head_of(identity: KnownIdentity, source: Path, models: Path) -> HeadModel | Failure:
    """Return the head that an identity belongs to, with all of its modes.

    Args:
        identity: Whose head.
        source: File that it was read from; a track tells which model file its head was.
        models: Folder of model files.
    """
    failure: Failure | None = None
    for settings in _candidates(source):
        head = resolve_head(settings, models)
        if isinstance(head, Failure):
            failure = head
            continue
        known = with_known_identity(head, identity, source)
        if isinstance(known, HeadModel):
            return head
        failure = known
    assert failure is not None
    return failure


def _candidates(source: Path) -> list[HeadSettings]:
    """Return the heads that may be meant: that of the track, the first of the folder, the built-in one."""
    most = 400
    usual = [HeadSettings(identity_modes=most), HeadSettings(source="builtin", identity_modes=most)]
    parts = None if is_identity_file(source) else read_parts(source, ())
    stated = parts[0]["settings"].get("head", {}) if isinstance(parts, tuple) else {}
    file = stated_file(str(stated.get("file") or ""), source.parent)
    if file is None:
        return usual
    settings = from_dict(HeadSettings, {"source": "file", "file": str(file), "identity_modes": most}, "Head")
    return usual if isinstance(settings, Failure) else [settings, *usual]


def mode_names(head: HeadModel) -> tuple[str, ...]:
    """Return a name for each identity mode of a head."""
    count = head.identity_basis.shape[2]
    names = identity_names()
    if not head.file_name and count == len(names):
        return names
    return tuple(f"identity_{number:03d}" for number in range(count))


def slider_modes(head: HeadModel) -> tuple[tuple[str, int], ...]:
    """Return name and number of the modes that have a name, or of the first ones of a head without names."""
    names = mode_names(head)
    if not head.file_name:
        return tuple((name, number) for number, name in enumerate(names) if not name.startswith(_GENERAL))
    return tuple((name, number) for number, name in enumerate(names[:BY_NUMBER]))


def changed(
    identity: KnownIdentity, head: HeadModel, changes: Mapping[str, float], sculpted: Floats | None = None
) -> KnownIdentity | Failure:
    """Return an identity with some modes changed, and with a head at rest that was sculpted.

    Args:
        identity, head: Of the person, from `head_of`.
        changes: Name of a mode -> what is added to its coefficient.
        sculpted: The head at rest (V, 3) in metres and the head's axes, which then is the person's, whatever the
            coefficients say; None where it was not sculpted.
    """
    names = mode_names(head)
    unknown = [name for name in changes if name not in names]
    if unknown:
        return Failure(
            "identity-mode-unknown",
            f"{head.name} has no mode '{unknown[0]}'.",
            "The flag --list shows the modes that there are.",
        )
    if sculpted is not None and sculpted.shape != identity.neutral.shape:
        return Failure(
            "identity-other-mesh",
            f"The sculpted head has {len(sculpted)} vertices, and {head.name} has {len(identity.neutral)}.",
            "Sculpt the head itself without adding or removing vertices.",
        )
    coefficients = np.zeros(len(names))
    coefficients[: len(identity.coefficients)] = identity.coefficients
    for name, change in changes.items():
        coefficients[names.index(name)] += change
    before = with_identity(head, identity.coefficients).template
    moved = with_identity(head, coefficients).template - before
    neutral = identity.neutral + moved if sculpted is None else sculpted
    together = {name: identity.changes.get(name, 0.0) + change for name, change in changes.items()}
    if not changes:
        coefficients = identity.coefficients
    return replace(identity, coefficients=coefficients, neutral=neutral, changes={**identity.changes, **together})


def write_modes(path: Path, head: HeadModel, targets: Targets) -> None:
    """Write the modes that get a slider for Blender: names, numbers, and what each does to the head (N, V, 3).

    Raises:
        TargetRefused, OSError: As `Targets.write`.
    """
    modes = slider_modes(head)
    numbers = [number for _, number in modes]
    arrays = {
        "names": np.array([name for name, _ in modes]),
        "numbers": np.array(numbers, dtype=np.int32),
        "count": np.array([head.identity_basis.shape[2]], dtype=np.int32),
        "modes": np.ascontiguousarray(np.moveaxis(head.identity_basis[:, :, numbers], 2, 0), dtype=np.float32),
    }

    def write(partial: Path) -> None:
        with partial.open("wb") as stream:
            np.savez(stream, **arrays)

    targets.write(path, write)
