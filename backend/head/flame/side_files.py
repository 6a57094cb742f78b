"""Optional files beside a FLAME model: regions, texture coordinates, eyelids, landmark embeddings."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np

from ...contract.arrays import Floats, Integers
from ...contract.failure import Failure
from ...contract.file_access import is_file
from ...contract.foreign_text import reason, shown
from ...contract.model_files import EMBEDDING_68, EMBEDDING_105, EYELIDS, REGIONS, UV_OBJECT, UV_TEXTURE
from ...untrusted.plain_arrays import read_header, read_npy, read_npz
from ...untrusted.restricted_pickle import LARGEST_FILE, read_pickle, read_pickle_bytes

_ADVICE: Final = "Replace it by the right file, or remove it: it is optional."
_LARGEST_OBJECT: Final = 64 << 20
"""Bytes of a Wavefront file; FLAME's template has less than one million."""


@dataclass(frozen=True)
class Anchors:
    """Landmarks whose place on the mesh a file tells: landmark (K,), triangle (K,), barycentric (K, 3), its name."""

    landmark: Integers
    triangle: Integers
    barycentric: Floats
    file_name: str


@dataclass(frozen=True)
class SideFiles:
    """What was found beside the model; None for what was not there.

    Attributes:
        regions: Name -> vertex indices.
        uv: Texture coordinates (U, 2), v upwards, and their indices (F, 3).
        eyelids: Displacement of the left and right closed lid (V, 3, 2), metres.
        mediapipe_anchors: The 105 MediaPipe landmarks.
        dlib_anchors: The 68 dlib landmarks, `landmark` counting 0 to 67.
        left_out: Why files that are there are not used.
    """

    regions: Mapping[str, Integers] | None = None
    uv: tuple[Floats, Integers] | None = None
    eyelids: Floats | None = None
    mediapipe_anchors: Anchors | None = None
    dlib_anchors: Anchors | None = None
    left_out: tuple[Failure, ...] = ()


class _Problem(Exception):  # noqa: N818 - becomes a Failure in `read_side_files`
    """What is wrong with a side file, completing 'NAME beside the model '."""


def read_side_files(folders: Sequence[Path], vertices: int, triangles: int) -> SideFiles:
    """Return what lies beside the model, in the first of some folders that has it.

    A file that does not fit the model is left out, which `SideFiles.left_out` says; the next that gives the same is
    tried then.
    """
    content: dict[str, Any] = {}
    left_out: list[Failure] = []
    for folder in folders:
        for names, field, reader in _readers(folder, vertices, triangles):
            if field in content or not all(is_file(folder / name) for name in names):
                continue
            value = _read(names[0], reader)
            if isinstance(value, Failure):
                left_out.append(value)
            else:
                content[field] = value
    return SideFiles(**content, left_out=tuple(left_out))


def side_file_problem(path: Path, vertices: int, triangles: int) -> Failure | None:
    """Return why one of `SIDE_FILES` cannot be used beside a model of that size, or None."""
    for names, _, reader in _readers(path.parent, vertices, triangles):
        if path.name in names:
            absent = [name for name in names if not is_file(path.parent / name)]
            if absent:
                advice = f"Put {absent[0]} beside it, or remove it: it is optional."
                return Failure("side-file-alone", f"{path.name} cannot be used without {absent[0]}.", advice)
            value = _read(path.name, reader)
            return value if isinstance(value, Failure) else None
    return None


def read_uv_object(path: Path, triangles: int) -> tuple[Floats, Integers] | Failure:
    """Return texture coordinates (U, 2), v upwards, and their indices (F, 3) from a template such as head_template.obj.

    The file need not lie beside the model; `triangles` is the number of the model's.
    """
    return _read(path.name, lambda: _uv_of_object(path, triangles))


def _readers(folder: Path, vertices: int, triangles: int) -> tuple[tuple[tuple[str, ...], str, Callable[[], Any]], ...]:
    """Names of files that belong together, the field of `SideFiles` that they give, and what reads them."""
    return (
        ((REGIONS,), "regions", lambda: _regions(folder / REGIONS, vertices)),
        ((UV_OBJECT,), "uv", lambda: _uv_of_object(folder / UV_OBJECT, triangles)),
        ((UV_TEXTURE,), "uv", lambda: _uv_of_texture(folder / UV_TEXTURE, triangles)),
        (EYELIDS, "eyelids", lambda: _eyelids(folder, vertices)),
        ((EMBEDDING_105,), "mediapipe_anchors", lambda: _mediapipe_anchors(folder / EMBEDDING_105, triangles)),
        ((EMBEDDING_68,), "dlib_anchors", lambda: _dlib_anchors(folder / EMBEDDING_68, triangles)),
    )


def _read(name: str, reader: Callable[[], Any]) -> Any:
    try:
        return reader()
    except Exception as problem:  # noqa: BLE001 - whatever a stranger's bytes lead to, the answer is a sentence
        return Failure("side-file-wrong", f"{name} cannot be used: {reason(problem)}.", _ADVICE)


def _regions(path: Path, vertices: int) -> dict[str, Integers]:
    content = read_pickle(path)
    if isinstance(content, Failure):
        raise _Problem(content.sentence.rstrip("."))
    if not isinstance(content, dict):
        raise _Problem("it holds no dictionary of vertex lists")
    regions: dict[str, Integers] = {}
    for name, indices in content.items():
        if not isinstance(name, str) or not isinstance(indices, np.ndarray) or indices.dtype.kind not in "iu":
            raise _Problem("it holds no dictionary of vertex lists")
        if indices.size and (indices.min() < 0 or indices.max() >= vertices):
            raise _Problem(f"region '{shown(name)}' names vertex {indices.max()} of {vertices}")
        regions[name] = np.unique(indices.astype(np.int64))
    return regions


