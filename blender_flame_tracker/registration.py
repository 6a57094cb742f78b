"""Registration of everything with Blender: every module with its classes, taken back in reverse.

A module of this list has `CLASSES`, and, where it needs more than classes, `register()` and `unregister()`.
"""

from __future__ import annotations

from collections.abc import Sequence
from types import ModuleType
from typing import Any, Final

import bpy

from .calibration import hand_edits, takes
from .calibration import properties as calibration_properties
from .exporters import terminal
from .identity import following as identity_following
from .identity import properties as identity_properties
from .nodes import following, mask_changes, older_settings, saved_paths, scene_state, sockets, stages, state, tree
from .operators import (
    arkit_shapes,
    batch,
    calibration,
    character,
    draw_area,
    exclude,
    export_character,
    export_performance,
    export_take,
    face,
    file_handlers,
    hand_off,
    identity,
    identity_change,
    import_track,
    log,
    photographs,
    pin_head,
    pins,
    refine_pins,
    replace,
    retarget,
    track,
    track_range,
    video,
    view_face,
)
from .operators import batch_list as batch_list_operators
from .operators import nodes as node_operators
from .operators import result as result_operators
from .operators import result_files as result_file_operators
from .operators import review as review_operators
from .operators import rig as rig_operators
from .operators import scene as scene_operators
from .operators import setup as setup_operators
from .operators import stages as stage_operators
from .operators import versions as version_operators
from .pinning import applying
from .pinning import tool as pin_tool
from .preferences import engine_state, preferences
from .results import selection
from .retarget import playing, recording
from .retarget import properties as retarget_properties
from .retarget.mapping import mapping_group, mapping_list
from .retarget.recognising import vrm_import
from .scene import origin
from .scene.footage import plate_shape, sound
from .scene.lighting import world
from .tracking import all_faces, availability, batch_list, footage, runs
from .tracking import batch as batch_tracking
from .ui import excluded_outlines, graph_picture, node_menus, node_sidebar, panel, presets, thumbnails, timeline_graph
from .ui.sections import batch_list as batch_list_section
from .ui.sections import calibration as calibration_section
from .ui.sections import identity as identity_section
from .ui.sections import versions as version_section
from .versions import comparison
from .versions import properties as version_properties

MODULES: Final[tuple[ModuleType, ...]] = (
    engine_state,
    setup_operators,
    preferences,
    tree,
    sockets,
    stages,
    older_settings,
    scene_state,
    following,
    version_properties,
    comparison,
    origin,
    saved_paths,
    state,
    mask_changes,
    runs,
    all_faces,
    batch_tracking,
    batch_list,
    track,
    track_range,
    replace,
    node_operators,
    node_menus,
    node_sidebar,
    import_track,
    world,
    sound,
    plate_shape,
    selection,
    calibration_properties,
    hand_edits,
    takes,
    calibration,
    retarget_properties,
    playing,
    recording,
    retarget,
    view_face,
    arkit_shapes,
    result_operators,
    result_file_operators,
    rig_operators,
    review_operators,
    scene_operators,
    version_operators,
    applying,
    pins,
    pin_head,
    pin_tool,
    refine_pins,
    hand_off,
    export_character,
    export_take,
    export_performance,
    terminal,
    availability,
    footage,
    thumbnails,
    graph_picture,
    timeline_graph,
    excluded_outlines,
    video,
    photographs,
    batch,
    batch_list_operators,
    stage_operators,
    exclude,
    draw_area,
    face,
    identity_properties,
    identity_following,
    identity,
    identity_change,
    identity_section,
    log,
    mapping_group,
    mapping_list,
    vrm_import,
    character,
    presets,
    calibration_section,
    version_section,
    batch_list_section,
    panel,
    file_handlers,
)
"""In this order: what is pointed to by properties stands before what has them."""


def register() -> None:
    """Make known what every module has."""
    for module in MODULES:
        for each in _classes(module):
            bpy.utils.register_class(each)
        _call(module, "register")


def unregister() -> None:
    """Take back everything, in reverse."""
    for module in reversed(MODULES):
        _call(module, "unregister")
        for each in reversed(_classes(module)):
            bpy.utils.unregister_class(each)


def _classes(module: ModuleType) -> Sequence[type[Any]]:
    return module.CLASSES


def _call(module: ModuleType, name: str) -> None:
    function = getattr(module, name, None)
    if function is not None:
        function()
