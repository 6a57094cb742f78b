"""Keeps the made head on disk, under the hash of the code that makes it."""

from __future__ import annotations

import contextlib
import hashlib
import json
from pathlib import Path

import numpy as np

from ...contract.atomic import write_atomically
from ...system.source_code import code_version
from ...system.user_folders import user_cache
from ..model import HeadModel, LandmarkEmbedding

_ARRAYS = (
    "template", "faces", "identity_basis", "expression_basis", "expression_range", "pose_correctives",
    "joint_regressor", "joint_parents", "skinning_weights", "uv", "uv_faces",
)  # fmt: skip

PREFIX = "builtin_head_"


def cache_folder() -> Path:
    """Return the folder for what is made of head models and can be made again."""
    return user_cache() / "heads"


def cache_path() -> Path:
    """Return where the head made by the present code is kept."""
    return cache_folder() / f"{PREFIX}{source_key()}.npz"


def source_key() -> str:
    """Return a hash of the code and data that make the head and write it, and of what they lean on."""
    makes, writes = code_version(f"{__package__}.head"), code_version(__name__)
    return hashlib.sha256(f"{makes} {writes}".encode("ascii")).hexdigest()[:20]


def load(path: Path) -> HeadModel | None:
    """Return the head stored in a file, or None where there is none or it is damaged."""
    try:
        with np.load(path, allow_pickle=False) as file:
            header = json.loads(bytes(file["header"]).decode())
            arrays = {name: file[name] for name in _ARRAYS}
            regions = {name: file[f"region_{name}"] for name in header["regions"]}
            landmarks = LandmarkEmbedding(
                triangle=file["landmark_triangle"],
                barycentric=file["landmark_barycentric"],
                known=file["landmark_known"],
                source=header["landmark_source"],
            )
    except Exception:  # noqa: BLE001 - however the file is damaged, the head is made again
        return None
    return HeadModel(
        name=header["name"],
        licence=header["licence"],
        file_name="",
        sha256=header["sha256"],
        expression_names=tuple(header["expression_names"]),
        regions=regions,
        eyelids=None,
        landmarks=landmarks,
        **arrays,
    )


def store(head: HeadModel, path: Path) -> bool:
    """Write the head beside `path` and rename it there; return False where the folder cannot be written."""
    header = {
        "name": head.name,
        "licence": head.licence,
        "sha256": head.sha256,
        "expression_names": head.expression_names,
        "regions": list(head.regions),
        "landmark_source": head.landmarks.source,
    }
    arrays = {name: getattr(head, name) for name in _ARRAYS}
    arrays |= {f"region_{name}": vertices for name, vertices in head.regions.items()}
    arrays["header"] = np.frombuffer(json.dumps(header).encode(), np.uint8)
    arrays["landmark_triangle"] = head.landmarks.triangle
    arrays["landmark_barycentric"] = head.landmarks.barycentric
    arrays["landmark_known"] = head.landmarks.known
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(path, lambda partial: np.savez(partial, **arrays))
    except OSError:
        return False
    _remove_older(path)
    return True


def _remove_older(path: Path) -> None:
    """Remove the heads that earlier versions of the code left in the folder; one that is in use may stay."""
    for other in path.parent.glob(f"{PREFIX}*.npz"):
        if other != path:
            with contextlib.suppress(OSError):
                other.unlink()
