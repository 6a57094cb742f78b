"""Presets of calibrations: those that come with the program, and the user's, one JSON file each."""

from __future__ import annotations

from pathlib import Path

from ...backend.contract.atomic import write_atomically
from ...backend.contract.failure import Failure
from ...backend.contract.file_access import is_file
from ...backend.contract.performance.calibration import PRESETS, Calibration, parse_calibration
from ..paths import safe_name, user_folder

_LARGEST = 1 << 20
"""Bytes; a preset has some thousands."""


def folder() -> Path:
    """Return the folder of the user's presets; it is not created."""
    return user_folder("calibrations")


def names() -> list[str]:
    """Return the names of the user's presets, sorted."""
    try:
        return sorted((path.stem for path in folder().glob("*.json") if not path.name.startswith(".")), key=str.lower)
    except OSError:
        return []


def read(name: str) -> Calibration | Failure:
    """Return a preset by its name: one that the user saved, else one that comes with the program."""
    path = _file(name)
    if not is_file(path):
        known = PRESETS.get(name)
        advice = "Choose another one."
        return known or Failure("preset-missing", f"There is no calibration preset '{name}' any more.", advice)
    try:
        if path.stat().st_size > _LARGEST:
            return Failure("preset-too-large", f"{path.name} is too large to be a calibration.", "Remove the preset.")
        return parse_calibration(path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is not text"
        return Failure("preset-unreadable", f"{path.name} cannot be read: {reason}.", "Choose another preset.")


def save(name: str, calibration: Calibration) -> Failure | None:
    """Save a preset for the user, without neutral frames, as these belong to one take."""
    text = calibration.without_neutral().to_json() + "\n"
    path = _file(name)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(path, lambda partial: partial.write_text(text, "utf-8"))
    except OSError as error:
        reason = error.strerror or str(error)
        advice = "Free some space, or allow writing to the folder."
        return Failure("preset-not-written", f"{path} could not be written: {reason}.", advice)
    return None


def remove(name: str) -> Failure | None:
    """Remove one of the user's presets."""
    try:
        _file(name).unlink(missing_ok=True)
    except OSError as error:
        return Failure(
            "preset-not-removed", f"The preset stays: {error.strerror or error}.", "Remove its file by hand."
        )
    return None


def _file(name: str) -> Path:
    return folder() / f"{safe_name(name)}.json"
