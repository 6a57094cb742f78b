"""The node Exclude: landmarks, without what shall not count; parts of the picture are drawn as a mask of Blender's."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import bpy

from ....backend.contract.correction_settings import ExcludeSettings, parse_regions
from ....backend.contract.corrections.corrections import FACE_REGIONS
from ....backend.contract.failure import Failure
from ....backend.contract.options import title_case
from ...scene.footage.masks import mask_problem
from .. import exclusion
from ..base import Group, StageNode, changed

_SIDE: Final = " of the subject"


def _regions(node: Any) -> int:
    """Return which regions are left out, a bit for each."""
    named = parse_regions(node.face_regions)
    return 0 if isinstance(named, Failure) else sum(1 << FACE_REGIONS.index(name) for name in set(named))


def _set_regions(node: Any, value: int) -> None:
    node.face_regions = ", ".join(name for number, name in enumerate(FACE_REGIONS) if value >> number & 1)


class ExcludeNode(StageNode, bpy.types.Node):
    """Leave out frames, parts of the picture and parts of the face that would mislead"""

    kind = "exclude"
    group = Group.TRACKING
    bl_icon = "MOD_MASK"
    extras = {  # noqa: RUF012 - read once, when the class is made
        "mask": bpy.props.PointerProperty(
            type=bpy.types.Mask,
            name="Mask",
            description="Mask drawn over the footage: what lies inside of its outlines does not count. "
            "It may move over time by shape keys",
            update=changed,
        ),
        "areas": bpy.props.StringProperty(options={"HIDDEN"}, update=changed),
        "regions": bpy.props.EnumProperty(
            name="Parts of the Face",
            description="Parts of the face that do not count in the whole clip; left and right are the subject's",
            items=[
                (name, title_case(name), f"The {name}{_SIDE if ' ' in name and 'eye' in name else ''} does not count")
                if name not in ("brows", "cheeks")
                else (name, title_case(name), f"The {name} do not count")
                for name in FACE_REGIONS
            ],
            options={"ENUM_FLAG"},
            get=_regions,
            set=_set_regions,
        ),
    }
    order = ("frames", "regions", "mask", "matte", "matte_inverted", "corrections")

    def matters(self: Any, name: str) -> bool:
        """The parts of the face are pressed, not written, and areas drawn; without a matte nothing is inverted."""
        return name not in ("face_regions", "areas") and (name != "matte_inverted" or bool(self.matte))

    def settings(self: Any, scene: bpy.types.Scene) -> ExcludeSettings | Failure:
        """Return the settings; what a mask covers stands in a file beside the track, which is written at the start."""
        settings = super().settings(scene)
        if self.mask is None:
            return settings
        problem, file = mask_problem(self.mask), exclusion.file_for(self, scene)
        if problem is not None or file is None:
            return problem or settings
        return replace(settings, corrections=str(file))

    def read(self: Any, settings: ExcludeSettings) -> tuple[Path, ...]:
        """Return the files that the user has named; of a mask the content counts."""
        return super().read(settings if self.mask is None else super().settings(bpy.context.scene))

    def content(self: Any, _scene: bpy.types.Scene) -> str:
        """Return what the mask covers."""
        return self.areas if self.mask is not None else ""

    def write_inputs(self: Any, scene: bpy.types.Scene, settings: ExcludeSettings) -> Failure | None:
        """Write what the mask covers, and what the named file leaves out, for the engine."""
        if self.mask is None:
            return None
        excluded = exclusion.with_areas(super().settings(scene).corrections, exclusion.remembered_areas(self))
        if isinstance(excluded, Failure):
            return excluded
        return exclusion.write_exclusion(Path(settings.corrections), excluded)

    def _draw_setting(self: Any, layout: bpy.types.UILayout, name: str) -> None:
        """Draw one setting; the parts of the face are buttons of a grid, the mask can be made."""
        if name == "regions":
            layout.label(text="Parts of the Face")
            layout.grid_flow(columns=2, align=True).prop(self, "regions", expand=True)
        elif name == "mask":
            layout.template_ID(self, "mask", new="flame.new_mask")
        else:
            super()._draw_setting(layout, name)


CLASSES: Final = (ExcludeNode,)
