"""The texture spaces of FLAME's makers as albedo of a head's vertices, where a user has their files.

Two layouts are published, both of 512 x 512 texels, blue first: FLAME_texture.npz with ``mean`` and ``tex_dir`` in
0..255 (200 modes), ``vt`` and ``ft``; FLAME_albedo_from_BFM.npz with ``MU`` and ``PC`` in 0..1 (199 modes), already
times their standard deviation.
"""

from __future__ import annotations

import math
import zipfile
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray

from ...contract.arrays import Array, Floats
from ...contract.failure import Failure, Notice
from ...contract.foreign_text import reason
from ...contract.model_files import ALBEDO, UV_TEXTURE, find_model_file
from ...contract.shading import BFM, FLAME_TEXTURE
from ...untrusted.plain_arrays import read_header
from ..model import HeadModel
from .albedo_space import AlbedoSpace, built_in_space

LICENSED_MODES: Final = 50
"""How many modes are used: as many as DECA's codes have."""
TEXTURE_SIZE: Final = 512
TEXTURE_FILES: Final = (UV_TEXTURE, ALBEDO)
"""Looked for in this order."""
_TEXELS: Final = TEXTURE_SIZE * TEXTURE_SIZE * 3
_TRIANGLES, _TEXTURE_POINTS = 9976, 5118
"""Triangles and texture coordinates of FLAME."""
_BLOCK: Final = 1 << 16
"""Rows of a basis that are read at once: the whole would take a gigabyte."""
_MOST_MODES: Final = 400
"""A basis of more is no texture space of FLAME, whose have 200, and would take minutes to read."""
_ADVICE: Final = "It is optional: remove it from the model folder, or put the right file there."


class _Unfit(Exception):  # noqa: N818 - becomes a Failure in `licensed_space`
    """Why a file is of no use, completing its name."""


@dataclass(frozen=True)
class _ArrayNames:
    mean: str
    basis: str
    scale: float
    kind: str


_ARRAY_NAMES: Final = (
    _ArrayNames("mean", "tex_dir", 1 / 255, FLAME_TEXTURE),
    _ArrayNames("MU", "PC", 1.0, BFM),
)


def space_for(head: HeadModel, models: Path) -> tuple[AlbedoSpace, Notice | None]:
    """Return the space of the first texture file in a folder of models that fits the head, else our own, and why a
    file that is there is not used."""
    unfit: Notice | None = None
    for file in texture_files(models):
        space = licensed_space(file, head)
        if not isinstance(space, Failure):
            return space, unfit
        unfit = unfit or Notice(space.code, f"{space.sentence} Another space of skin colours is used.", space.advice)
    return built_in_space(head), unfit


def texture_files(models: Path) -> list[Path]:
    """Return the texture files in a folder of models, in the order in which they are tried."""
    return [file for name in TEXTURE_FILES if (file := find_model_file(models, name)) is not None]


def licensed_space(path: Path, head: HeadModel, modes: int = LICENSED_MODES) -> AlbedoSpace | Failure:
    """Return the space of FLAME_texture.npz or FLAME_albedo_from_BFM.npz at the vertices of a FLAME head."""
    try:
        with zipfile.ZipFile(path) as archive:
            return _space(path, archive, head, modes)
    except _Unfit as problem:
        return Failure("texture-of-other-kind", f"{path.name} {problem}.", _ADVICE)
    except Exception as error:  # noqa: BLE001 - whatever a stranger's bytes lead to, the answer is a sentence
        return Failure("texture-damaged", f"{path.name} cannot be read: {reason(error)}.", _ADVICE)


def texture_problem(path: Path) -> Failure | None:
    """Return why a file is none of FLAME's texture spaces, by the names and shapes of its arrays."""
    try:
        with zipfile.ZipFile(path) as archive:
            members = {info.filename.removesuffix(".npy"): info for info in archive.infolist()}
            layout = _layout(members)
            for name in (layout.mean, layout.basis):
                with archive.open(members[name]) as stream:
                    _width(read_header(stream), name, members[name].file_size)
    except _Unfit as problem:
        return Failure("texture-of-other-kind", f"{path.name} {problem}.", _ADVICE)
    except Exception as error:  # noqa: BLE001 - whatever a stranger's bytes lead to, the answer is a sentence
        return Failure("texture-damaged", f"{path.name} cannot be read: {reason(error)}.", _ADVICE)
    return None


def _layout(members: Collection[str]) -> _ArrayNames:
    layout = next((layout for layout in _ARRAY_NAMES if {layout.mean, layout.basis} <= set(members)), None)
    if layout is None:
        raise _Unfit("is not a texture space of FLAME: it has neither 'mean' and 'tex_dir' nor 'MU' and 'PC'")
    return layout


