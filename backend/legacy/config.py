"""The configuration dictionaries of versions 1.01 and 4, checked: every key is known, every named file is there."""

from __future__ import annotations

import difflib
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import torch

from ..contract.failure import Failure
from ..landmarks.crop_camera import VERSION_1_ANGLE
from .versions import VERSION_1, VERSION_4, Version

_FILES: Final = {
    "mediapipe_face_landmarker_v2_path": "the landmark networks in the model folder, or those of mediapipe, are used",
    "flame_model_path": "the built-in head is used",
    "tex_space_path": "texture codes are of our own space",
    "face_parsing_model_path": "our own parsing is used",
}
"""Keys of files that are used, and what happens without each."""
NOT_NEEDED: Final = frozenset({"flame_lmk_embedding_path", "uv_coord_mapping_file_path"})
"""Keys of the original whose files are not read: landmarks are placed on FLAME's mesh as we measured them, triangles
come from the model file."""
_TEMPLATE: Final = "template_mesh_file_path"
_EARS: Final = "ear_landmarker_path"
_PATHS: Final = ("video_path", "save_path")
_VIDEO: Final = ("original_fps", "subsample_fps", *_PATHS)
_OTHERS: Final = ("result_img_size", "device", _TEMPLATE)
_SWITCHES: Final = {"use_matting": False, "optimize_fov": False, "photometric_fitting": False, "realign": True}
"""Keys of version 4 that are True or False, and which where they are left out."""
_LATER: Final = (*_SWITCHES, "batch_size", _EARS)
"""Keys that only version 4 has. Its `batch_size` changes nothing: what belongs together is fitted at once."""


@dataclass(frozen=True)
class LegacyConfig:
    """What the dictionary asks for; None where it says nothing.

    Attributes:
        task_file: face_landmarker.task.
        head_file: FLAME model.
        texture_file: FLAME_texture.npz or FLAME_albedo_from_BFM.npz.
        parsing_file: 79999_iter.pth.
        size: Side of the aligned pictures in pixels.
        device: Device that computes the fit and the parsing network.
        original_rate, subsampled_rate: Frames per second of the video, and of its frames that are tracked.
        video: The video.
        folder: Where a folder of results is made.
        template_file: head_template.obj with FLAME's texture coordinates.
        version: Of the dictionary.
        degrees: Angle of view of the crops.
        free_angle: Whether the fit may change that angle.
        matting: Whether the background becomes white.
        photometric: Whether the pictures of a video tell more than light.
        realign: Whether the frames of a video are cut around the face.
        notices: What the user should know of it although it can be used, in sentences.
    """

    task_file: Path | None
    head_file: Path | None
    texture_file: Path | None
    parsing_file: Path | None
    size: int
    device: torch.device
    original_rate: float | None
    subsampled_rate: float | None
    video: Path | None
    folder: Path | None
    template_file: Path | None = None
    version: Version = VERSION_1
    degrees: float = VERSION_1_ANGLE
    free_angle: bool = False
    matting: bool = False
    photometric: bool = False
    realign: bool = True
    notices: tuple[str, ...] = ()

    @property
    def model_folders(self) -> list[Path]:
        """Folders in which version 1.01 had ``deca_model.tar``: that of the named files, or the one above."""
        named = [path.parent for path in (self.task_file, self.texture_file, self.head_file) if path is not None]
        return list(dict.fromkeys([*named, *(folder.parent for folder in named)]))


def read_config(values: Mapping[str, Any], *, video: bool, version: Version = VERSION_1) -> LegacyConfig | Failure:
    """Return the configuration, or a failure that names the key.

    Args:
        values: The dictionary.
        video: Whether a video is to be tracked: its keys must be there then.
        version: Which version's keys they are; version 4 has all of 1.01's, too.
    """
    problem = _unknown_key(values, version) or _no_path(values) or _missing_file(values)
    problem = problem or _bad_number(values) or _bad_switch(values)
    if problem is not None:
        return problem
    if video:
        absent = [key for key in _PATHS if not values.get(key)]
        if absent:
            return Failure(
                "config-incomplete", f"The configuration lacks {' and '.join(absent)}.", "Add them to track a video."
            )
    try:
        wanted = torch.device(values["device"]) if values.get("device") is not None else _usual_device()
    except (RuntimeError, TypeError):
        return _wrong("device", "'cpu', 'cuda' or a torch.device", values["device"])
    device = wanted if _is_there(wanted) else torch.device("cpu")
    paths = {key: _path(values, key) for key in (*_FILES, _TEMPLATE, *_PATHS)}
    template = paths[_TEMPLATE]
    switches = {key: bool(values.get(key, otherwise)) for key, otherwise in _SWITCHES.items()}
    return LegacyConfig(
        task_file=paths["mediapipe_face_landmarker_v2_path"],
        head_file=paths["flame_model_path"],
        texture_file=paths["tex_space_path"],
        parsing_file=paths["face_parsing_model_path"],
        size=int(values.get("result_img_size", 512)),
        device=device,
        original_rate=_rate(values, "original_fps"),
        subsampled_rate=_rate(values, "subsample_fps"),
        video=paths["video_path"],
        folder=paths["save_path"],
        template_file=template if template is not None and template.is_file() else None,
        version=version,
        free_angle=switches["optimize_fov"],
        matting=switches["use_matting"],
        photometric=switches["photometric_fitting"],
        realign=switches["realign"],
        notices=tuple(_remarks(values, wanted, device, template)),
    )


