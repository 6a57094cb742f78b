"""Head as a Wavefront OBJ with texture, for programs that read nothing else."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ..contract.arrays import Floats
from ..contract.atomic import Writer, write_atomically
from ..head.model import HeadModel
from ..raster.normals import vertex_normals

MATERIAL: Final = "newmtl head\nKd 1 1 1\nKs 0.03 0.03 0.03\nillum 2\nmap_Kd {texture}\n"


def obj_text(head: HeadModel, vertices: Floats) -> str:
    """Return the text of ``head.obj``: the head's own axes and metres, texture coordinates, normals, one material."""
    lines = ["# FLAME Head Tracker: metres, +X subject's left, +Y up, +Z out of the face", "mtllib head.mtl", "o head"]
    lines += _rows("v", vertices, 7)
    lines += _rows("vt", head.uv, 6)
    lines += _rows("vn", vertex_normals(vertices, head.faces), 4)
    lines += ["usemtl head", "s 1"]
    corners = np.stack([head.faces, head.uv_faces, head.faces], axis=2).reshape(-1, 9) + 1
    lines += ["f {}/{}/{} {}/{}/{} {}/{}/{}".format(*row) for row in corners.tolist()]
    return "\n".join(lines) + "\n"


def _rows(kind: str, values: NDArray[np.floating], digits: int) -> list[str]:
    pattern = f"{kind} " + " ".join([f"%.{digits}f"] * values.shape[1])
    return [pattern % tuple(row) for row in values.tolist()]


def write_mesh(folder: Path, head: HeadModel, vertices: Floats, texture: str, write: Writer = write_atomically) -> Path:
    """Write ``head.obj`` and ``head.mtl``, which names a texture by its path from there; return the former's path."""
    for name, text in (("head.mtl", MATERIAL.format(texture=texture)), ("head.obj", obj_text(head, vertices))):
        write(folder / name, lambda path, text=text: path.write_text(text, "utf-8", newline="\n"))
    return folder / "head.obj"