def _uv_of_object(path: Path, triangles: int) -> tuple[Floats, Integers]:
    """Texture coordinates and their indices from a Wavefront file; its vertices are not used, they lie elsewhere."""
    if path.stat().st_size > _LARGEST_OBJECT:
        raise _Problem("it is much larger than a head")
    coordinates: list[tuple[float, float]] = []
    corners: list[tuple[int, int, int]] = []
    with path.open(encoding="utf-8", errors="replace") as stream:
        for line in stream:
            parts = line.split()
            if line.startswith("vt ") and len(parts) >= 3:
                coordinates.append((float(parts[1]), float(parts[2])))
            elif line.startswith("f "):
                indices = [part.split("/") for part in parts[1:]]
                if len(indices) != 3 or any(len(index) < 2 or not index[1] for index in indices):
                    raise _Problem("its faces are not triangles with texture coordinates")
                corners.append((int(indices[0][1]) - 1, int(indices[1][1]) - 1, int(indices[2][1]) - 1))
    return _checked_uv(np.array(coordinates), np.array(corners, dtype=np.int64), triangles)


def _uv_of_texture(path: Path, triangles: int) -> tuple[Floats, Integers]:
    archive = read_npz(path, ("vt", "ft"))  # its modes are large, and of no use here
    if "vt" not in archive or "ft" not in archive:
        raise _Problem("it lacks 'vt' and 'ft'")
    return _checked_uv(archive["vt"].astype(np.float64), archive["ft"].astype(np.int64), triangles)


def _checked_uv(coordinates: Floats, corners: Integers, triangles: int) -> tuple[Floats, Integers]:
    if corners.shape != (triangles, 3) or coordinates.ndim != 2 or coordinates.shape[1] != 2:
        raise _Problem(f"it has {len(corners)} triangles instead of {triangles}")
    if corners.min() < 0 or corners.max() >= len(coordinates) or not np.isfinite(coordinates).all():
        raise _Problem("its texture coordinates and triangles do not fit together")
    return coordinates, corners


def _eyelids(folder: Path, vertices: int) -> Floats:
    lids = [read_npy(folder / name) for name in EYELIDS]
    for lid in lids:
        if lid.shape != (vertices, 3) or lid.dtype.kind != "f" or not np.isfinite(lid).all():
            raise _Problem(f"it has shape {lid.shape} instead of ({vertices}, 3)")
    return np.stack(lids, axis=-1).astype(np.float64)


def _mediapipe_anchors(path: Path, triangles: int) -> Anchors:
    archive = read_npz(path)
    absent = [key for key in ("landmark_indices", "lmk_face_idx", "lmk_b_coords") if key not in archive]
    if absent:
        raise _Problem(f"it lacks {', '.join(absent)}")
    return _checked_anchors(
        archive["landmark_indices"], archive["lmk_face_idx"], archive["lmk_b_coords"], triangles, 468, path.name
    )


def _dlib_anchors(path: Path, triangles: int) -> Anchors:
    """DECA's landmark_embedding.npy: a dictionary in an array of objects, in which torch tensors are skipped."""
    content = _object_file(path)
    if not isinstance(content, dict):
        raise _Problem("it holds no dictionary")
    if "full_lmk_faces_idx" in content:
        triangle, barycentric = content["full_lmk_faces_idx"], content["full_lmk_bary_coords"]
        first = 0
    else:
        triangle, barycentric = content["static_lmk_faces_idx"], content["static_lmk_bary_coords"]
        first = 17
    if not isinstance(triangle, np.ndarray) or not isinstance(barycentric, np.ndarray):
        raise _Problem("its static landmarks are not arrays")
    triangle, barycentric = triangle.reshape(-1), barycentric.reshape(-1, 3)
    triangle, barycentric = triangle[: 68 - first], barycentric[: 68 - first]
    landmark = np.arange(first, first + len(triangle))
    return _checked_anchors(landmark, triangle, barycentric, triangles, 68, path.name)


def _object_file(path: Path) -> Any:
    """The object in a ``.npy`` file of objects, by the restricted unpickler instead of numpy's."""
    with path.open("rb") as stream:
        _, dtype, _ = read_header(stream)
        if not dtype.hasobject:
            raise _Problem("it holds numbers instead of a dictionary")
        content = read_pickle_bytes(stream.read(LARGEST_FILE), path.name)
    if isinstance(content, Failure):
        raise _Problem(content.sentence.rstrip("."))
    return content.reshape(-1)[0] if isinstance(content, np.ndarray) and content.size == 1 else content


def _checked_anchors(landmark: Any, triangle: Any, barycentric: Any, triangles: int, most: int, name: str) -> Anchors:
    landmark, triangle = np.asarray(landmark, dtype=np.int64), np.asarray(triangle, dtype=np.int64)
    barycentric = np.asarray(barycentric, dtype=np.float64)
    if landmark.ndim != 1 or triangle.shape != landmark.shape or barycentric.shape != (len(landmark), 3):
        raise _Problem("its arrays do not fit together")
    if landmark.min() < 0 or landmark.max() >= most or triangle.min() < 0 or triangle.max() >= triangles:
        raise _Problem("it names landmarks or triangles that do not exist")
    if not np.isfinite(barycentric).all() or np.abs(barycentric.sum(axis=1) - 1).max() > 1e-3:
        raise _Problem("its barycentric coordinates do not sum to 1")
    return Anchors(landmark, triangle, barycentric / barycentric.sum(axis=1, keepdims=True), name)
