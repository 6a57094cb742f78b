"""Damaged track files, read as the engine reads them: whole, for the review, for an identity, for a report."""

from __future__ import annotations

import io
import json
import random
from pathlib import Path
from typing import Any, Final

import numpy as np

from backend.contract.checks import LARGEST_WHOLE
from backend.contract.corrections.uncorrected import uncorrected_track
from backend.contract.failure import Failure
from backend.contract.performance.channels import CHANNELS
from backend.contract.quality import quality_of, read_quality
from backend.contract.ranges import flagged
from backend.contract.settings import HeadSettings
from backend.contract.track import read_track
from backend.contract.track_schema import KINDS, OPTIONAL
from backend.head.builtin import builtin_head
from backend.head.choosing import chosen_head
from backend.report.measures import measure
from backend.report.numbers import report_of

from .damage import damaged_archive, damaged_bytes, damaged_data, npy
from .kind import Kind

FRAMES, VERTICES = 3, 12
_SIZES: Final = {
    "T": FRAMES,
    "V": VERTICES,
    "E": 2,
    "S": 52,
    "I": 4,
    "F": 20,
    "U": VERTICES,
    "P": 36,
    "J": 5,
    "K": 4,
    "N": 2,
    "M": 78,
}


def small_track() -> dict[str, np.ndarray]:
    """Return the members of a good track: an icosahedron of a head before the camera."""
    random_numbers = np.random.default_rng(0)
    arrays: dict[str, np.ndarray] = {}
    for name, kind in KINDS.items():
        shape = tuple(size if isinstance(size, int) else _SIZES[size] for size in kind.shape)
        arrays[name] = random_numbers.uniform(0, 0.1, shape).astype(kind.dtype)
    golden = (1 + 5**0.5) / 2
    corners = np.array([(0, a, b * golden) for a in (-1, 1) for b in (-1, 1)])
    vertices = 0.05 * np.concatenate([corners, corners[:, [1, 2, 0]], corners[:, [2, 0, 1]]])
    arrays |= {
        "frame_index": np.arange(FRAMES),
        "time": np.arange(FRAMES) / 25,
        "status": np.full(FRAMES, 2, np.int8),
        "head_rotation": np.tile([np.pi, 0.0, 0.0], (FRAMES, 1)),
        "head_translation": np.tile([0.0, 0.0, 0.6], (FRAMES, 1)),
        "neutral_vertices": vertices.astype(np.float32),
        "vertices": (vertices + random_numbers.normal(0, 0.001, (FRAMES, VERTICES, 3))).astype(np.float32),
        "faces": _hull(vertices),
        "uv_faces": _hull(vertices),
        "uncorrected_rows": np.arange(2),
        "joint_parents": np.array([-1, 0, 1, 1, 1], np.int32),
    }
    arrays["header"] = _text(_HEADER)
    return arrays


_HEADER: Final[dict[str, Any]] = {
    "schema": 1,
    "program_version": "1",
    "intrinsics": {"width": 640, "height": 480, "focal_x": 700, "focal_y": 700, "centre_x": 319.5, "centre_y": 239.5},
    "rate": [25, 1],
    "focal": {"source": "known", "uncertainty": 0.0},
    "model": {"name": "Ball", "sha256": "0", "licence": "none", "file": "", "vertices": VERTICES},
    "expression_names": ["smile", "frown"],
    "regions": {"lips": [0, 1], "left_eyeball": [2, 3, 4], "right_eyeball": [5, 6, 7]},
    "video": {"name": "clip.mp4", "path": "/nowhere/clip.mp4", "rotation": 0, "codec": "h264", "duration": 0.12},
    "settings": {"fit": {"smoothness": 1.0}},
    "report": {"fit": {}, "face": 0, "others": [], "shots": 1},
    "shading": {"space": "own"},
    "arkit": {
        "channels": list(CHANNELS),
        "source": ["geometry"] * len(CHANNELS),
        "trust": [0.5] * len(CHANNELS),
        "neutral_frame": None,
    },
}


def _hull(vertices: np.ndarray) -> np.ndarray:
    """Triangles of the icosahedron: of all triples of neighbours those that look outwards."""
    near = np.linalg.norm(vertices[:, None] - vertices[None], axis=-1) < 0.101
    found = []
    for a in range(VERTICES):
        for b in range(a + 1, VERTICES):
            for c in range(b + 1, VERTICES):
                if near[a, b] and near[b, c] and near[a, c]:
                    outward = np.dot(np.cross(vertices[b] - vertices[a], vertices[c] - vertices[a]), vertices[a]) > 0
                    found.append((a, b, c) if outward else (a, c, b))
    return np.array(found, dtype=np.int32)


