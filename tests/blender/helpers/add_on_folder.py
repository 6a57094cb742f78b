"""Folders of an add-on whose installer is a stand-in, and what that installer writes."""

import dataclasses
import json
from pathlib import Path

from flame_extension.backend.contract.installation import ENGINE, Stamp, fingerprint, platform_name
from flame_extension.blender_flame_tracker.engine import environment as environment_module
from flame_extension.blender_flame_tracker.engine import installer as installer_module
from project import HELPERS


def use_stand_in(root: Path, beside: Path, monkeypatch) -> None:
    """Make an add-on's folder whose installer is `fake_installer.py`, which reads its orders beside the folder."""
    (root / "requirements").mkdir(parents=True)
    (root / "requirements" / "engine.txt").write_text("torch==1\n")
    (root / "install_deps.py").write_bytes((HELPERS / "fake_installer.py").read_bytes())
    monkeypatch.setattr(installer_module, "ROOT", root)
    monkeypatch.setattr(environment_module, "ROOT", root)
    stamp = Stamp(ENGINE, {ENGINE: fingerprint("torch==1\n")}, [], "3.11", platform_name(), "cpu")
    (beside / "stamp.json").write_text(json.dumps(dataclasses.asdict(stamp)))