def _remarks(
    values: Mapping[str, Any], wanted: torch.device, device: torch.device, template: Path | None
) -> Iterator[str]:
    if device != wanted:
        yield f"'device' asks for {wanted}, which torch does not find here; the CPU is used instead."
    if template is not None and not template.is_file():
        yield f"There is no file {template}, which '{_TEMPLATE}' names; the head's own texture coordinates are used."
    if values.get(_EARS):
        yield (
            f"'{_EARS}' is not read: that network was trained on data for research only. 'lmks_ears' is the outline of"
            " the fitted head's ear."
        )


def _usual_device() -> torch.device:
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def _is_there(device: torch.device) -> bool:
    if device.type == "cuda":
        return torch.cuda.is_available() and (device.index or 0) < torch.cuda.device_count()
    return device.type == "cpu" or (device.type == "mps" and torch.backends.mps.is_available())


def _path(values: Mapping[str, Any], key: str) -> Path | None:
    return Path(values[key]).expanduser() if values.get(key) else None


def _rate(values: Mapping[str, Any], key: str) -> float | None:
    return float(values[key]) if values.get(key) is not None else None


def _unknown_key(values: Mapping[str, Any], version: Version) -> Failure | None:
    known = {*_FILES, *NOT_NEEDED, *_VIDEO, *_OTHERS}
    later = [key for key in values if key in _LATER]
    if version == VERSION_4:
        known |= set(_LATER)
    elif later:
        return Failure(
            "config-of-version-4",
            f"{_listed(later)} {'belongs' if len(later) == 1 else 'belong'} to version 4 of the interface.",
            "Write 'from backend.flame_head_tracker_v4 import Tracker, track_video', or leave the key out.",
        )
    words = []
    for key in sorted(str(key) for key in values if key not in known):
        near = difflib.get_close_matches(key, known, 1)
        words.append(f"'{key}' (did you mean '{near[0]}'?)" if near else f"'{key}'")
    if not words:
        return None
    return Failure(
        "config-unknown-key",
        f"The configuration has {'unknown keys' if len(words) > 1 else 'an unknown key'}: {', '.join(words)}.",
        f"Known keys: {', '.join(sorted(known))}.",
    )


def _listed(keys: list[str]) -> str:
    return ", ".join(f"'{key}'" for key in keys)


def _no_path(values: Mapping[str, Any]) -> Failure | None:
    for key in (*_FILES, _TEMPLATE, *_PATHS):
        if values.get(key) and not isinstance(values[key], (str, os.PathLike)):
            return _wrong(key, "a path", values[key])
    return None


def _missing_file(values: Mapping[str, Any]) -> Failure | None:
    for key, otherwise in _FILES.items():
        path = _path(values, key)
        if path is not None and not path.is_file():
            return Failure(
                "config-file-not-found",
                f"There is no file {path}, which '{key}' names.",
                f"Correct the path, or leave the key out: then {otherwise}.",
            )
    return None


def _bad_number(values: Mapping[str, Any]) -> Failure | None:
    size = values.get("result_img_size", 512)
    if isinstance(size, bool) or not isinstance(size, int) or not 64 <= size <= 4096:
        return _wrong("result_img_size", "a whole number from 64 to 4096", size)
    for key in ("original_fps", "subsample_fps"):
        rate = values.get(key)
        if rate is not None and (isinstance(rate, bool) or not isinstance(rate, (int, float)) or not 0 < rate <= 1000):
            return _wrong(key, "a number above 0", rate)
    return None


def _bad_switch(values: Mapping[str, Any]) -> Failure | None:
    for key in _SWITCHES:
        if key in values and not isinstance(values[key], bool):
            return _wrong(key, "True or False", values[key])
    size = values.get("batch_size", 1)
    if isinstance(size, bool) or not isinstance(size, int) or size < 1:
        return _wrong("batch_size", "a whole number above 0", size)
    return None


def _wrong(key: str, expected: str, value: Any) -> Failure:
    return Failure("config-wrong", f"'{key}' must be {expected}, not {value!r}.", "Correct the configuration.")
