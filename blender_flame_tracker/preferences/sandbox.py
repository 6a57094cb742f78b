"""Notices about Blenders of Store, snap and flatpak, which keep programs apart."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from ...backend.contract.failure import Notice


def sandbox_notice_of(
    binary: str, environment: Mapping[str, str], sandbox: Path = Path("/.flatpak-info")
) -> Notice | None:
    """Return what a user of a packed Blender should know, None for the usual one from blender.org or Steam.

    Args:
        binary: `bpy.app.binary_path`.
        environment: Variables of Blender's process.
        sandbox: File that is there inside a flatpak.
    """
    if "windowsapps" in binary.replace("\\", "/").lower().split("/"):
        return Notice(
            "store-blender",
            "This Blender is from the Microsoft Store, and Windows moves what it writes to AppData to a place of its "
            "own with long paths.",
            "Choose a short engine folder such as C:\\flame, or use the Blender from blender.org or Steam.",
        )
    if environment.get("FLATPAK_ID") or sandbox.is_file():
        return Notice(
            "flatpak-blender",
            "This Blender is a flatpak: the engine runs inside its sandbox and sees only the folders that it may see, "
            "without NVIDIA's tools.",
            "Keep videos where this Blender can open them. If the engine does not start, use the Blender from "
            "blender.org.",
        )
    if environment.get("SNAP_NAME", "").startswith("blender") or "/snap/" in binary:
        return Notice(
            "snap-blender",
            "This Blender is a snap, which may hide programs and removable disks.",
            "If the engine does not start or a video is not found, use the Blender from blender.org.",
        )
    return None