def _space(path: Path, archive: zipfile.ZipFile, head: HeadModel, modes: int) -> AlbedoSpace:
    members = {info.filename.removesuffix(".npy"): info for info in archive.infolist()}
    layout = _layout(members)
    corner = _texture_points(archive, members, head)
    sampled = []
    for name, most in ((layout.mean, 1), (layout.basis, modes)):
        with archive.open(members[name]) as stream:
            values = _columns(stream, name, most, members[name].file_size)
        sampled.append(_sampled(values, corner)[:, ::-1] * layout.scale)
    mean, basis = sampled
    if not (np.isfinite(mean).all() and np.isfinite(basis).all()):
        raise _Unfit("holds numbers that are not finite")
    name = f"{path.name}, first {basis.shape[2]} modes"
    return AlbedoSpace(name, np.clip(mean[:, :, 0], 0, 1), basis, layout.kind)


def _texture_points(archive: zipfile.ZipFile, members: dict[str, zipfile.ZipInfo], head: HeadModel) -> Floats:
    """One place of the texture per vertex (V, 2), v upwards: by the file's own coordinates where it has some."""
    if len(head.faces) != _TRIANGLES:
        raise _Unfit(f"belongs to FLAME heads, and '{head.name}' is another head")
    uv, corners = head.uv, head.uv_faces
    if {"vt", "ft"} <= set(members):
        uv, corners = (_small(archive, members[name]) for name in ("vt", "ft"))
        if (
            uv.shape != (_TEXTURE_POINTS, 2)
            or corners.shape != (_TRIANGLES, 3)
            or not 0 <= corners.min() <= corners.max() < _TEXTURE_POINTS
        ):
            raise _Unfit("has texture coordinates of another mesh than FLAME's")
    elif len(uv) != _TEXTURE_POINTS:
        raise _Unfit(f"needs FLAME's own texture coordinates: put head_template.obj beside '{head.file_name}'")
    position = np.zeros((head.vertex_count, 2))
    position[head.faces.reshape(-1)] = uv[np.asarray(corners, dtype=np.int64).reshape(-1)]
    return position


def _small(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> Array:
    if info.file_size > 1 << 20:
        raise _Unfit(f"has a much too large '{info.filename}'")
    with archive.open(info) as stream:
        shape, dtype, _ = read_header(stream)
        if math.prod(shape) * dtype.itemsize > info.file_size:
            raise _Unfit(f"has '{info.filename}' that claims more than it holds")
    with archive.open(info) as stream:
        return np.lib.format.read_array(stream, allow_pickle=False)


def _columns(stream: IO[bytes], name: str, most: int, size: int) -> NDArray[np.float32]:
    """Return the first columns of an array of texels (texels x 3, N) from a stream, block by block.

    Published files have (512, 512, 3, N), (512 x 512 x 3, N) or, for means, no N at all.
    """
    header = read_header(stream)
    width, dtype = _width(header, name, size), header[1]
    result = np.empty((_TEXELS, min(most, width)), dtype=np.float32)
    for first in range(0, _TEXELS, _BLOCK):
        rows = min(_BLOCK, _TEXELS - first)
        content = stream.read(rows * width * dtype.itemsize)
        block = np.frombuffer(content, dtype=dtype).reshape(rows, width)
        result[first : first + rows] = block[:, : result.shape[1]]
    return result


def _width(header: tuple[tuple[int, ...], np.dtype[Any], bool], name: str, size: int) -> int:
    """Values per texel and colour of an array with that header in so many bytes."""
    shape, dtype, fortran = header
    total = math.prod(shape)
    if total > _MOST_MODES * _TEXELS:
        raise _Unfit(f"has '{name}' of shape {shape}, far more than a texture space of FLAME")
    if dtype.kind not in "fui" or fortran or total == 0 or total % _TEXELS or total * dtype.itemsize > size:
        raise _Unfit(f"has '{name}' of shape {shape} instead of {TEXTURE_SIZE} x {TEXTURE_SIZE} x 3 values per mode")
    return total // _TEXELS


def _sampled(texels: NDArray[np.float32], uv: Floats) -> Floats:
    """Texels (512 * 512 * 3, N) at places (V, 2) -> (V, 3, N), bilinear."""
    x = (uv[:, 0] * TEXTURE_SIZE - 0.5).astype(np.float32)[:, None]
    y = ((1 - uv[:, 1]) * TEXTURE_SIZE - 0.5).astype(np.float32)[:, None]
    result = np.empty((len(uv), 3, texels.shape[1]))
    for mode in range(texels.shape[1]):
        plane = np.ascontiguousarray(texels[:, mode]).reshape(TEXTURE_SIZE, TEXTURE_SIZE, 3)
        result[:, :, mode] = cv2.remap(plane, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE).reshape(-1, 3)
    return result
