"""Write the built-in head as a file in FLAME's layout: ``python -m backend.head.builtin OUT.npz``."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

from . import builtin_head
from .head import flame_arrays


def main(arguments: list[str]) -> int:
    """Write the head, and print its size and hash; 2 for a wrong call."""
    if len(arguments) != 1 or not arguments[0].endswith(".npz"):
        print("usage: python -m backend.head.builtin OUT.npz", file=sys.stderr)
        return 2
    head = builtin_head()
    np.savez_compressed(Path(arguments[0]), allow_pickle=False, **flame_arrays(head))
    print(f"{arguments[0]}: {head.vertex_count} vertices, {len(head.faces)} triangles, sha256 {head.sha256}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
