"""Folders of an export: what each format's may hold, so that nothing else is replaced with it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

from ..contract.failure import Failure
from ..contract.marks import FOLDER_MARK
from ..contract.output_settings import PERFORMANCE_FORMATS
from ..contract.performance.formats.writing import is_file_of

_FILES: Final = {
    "avatar": re.compile(
        r"transforms(_train|_val|_test|_backup|_backup_flame)?\.json|images|fg_masks|flame_param"
        r"|((canonical_)?flame_param|head_model)\.npz"
    ),
    "frames": re.compile(r"\d+(\.npz|_compare\.jpg)|texture\.png|about\.json"),
    "meshes": re.compile(
        r"(.+/)?(texture\.png|head\.(obj|mtl)|(overlay|aligned|rendered|parsing|parsing_colours)\.png|photo\.json)"
    ),
    "metrical": re.compile(r"canonical\.obj|about\.json|checkpoint|mesh|input|depth|imgs|alpha|parsing"),
    "imavatar": re.compile(r"flame_params\.json|about\.json|images?|mask|semantic"),
    "gltf": re.compile(r"[0-9A-Za-z-]+\.glb"),
    "usd": re.compile(r"[0-9A-Za-z-]+\.usdc|textures"),
    **dict.fromkeys(("fbx_unity", "fbx_unreal", "camera_fbx"), re.compile(r"[0-9A-Za-z-]+\.fbx")),
    **dict.fromkeys(("alembic", "camera_alembic"), re.compile(r"[0-9A-Za-z-]+\.abc")),
}
"""What the folder of each format may hold of an earlier export; the performance's formats know theirs themselves."""


def folder_problem(folder: Path) -> Failure | None:
    """Refuse to replace a folder that holds anything else than an earlier export of its kind."""
    if not folder.exists():
        return None
    content = list(folder.iterdir())
    if folder.name == "meshes":  # a folder for each frame, whose names can be any
        content = [inside for path in content for inside in (path.iterdir() if path.is_dir() else [path])]
    names = [path.relative_to(folder).as_posix() for path in content]
    strange = sorted(name for name in names if name != FOLDER_MARK and not _is_ours(folder.name, name))
    if not strange:
        return None
    return Failure(
        "export-folder-taken",
        f"The folder {folder} contains files that are not from an export: {', '.join(strange[:3])}.",
        "Choose another folder for the export, or move those files away.",
    )


def _is_ours(format_name: str, name: str) -> bool:
    if format_name in PERFORMANCE_FORMATS:
        return is_file_of(format_name, name)
    return _FILES[format_name].fullmatch(name) is not None
