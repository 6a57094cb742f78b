"""The nodes, one file each; every module in this folder is found by itself and adds its `CLASSES`.

How to add a stage:

1. `backend/contract`: a settings dataclass in `settings.py` and an entry in `STAGES` (`job.py`).
2. `backend/stages`: one file with its work.
3. Here: one file with a class like

    class AppearanceNode(StageNode, bpy.types.Node):
        '''Refine the head by the colours of the footage'''

        kind = "appearance"
        group = Group.TRACKING
        bl_icon = "SHADING_TEXTURE"

    CLASSES = (AppearanceNode,)

Sockets, properties, tooltips, the entry in the Add menu, state, compiling and running come from there. A node that
shows some of its settings only when they matter, or needs something of Blender's, overrides `draw_settings` or
`settings`.
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
