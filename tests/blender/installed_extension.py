"""Install the zip as a user does, use it, take it off: for `test_extension.py`, and in a real Blender for `try_zip`."""

import os
import sys
from pathlib import Path

zip_file, track, folder = sys.argv[-3:]
os.environ["BLENDER_USER_RESOURCES"] = str(Path(folder) / "üser resources")
os.environ["TMPDIR"] = folder

import bpy  # noqa: E402, I001 - after the folders are set
import addon_utils  # noqa: E402 - its folder is known when bpy is there

MODULE = "bl_ext.user_default.blender_flame_tracker"


def traces() -> set[str]:
    """Types and their properties, handlers, keys, and functions in the import menu."""
    menu = bpy.types.TOPBAR_MT_file_import._dyn_ui_initialize()
    found = {function.__module__ + function.__name__ for function in menu}
    for kind in ("Scene", "Object", "WindowManager", "NodeTree"):
        found |= {f"{kind}.{each.identifier}" for each in getattr(bpy.types, kind).bl_rna.properties}
    for name in dir(bpy.app.handlers):
        handlers = getattr(bpy.app.handlers, name)
        found |= {f"{name}: {each.__module__}" for each in handlers} if isinstance(handlers, list) else set()
    for configuration in bpy.context.window_manager.keyconfigs:
        found |= {f"{keymap.name}: {item.idname}" for keymap in configuration.keymaps for item in keymap.keymap_items}
    return set(dir(bpy.types)) | found


def plan() -> None:
    """Ask the installer that came in the zip what it would do; the engine's folder is the extension's own."""
    engine_state = sys.modules[f"{MODULE}.blender_flame_tracker.preferences.engine_state"]
    preferences = sys.modules[f"{MODULE}.blender_flame_tracker.preferences.preferences"]
    installer = sys.modules[f"{MODULE}.blender_flame_tracker.engine.installer"]
    paths = sys.modules[f"{MODULE}.blender_flame_tracker.paths"]
    assert type(preferences.preferences()).__name__ == "FlamePreferences"
    assert paths.user_folder("engine").parts[-3:] == ("user_default", "blender_flame_tracker", "engine")
    failure = engine_state.installer.start(installer.Task.PLAN, preferences.request(), Path(folder) / "installer.log")
    assert failure is None, failure
    engine_state.installer.wait()
    packages = engine_state.environment.plan["packages"]
    assert len(packages) > 30 and all(each["size"] and each["licence"] for each in packages), packages
    assert not preferences.engine_folder().exists()


def use() -> None:
    """Import a track, and find that all code came from the installed extension by relative imports."""
    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
    assert bpy.ops.import_scene.flame_track(filepath=track) == {"FINISHED"}
    assert "take one head" in bpy.data.objects
    ours = [name for name in sys.modules if name.split(".")[0] in ("backend", "blender_flame_tracker")]
    assert not ours, ours
    assert not [name for name in sys.modules if name.split(".")[0] in ("torch", "mediapipe", "cv2", "av")]


bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
before = traces()
bpy.ops.extensions.package_install_files(filepath=zip_file, repo="user_default", enable_on_install=True, overwrite=True)
assert MODULE in bpy.context.preferences.addons
use()
plan()
for _ in range(2):
    addon_utils.disable(MODULE, default_set=True)
    assert traces() == before, traces() ^ before
    addon_utils.enable(MODULE, default_set=True)
    use()
bpy.ops.extensions.package_uninstall(
    repo_index=next(
        i for i, repo in enumerate(bpy.context.preferences.extensions.repos) if repo.module == "user_default"
    ),
    pkg_id="blender_flame_tracker",
)
assert traces() == before, traces() ^ before
print("all well", flush=True)
os._exit(0)
