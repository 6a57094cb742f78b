"""An identity that was changed by hand: coefficients, and the head at rest as somebody has made it.

A text in JSON, written in Blender or by the command ``identity`` and taken by the setting Identity From. What of the
head at rest its coefficients do not explain is sculpted: the engine fits with a head whose template has it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np

from .arrays import Floats
from .checks import is_number, is_object, is_text, is_whole, list_of, mapping_of, object_with, parse_json
from .failure import Failure
from .targets import TargetRefused, Targets
from .track import read_parts

SCHEMA: Final = 1
SUFFIX: Final = ".identity.json"
_DIGITS: Final = 4
"""Decimals of a millimetre of the head at rest: a track's single precision has no more."""
_LARGEST: Final = 64 << 20
"""Bytes of such a file; one of ten thousand vertices has some hundred thousand."""


@dataclass(frozen=True)
class KnownIdentity:
    """Whose head it is. I modes, V vertices.

    Attributes:
        model: Of the head: ``name`` and ``sha256``.
        coefficients: (I,).
        neutral: The head at rest (V, 3), metres, head space.
        changes: By how much named modes were changed by hand, for the sliders.
    """

    model: Mapping[str, Any]
    coefficients: Floats
    neutral: Floats
    changes: Mapping[str, float] = field(default_factory=dict)

    def to_json(self) -> str:
        """Return it as JSON text, readable by `parse_identity`."""
        plain = {
            "schema": SCHEMA,
            "model": {name: self.model.get(name, "") for name in ("name", "sha256")},
            "coefficients": self.coefficients.tolist(),
            "neutral_mm": np.round(1000 * self.neutral.astype(np.float64), _DIGITS).tolist(),
            "changes": dict(self.changes),
        }
        return json.dumps(plain, separators=(",", ":"))


def is_identity_file(path: Path) -> bool:
    """Whether a name is that of an identity file, and not of a track."""
    return path.name.lower().endswith(SUFFIX)


def read_identity(path: Path) -> KnownIdentity | Failure:
    """Return the identity in an identity file or in a track."""
    if is_identity_file(path):
        return _read_text(path)
    parts = read_parts(path, ("identity", "neutral_vertices"))
    if isinstance(parts, Failure):
        return parts
    header, arrays = parts
    coefficients, neutral = (arrays[name].astype(np.float64) for name in ("identity", "neutral_vertices"))
    return KnownIdentity(header["model"], coefficients, neutral)


def parse_identity(text: str | bytes, name: str = "The file") -> KnownIdentity | Failure:
    """Read an identity from JSON text; `name` is what the failure calls it."""
    data = parse_json(text, is_object)
    if data is not None and is_whole(data.get("schema"), SCHEMA + 1):
        return Failure(
            "identity-newer",
            f"{name} has schema {data['schema']}; this program reads {SCHEMA}.",
            "Use the version of the program that wrote it.",
        )
    if data is None or not _IS_RIGHT(data):
        return Failure(
            "identity-damaged",
            f"{name} is not an identity file or is damaged.",
            f"Give a track file, or a file that ends in {SUFFIX} as Blender writes it.",
        )
    neutral = np.array(data["neutral_mm"], dtype=np.float64).reshape(-1, 3) / 1000
    return KnownIdentity(
        data["model"], np.array(data["coefficients"], dtype=np.float64), neutral, data.get("changes", {})
    )


def write_identity(path: Path, identity: KnownIdentity, targets: Targets | None = None) -> Failure | None:
    """Write an identity file; the old one stays, or a whole new one is there.

    Args:
        path: Where; its name must end in `SUFFIX`.
        identity: What.
        targets: What may be replaced; without it what this program wrote may, and nothing else.
    """
    try:
        (targets or Targets()).write(path, lambda partial: partial.write_text(identity.to_json(), "utf-8"))
    except TargetRefused as refused:
        return refused.failure
    except OSError as error:
        return Failure(
            "identity-not-written",
            f"{path} could not be written: {error.strerror or error}.",
            "Choose a folder that you may write to.",
        )
    return None


def _read_text(path: Path) -> KnownIdentity | Failure:
    try:
        with path.open("rb") as stream:
            content = stream.read(_LARGEST + 1)
    except OSError as error:
        return Failure(
            "identity-not-read",
            f"{path} cannot be read: {error.strerror or error}.",
            "Choose another identity, or clear Identity From so that it is fitted.",
        )
    return parse_identity(content if len(content) <= _LARGEST else b"", path.name)


_IS_RIGHT: Final = object_with(
    {
        "schema": is_whole,
        "model": object_with({"name": is_text, "sha256": is_text}),
        "coefficients": list_of(is_number),
        "neutral_mm": list_of(list_of(is_number, 3)),
    },
    {"changes": mapping_of(is_number)},
)
