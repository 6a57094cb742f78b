"""Which rasteriser is used: the fastest one that is installed and works on the device."""

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

    @property
    def best(self) -> MeshRasterizer:
        """The one to use."""
        return self.working[0]


@lru_cache(maxsize=8)
def rasterizers(device: torch.device) -> Choice:
    """Return the rasterisers for tensors on a device; each draws one triangle before it counts as working."""
    working: list[MeshRasterizer] = []
    problems: dict[str, str] = {}
    for name, make in _MAKERS[device.type]:
        try:
            made = make(device)
            seen = _one_triangle(made, device)
        except ModuleNotFoundError as error:
            problems[name] = f"{error.name} is not installed"
        except (ImportError, OSError, RuntimeError) as error:
            problems[name] = (str(error).splitlines() or [type(error).__name__])[0]
        else:
            if seen:
                working.append(made)
            else:
                problems[name] = "it draws nothing"
    return Choice(tuple(working), problems)


def _one_triangle(rasterizer: MeshRasterizer, device: torch.device) -> bool:
    corners = [[-1.0, -1.0, 0.9, 1.0], [3.0, -1.0, 0.9, 1.0], [-1.0, 3.0, 0.9, 1.0]]
    clip = torch.tensor([corners], device=device)
    faces = torch.tensor([[0, 1, 2]], device=device)
    return bool((rasterizer.rasterize(clip, faces, 16, 16).ids == 0).all())
