"""The nodes, one file each; every module in this folder is found by itself and adds its `CLASSES`.

Calls the files of `nodes`, and what those call. Start reading at `appearance`, a short one; how to add a stage and its
node stands in CONTRIBUTING.md.
"""

from __future__ import annotations

import importlib
import pkgutil
from typing import Final

from ....backend.contract.job import STAGES
from ..base import StageNode
from ..specs import BLENDER_STAGES


def _found() -> tuple[type[StageNode], ...]:
    """Return the classes of all modules here, in the order of the work, in which the contract has the stages."""
    names = sorted(module.name for module in pkgutil.iter_modules(__path__))
    modules = [importlib.import_module(f"{__name__}.{name}") for name in names]
    order = (*STAGES, *BLENDER_STAGES)
    return tuple(
        sorted((each for module in modules for each in module.CLASSES), key=lambda each: order.index(each.kind))
    )


CLASSES: Final = _found()
