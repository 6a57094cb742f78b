"""Choice of the rasteriser: the fastest one that is installed and works on the device."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import torch

from .clip import MeshRasterizer
from .with_numba import NumbaMeshRasterizer
from .with_nvdiffrast import NvdiffrastRasterizer
from .with_pytorch3d import Pytorch3dRasterizer

_MAKERS: Final[dict[str, tuple[tuple[str, Callable[[torch.device], MeshRasterizer]], ...]]] = {
    "cuda": (
        (NvdiffrastRasterizer.name, NvdiffrastRasterizer),
        (Pytorch3dRasterizer.name, lambda _: Pytorch3dRasterizer()),
        (NumbaMeshRasterizer.name, lambda _: NumbaMeshRasterizer()),
    ),
    "cpu": (
        (NumbaMeshRasterizer.name, lambda _: NumbaMeshRasterizer()),
        (Pytorch3dRasterizer.name, lambda _: Pytorch3dRasterizer()),
    ),
    "mps": ((NumbaMeshRasterizer.name, lambda _: NumbaMeshRasterizer()),),
}
"""By kind of device, the fastest first (see `python -m backend bench speed --only rasterizer`)."""


@dataclass(frozen=True)
class Choice:
    """The rasterisers of a device.

    Attributes:
        working: Those that work, the fastest first; never empty.
        problems: Why the others do not: name and reason.
    """

    working: tuple[MeshRasterizer, ...]
    problems: dict[str, str]


def best_rasterizer(device: torch.device) -> MeshRasterizer:
    """Return the fastest one that works; slower ones are not even loaded."""
    tried = (_tried(name, device) for name, _ in _MAKERS[device.type])
    return next(one for one in tried if not isinstance(one, str))


def rasterizers(device: torch.device) -> Choice:
    """Return the rasterisers for tensors on a device; each draws one triangle before it counts as working."""
    tried = {name: _tried(name, device) for name, _ in _MAKERS[device.type]}
    working = tuple(one for one in tried.values() if not isinstance(one, str))
    return Choice(working, {name: one for name, one in tried.items() if isinstance(one, str)})


@lru_cache(maxsize=16)
def _tried(name: str, device: torch.device) -> MeshRasterizer | str:
    """Return a rasteriser, or why it does not work."""
    make = dict(_MAKERS[device.type])[name]
    try:
        made = make(device)
        seen = _one_triangle(made, device)
    except ModuleNotFoundError as error:
        return f"{error.name} is not installed"
    except (ImportError, OSError, RuntimeError) as error:
        return (str(error).splitlines() or [type(error).__name__])[0]
    return made if seen else "it draws nothing"


def _one_triangle(rasterizer: MeshRasterizer, device: torch.device) -> bool:
    corners = [[-1.0, -1.0, 0.9, 1.0], [3.0, -1.0, 0.9, 1.0], [-1.0, 3.0, 0.9, 1.0]]
    clip = torch.tensor([corners], device=device)
    faces = torch.tensor([[0, 1, 2]], device=device)
    return bool((rasterizer.rasterize(clip, faces, 16, 16).ids == 0).all())
