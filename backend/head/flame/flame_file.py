"""FLAME model files of every version as a `HeadModel`: ``.pkl`` (numpy, scipy or chumpy inside) and ``.npz``.

Arrays and their meaning: Li, Bolkart, Black, Li, Romero, "Learning a model of facial shape and expression
from 4D scans", SIGGRAPH Asia 2017, and the loaders of its users (smplx/body_models.py). Number of vertices and modes
come from the file.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from scipy import sparse

from ...contract.arrays import Floats, Integers
from ...contract.failure import Failure
from ...contract.file_access import access_problem, is_file, is_folder
from ...contract.foreign_text import reason, shown
from ...contract.model_files import folders_beside
from ...contract.names import JOINT_PARENTS, JOINTS
from ...contract.settings import HeadSettings
from ...untrusted.plain_arrays import read_npz
from ...untrusted.restricted_pickle import Unread, read_pickle
from ..embedding.iris_offsets import with_iris_offsets
from ..embedding.landmark_embedding import embed_landmarks
from ..geometry import MeshProblem
from ..model import HeadModel
from ..regions import derive_regions
from ..uv import unwrap_head
from .flame_versions import recognise
from .side_files import SideFiles, read_side_files

IDENTITY_MODES: Final = 300
"""FLAME keeps identity and expression in one array, the first 300 modes being identity (smplx/body_models.py)."""
USUAL_IDENTITY_MODES: Final = 100
"""As many as trainers of avatars take, where the settings do not say."""

_REQUIRED: Final = ("v_template", "f", "shapedirs", "posedirs", "J_regressor", "weights", "kintree_table")
_MOST_TRIANGLES: Final = 4
"""Triangles per vertex; a closed surface has two."""
_ADVICE: Final = "Choose a FLAME model file such as generic_model.pkl, flame2023.pkl or flame2023_Open.pkl."


@dataclass(frozen=True)
class FlameArrays:
    """The checked arrays of a file, all modes; shapes as in `HeadModel`."""

    template: Floats
    faces: Integers
    shape_basis: Floats
    pose_correctives: Floats
    joint_regressor: Floats
    joint_parents: Integers
    skinning_weights: Floats


def load_flame(path: Path, settings: HeadSettings) -> HeadModel | Failure:
    """Return the head in a FLAME file, limited to the modes that the settings ask for, or why it cannot be used.

    What lies beside the file is used too, see `side_files`; what of it does not fit is in `HeadModel.left_out`.
    """
    content = read_flame_content(path)
    if isinstance(content, Failure):
        return content
    arrays = checked_arrays(content, path.name)
    if isinstance(arrays, Failure):
        return arrays
    side = read_side_files(folders_beside(path), len(arrays.template), len(arrays.faces))
    try:
        return _head_model(path, content, arrays, side, settings)
    except MeshProblem as problem:
        return _wrong(path.name, str(problem))
    except Exception as error:  # noqa: BLE001 - a mesh can be odd in more ways than can be named
        return _wrong(path.name, f"its mesh is not one of a head ({reason(error)})")


def file_sha256(path: Path) -> str:
    """Return the SHA-256 of a file, in hexadecimal digits."""
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        while block := stream.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def read_flame_content(path: Path) -> Mapping[str, Any] | Failure:
    """Return the named values in a ``.pkl`` or ``.npz`` file, or why it cannot be read."""
    problem = _file_problem(path)
    if problem is not None:
        return problem
    try:
        with path.open("rb") as stream:
            start = stream.read(4)
    except OSError as error:
        return Failure("file-not-readable", f"{path.name} cannot be read: {error.strerror or error}.", _ADVICE)
    content = _read_archive(path) if start == b"PK\x03\x04" else read_pickle(path)
    if isinstance(content, Failure):
        return content
    if not isinstance(content, Mapping) or not all(isinstance(key, str) for key in content):
        return Failure(
            "not-flame",
            f"{path.name} is not a FLAME model: expected a dictionary of arrays, found {_kind_of(content)}.",
            _ADVICE,
        )
    return content


def checked_arrays(content: Mapping[str, Any], name: str) -> FlameArrays | Failure:
    """Return the arrays of a FLAME file after checking that they are there, numeric, finite and belong together."""
    content = {("f" if key == "faces" and "f" not in content else key): value for key, value in content.items()}
    absent = [key for key in _REQUIRED if key not in content]
    if absent:
        return _incomplete(content, absent, name)
    arrays: dict[str, Any] = {}
    for key in _REQUIRED:
        array = _numeric(content[key])
        if array is None or (sparse.issparse(array) and key != "J_regressor"):
            return _no_numbers(name, key, content[key])
        arrays[key] = array
    problem = _shape_problem(arrays)
    if problem is not None:
        return _wrong(name, problem)
    return _converted(arrays, name)


def _file_problem(path: Path) -> Failure | None:
    if is_folder(path):
        return Failure("model-not-a-file", f"{path} is a folder, not a model file.", _ADVICE)
    if access_problem(path):
        return Failure("model-unreadable", f"{path} cannot be read: {access_problem(path)}.", _ADVICE)
    if not is_file(path):
        return Failure("model-not-found", f"There is no model file {path}.", _ADVICE)
    if path.stat().st_size == 0:
        return Failure("file-empty", f"{path.name} is empty.", "Download or copy it again.")
    return None


def _read_archive(path: Path) -> Mapping[str, Any] | Failure:
    try:
        return read_npz(path)
    except Exception as error:  # noqa: BLE001 - whatever a stranger's bytes lead to, the answer is a sentence
        return Failure(
            "archive-damaged",
            f"{path.name} is not a readable .npz of plain arrays: {reason(error)}.",
            "It may be truncated or another kind of file; download or copy it again.",
        )


def _kind_of(value: Any) -> str:
    if isinstance(value, np.ndarray):
        return f"an array of {value.dtype} with shape {value.shape}"
    if isinstance(value, Unread):
        return f"'{shown(value.name)}'"
    return f"a {type(value).__name__}"


def _wrong(name: str, problem: str) -> Failure:
    return Failure("flame-wrong", f"{name} is not a usable FLAME model: {problem}.", _ADVICE)


def _no_numbers(name: str, key: str, value: Any) -> Failure:
    if not isinstance(value, Unread) or not value.name.startswith("chumpy."):
        return _wrong(name, f"'{key}' is {_kind_of(value)} instead of numbers")
    operation = value.name.rsplit(".", 1)[-1]
    return Failure(
        "flame-formula",
        f"{name} cannot be used: '{key}' was saved as a formula of chumpy ('{operation}'), not as its numbers.",
        f"Save the model again with {key}.r, which is the array of numbers, or choose the file of FLAME's makers.",
    )


def _incomplete(content: Mapping[str, Any], absent: list[str], name: str) -> Failure:
    if "v_template" not in content or len(absent) == len(_REQUIRED):
        present = ", ".join(shown(key) for key in sorted(content)[:8]) or "nothing"
        return Failure(
            "not-flame",
            f"{name} is not a FLAME model: expected {', '.join(_REQUIRED)}; found {present}.",
            _ADVICE,
        )
    return Failure(
        "flame-incomplete",
        f"{name} is only part of a FLAME model: it lacks {', '.join(absent)}"
        f"{_meaning_of(absent)}, so it cannot be animated.",
        "Choose the complete model file from flame.is.tue.mpg.de, or use the built-in head.",
    )


def _meaning_of(absent: list[str]) -> str:
    meanings = {"posedirs": "pose correctives", "J_regressor": "joints", "weights": "skinning weights"}
    named = [meanings[key] for key in absent if key in meanings]
    return f" (no {', no '.join(named)})" if named else ""


def _numeric(value: Any) -> Any:
    """Return numbers as an array or sparse matrix, or None."""
    if (sparse.issparse(value) or isinstance(value, np.ndarray)) and value.dtype.kind in "iuf":
        return value
    return None


def _shape_problem(arrays: Mapping[str, Any]) -> str | None:
    """Return what is wrong with the sizes, or None."""
    template = arrays["v_template"]
    if template.ndim != 2 or template.shape[1:] != (3,) or len(template) < 100:
        return f"'v_template' has shape {template.shape} instead of (vertices, 3)"
    vertices, joints = len(template), len(JOINTS)
    expected = {
        "f": (None, 3),
        "shapedirs": (vertices, 3, None),
        "posedirs": (vertices, 3, 9 * (joints - 1)),
        "J_regressor": (joints, vertices),
        "weights": (vertices, joints),
        "kintree_table": (2, joints),
    }
    for key, wanted in expected.items():
        actual = arrays[key].shape
        if len(actual) != len(wanted) or any(w not in (None, f) for w, f in zip(wanted, actual, strict=True)):
            readable = ", ".join("any" if size is None else str(size) for size in wanted)
            return f"'{key}' has shape {actual} instead of ({readable})"
    if arrays["f"].dtype.kind not in "iu" or len(arrays["f"]) == 0:
        return "'f' holds no vertex numbers"
    if len(arrays["f"]) > _MOST_TRIANGLES * vertices:
        return f"'f' has {len(arrays['f'])} triangles for {vertices} vertices, which is not a surface"
    if arrays["f"].min() < 0 or arrays["f"].max() >= vertices:
        return f"'f' names vertex {arrays['f'].max()} of {vertices}"
    if arrays["shapedirs"].shape[2] <= IDENTITY_MODES:
        return (
            f"'shapedirs' has {arrays['shapedirs'].shape[2]} modes instead of {IDENTITY_MODES} for identity and more"
            " for expression"
        )
    return None


def _converted(arrays: Mapping[str, Any], name: str) -> FlameArrays | Failure:
    floats: dict[str, Floats] = {}
    for key in ("v_template", "shapedirs", "posedirs", "J_regressor", "weights"):
        dense = arrays[key].toarray() if sparse.issparse(arrays[key]) else arrays[key]
        floats[key] = np.ascontiguousarray(dense, dtype=np.float64)
        if not np.isfinite(floats[key]).all():
            return _wrong(name, f"'{key}' holds values that are not numbers (NaN or infinite)")
    extent = np.ptp(floats["v_template"], axis=0)
    if not 0.05 < extent.max() < 5.0:
        return _wrong(name, f"its head is {extent.max():.3g} m tall instead of about 0.3 m")
    if extent.min() < 0.1 * extent.max():
        return _wrong(name, "its head is flat")
    sums = floats["weights"].sum(axis=1, keepdims=True)
    if np.abs(sums - 1).max() > 0.01 or floats["weights"].min() < -1e-6:
        return _wrong(name, "'weights' do not sum to 1 at every vertex")
    parents = arrays["kintree_table"][0].astype(np.int64)
    parents[0] = -1
    if tuple(parents) != JOINT_PARENTS:
        return _wrong(name, f"'kintree_table' has the parents {parents.tolist()} instead of {list(JOINT_PARENTS)}")
    return FlameArrays(
        template=floats["v_template"],
        faces=arrays["f"].astype(np.int64),
        shape_basis=floats["shapedirs"],
        pose_correctives=floats["posedirs"],
        joint_regressor=floats["J_regressor"],
        joint_parents=parents,
        skinning_weights=floats["weights"] / sums,
    )


def _without_empty_end(basis: Floats, most: int) -> Floats:
    """Drop modes that move nothing at the end, then those beyond the limit."""
    used = np.flatnonzero(np.any(basis != 0, axis=(0, 1)))
    count = int(used[-1]) + 1 if len(used) else 0
    return np.ascontiguousarray(basis[:, :, : min(count, most)])


def _head_model(
    path: Path, content: Mapping[str, Any], arrays: FlameArrays, side: SideFiles, settings: HeadSettings
) -> HeadModel | Failure:
    most = settings.identity_modes or USUAL_IDENTITY_MODES
    identity = _without_empty_end(arrays.shape_basis[:, :, :IDENTITY_MODES], most)
    expression = _without_empty_end(arrays.shape_basis[:, :, IDENTITY_MODES:], settings.expression_modes)
    if identity.shape[2] == 0 or expression.shape[2] == 0:
        absent = "identity" if identity.shape[2] == 0 else "expression"
        return _wrong(path.name, f"every {absent} mode in 'shapedirs' is zero")
    sha256 = file_sha256(path)
    version = recognise(path, sha256, content)
    landmarks = embed_landmarks(arrays.template, arrays.faces, arrays.skinning_weights, side)
    regions = side.regions or derive_regions(arrays.template, arrays.faces, landmarks)
    uv, uv_faces = side.uv or unwrap_head(arrays.template, arrays.faces)
    head = HeadModel(
        name=version.name,
        licence=version.licence.sentence,
        file_name=path.name,
        sha256=sha256,
        template=arrays.template,
        faces=arrays.faces,
        identity_basis=identity,
        expression_basis=expression,
        expression_names=tuple(f"expression_{index:03d}" for index in range(expression.shape[2])),
        expression_range=np.tile([-3.0, 3.0], (expression.shape[2], 1)),
        pose_correctives=arrays.pose_correctives,
        joint_regressor=arrays.joint_regressor,
        joint_parents=arrays.joint_parents,
        skinning_weights=arrays.skinning_weights,
        uv=uv,
        uv_faces=uv_faces,
        regions=regions,
        eyelids=side.eyelids,
        landmarks=landmarks,
        left_out=side.left_out,
    )
    return with_iris_offsets(head)