def _text(header: Any) -> np.ndarray:
    return np.frombuffer(json.dumps(header).encode("utf-8", "surrogatepass"), np.uint8)


def packed(members: dict[str, np.ndarray]) -> bytes:
    """Return the bytes of a track file."""
    stream = io.BytesIO()
    np.savez(stream, **members)  # pyright: ignore[reportArgumentType]
    return stream.getvalue()


_MEMBERS: Final = small_track()
_WHOLE: Final = packed(_MEMBERS)
_STRANGE: Final = ("(3, 99999999999)", "(-1, 3)", "(" * 2000, "(" + "-" * 3000 + "1,)", "(True,)", "()", "(3, 12, 3)")
_KINDS: Final = ("<f4", "|O", "(,)i4", "<U8", "<c16", "<M8[s]", "|V8", ">f8", "<f2", "|b1")


def make(rng: random.Random) -> bytes:
    """Return a track file with a damage somewhere between its bytes and its meaning."""
    how = rng.randrange(5)
    if how == 0:
        return damaged_bytes(_WHOLE, rng)
    if how == 1:
        return damaged_archive(_WHOLE, rng)
    members = dict(_MEMBERS)
    if how == 2:
        header = damaged_data(_HEADER, rng, 0.05)
        members["header"] = _text(header) if rng.random() < 0.9 else rng.choice((_DEEP, _DIGITS))
    elif how == 3:
        name = rng.choice(sorted(members))
        with np.errstate(all="ignore"):
            members[name] = _changed(members[name], rng)
    else:
        return _claiming(rng)
    return packed(members)


_DEEP: Final = np.frombuffer(b'{"schema":1,"a":' + b"[" * 200_000, np.uint8)
_DIGITS: Final = np.frombuffer(b'{"schema":' + b"9" * 10_000 + b"}", np.uint8)


def _changed(values: np.ndarray, rng: random.Random) -> np.ndarray:
    """Return an array with one number, its type, or its shape changed."""
    how = rng.randrange(4)
    if how == 0:
        changed = values.astype(np.float64)
        number = rng.choice((np.nan, np.inf, -1, 1e30, 1e300, 2**31, 0.5))
        changed.reshape(-1)[rng.randrange(changed.size)] = number
        return changed if rng.random() < 0.5 else changed.astype(values.dtype)
    if how == 1:
        kind = rng.choice(("f2", "f8", "i8", "u8", "U8", "c16", "?", ">f4", "M8[s]", "S4"))
        return np.zeros(values.shape, kind) if kind.startswith("M") else values.astype(kind)
    if how == 2:
        shapes = (values[:0], values[:-1], values[None], values.ravel(), values.T, values[0], np.float64(1.0))
        return np.asarray(rng.choice(shapes))
    whole = values.astype(np.int64)
    whole.reshape(-1)[rng.randrange(whole.size)] = rng.choice((-1, LARGEST_WHOLE, 2**40, -(2**31), 7))
    return whole


def _claiming(rng: random.Random) -> bytes:
    """Return a track of which one array claims to be what it is not."""
    import zipfile

    name = rng.choice(sorted(_MEMBERS))
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive, zipfile.ZipFile(io.BytesIO(_WHOLE)) as whole:
        for each in whole.namelist():
            content = whole.read(each)
            if each == f"{name}.npy":
                content = npy(rng.choice(_STRANGE), rng.choice(_KINDS), rng.choice((b"", content)))
            archive.writestr(each, content)
    return stream.getvalue()


class _Nobody:
    models = Path("no folder of models")

    def notice(self, _notice: object) -> None:
        """Nobody listens."""


def read(content: bytes, folder: Path) -> object:
    """Read a track file in every way that the engine does."""
    path = folder / "track.npz"
    path.write_bytes(content)
    quality = read_quality(path)
    if not isinstance(quality, Failure):
        flagged(quality)
    track = read_track(path)
    if isinstance(track, Failure):
        return track
    identity: Any = chosen_head(HeadSettings(source="builtin", identity_track=str(path)), _Nobody())  # pyright: ignore
    uncorrected_track(track)
    json.dumps(report_of(track, measure(track), flagged(quality_of(track))))
    if isinstance(identity, Failure) and identity.code != "identity-of-other-model":
        return identity
    return len(track)


builtin_head()  # Once, and not in every child.
KIND: Final = Kind(make, read)
assert set(KINDS) == {*_MEMBERS} - {"header"} and set(OPTIONAL) <= set(_MEMBERS)
