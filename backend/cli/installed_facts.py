"""Facts that only the installed packages can tell, as JSON: run inside the environment for the doctor."""

from __future__ import annotations

import json
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

SHOWN_PACKAGES = (
    *("torch", "mediapipe", "ai-edge-litert", "numba", "numpy", "scipy", "av", "opencv-python"),
    *("bpy", "nvdiffrast", "pytorch3d"),
)


def collect(models: Path) -> dict[str, Any]:
    """Return versions, what torch can compute on, the head models in a folder and the size of the cache."""
    from ..head.library import find_models
    from ..run.cache import Cache
    from ..system.user_folders import user_cache

    cache = Cache(user_cache())
    size = cache.size() if cache.root.is_dir() else None
    return {
        "python": sys.version.split()[0],
        "packages": {name: installed for name in SHOWN_PACKAGES if (installed := _version(name)) is not None},
        "devices": _devices(),
        "models": [
            {
                "file": model.path.name,
                "name": model.name,
                "licence": model.licence.name,
                "problems": list(model.problems),
            }
            for model in find_models(models)
        ],
        "cache": {
            "folder": str(cache.root),
            "entries": size.entries if size is not None else 0,
            "bytes": size.size if size is not None else 0,
        },
    }


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def _devices() -> dict[str, bool]:
    import torch

    mps = getattr(torch.backends, "mps", None)
    return {"cuda": torch.cuda.is_available(), "mps": mps is not None and mps.is_available()}


if __name__ == "__main__":
    print(json.dumps(collect(Path(sys.argv[1]))))
