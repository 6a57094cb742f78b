"""The extension as Blender gets it: addon, taken back, packed by Blender's own tool, installed."""

import subprocess
import sys
import zipfile
from pathlib import Path

import bpy
import flame_extension
import pytest
from flame_extension.backend.contract.options import options_of
from flame_extension.backend.contract.settings import SceneSettings
from flame_extension.backend.contract.track import write_track
from synthetic_tracks import make_track

ROOT = Path(__file__).resolve().parents[2]
SCRIPTS = Path(bpy.utils.system_resource("SCRIPTS"))
MENUS = ("TOPBAR_MT_file_import", "TOPBAR_MT_file_export", "VIEW3D_MT_add", "NODE_MT_add")


def traces():
    """All that an add-on may leave in Blender."""
    menus = {name: list(getattr(bpy.types, name)._dyn_ui_initialize()) for name in MENUS}
    handlers = {
        name: list(value)
        for name in dir(bpy.app.handlers)
        if isinstance(value := getattr(bpy.app.handlers, name), list)
    }
    kinds = ("Scene", "Object", "WindowManager", "Node", "NodeTree", "Image", "MovieClip")
    properties = {kind: set(getattr(bpy.types, kind).bl_rna.properties.keys()) for kind in kinds}
    keymaps = [
        (keymap.name, item.idname)
        for configuration in bpy.context.window_manager.keyconfigs
        for keymap in configuration.keymaps
        for item in keymap.keymap_items
    ]
    return set(dir(bpy.types)), menus, handlers, properties, keymaps, running_timers()


def running_timers():
    """Functions of the add-on that Blender would call again."""
    modules = [module for name, module in sys.modules.items() if name.startswith("flame_extension")]
    functions = {value for module in modules for value in vars(module).values() if callable(value)}
    return {each.__qualname__ for each in functions if is_timer(each)}


def is_timer(function):
    try:
        return bpy.app.timers.is_registered(function)
    except (TypeError, ValueError):
        return False


def test_unregister_takes_back_all_that_register_did():
    before = traces()
    for _ in range(2):
        flame_extension.register()
        assert traces() != before
        flame_extension.unregister()
        assert traces() == before


def test_the_operator_imports_with_the_settings_given(addon, tmp_path):
    write_track(tmp_path / "träck.npz", make_track(8))
    result = bpy.ops.import_scene.flame_track(
        filepath=str(tmp_path / "träck.npz"), motion="head", first_frame=2, last_frame=5, start_at=10
    )
    assert result == {"FINISHED"}
    head = bpy.data.objects["take one head"]
    assert len(head.data.shape_keys.key_blocks) == 1 + 4
    assert (bpy.context.scene.frame_start, bpy.context.scene.frame_end) == (10, 13)
    assert head.animation_data is not None and bpy.data.objects["take one camera"].animation_data is None
    assert bpy.context.view_layer.objects.active == head and bpy.context.selected_objects == [head]


def test_the_operator_has_the_settings_of_the_contract_and_nothing_of_its_own(addon):
    properties = bpy.ops.import_scene.flame_track.get_rna_type().properties
    for setting in options_of(SceneSettings):
        shown = properties[setting.name]
        assert shown.default == setting.default and shown.description.startswith(setting.help)
        assert shown.name == setting.label
        if setting.choices:
            assert {item.identifier: item.description for item in shown.enum_items} == dict(setting.choices)
        if setting.kind == "int":
            assert (shown.hard_min, shown.hard_max) == (setting.minimum, setting.maximum or 2**31 - 1)
    own = set(properties.keys()) - {setting.name for setting in options_of(SceneSettings)}
    # Scripts of older versions say `set_scene`.
    assert own == {"rna_type", "filepath", "filter_glob", "set_scene"}


def test_a_file_that_is_no_track_is_reported_in_a_sentence(addon, tmp_path):
    (tmp_path / "track.npz").write_bytes(b"no")
    with pytest.raises(RuntimeError, match=r"track\.npz is not a track file or is damaged"):
        bpy.ops.import_scene.flame_track(filepath=str(tmp_path / "track.npz"))
    assert len(bpy.data.objects) == 0


def test_the_operator_waits_until_editing_is_over(addon):
    thing = bpy.data.objects.new("edited", bpy.data.meshes.new("edited"))
    bpy.context.scene.collection.objects.link(thing)
    bpy.context.view_layer.objects.active = thing
    bpy.ops.object.mode_set(mode="EDIT")
    assert not bpy.ops.import_scene.flame_track.poll()
    bpy.ops.object.mode_set(mode="OBJECT")
    assert bpy.ops.import_scene.flame_track.poll()


@pytest.fixture(scope="session")
def packed(tmp_path_factory):
    """The zip that the repository's command builds."""
    folder = tmp_path_factory.mktemp("dist")
    command = [sys.executable, "-B", str(ROOT / "install_deps.py"), "--package", "--out", str(folder)]
    built = subprocess.run(command, check=False, capture_output=True, text=True, timeout=60)
    assert built.returncode == 0, built.stdout + built.stderr
    (path,) = folder.glob("*.zip")
    return path


def extension_tool(*arguments):
    """Run the tool that comes with Blender, with the check of tags."""
    tool = SCRIPTS / "addons_core" / "bl_pkg" / "cli" / "blender_ext.py"
    tags = SCRIPTS / "modules" / "_bpy_internal" / "extensions" / "tags.py"
    check = [f"--valid-tags={tags}"] if tags.is_file() else []
    return subprocess.run(
        [sys.executable, str(tool), *map(str, arguments), *check],
        check=False,
        capture_output=True,
        text=True,
        timeout=60,
    )


def test_the_zip_is_valid(packed):
    checked = extension_tool("validate", packed)
    assert checked.returncode == 0, checked.stdout + checked.stderr


def test_blenders_own_tool_packs_the_same_files(packed, tmp_path):
    built = extension_tool("build", "--source-dir", ROOT, "--output-dir", tmp_path)
    assert built.returncode == 0, built.stdout + built.stderr
    names = []
    for path in (packed, tmp_path / packed.name):
        with zipfile.ZipFile(path) as archive:
            names.append(sorted(name for name in archive.namelist() if not name.endswith("/")))
    assert names[0] == names[1]


def test_the_zip_holds_what_is_needed_and_nothing_else(packed):
    with zipfile.ZipFile(packed) as archive:
        names = archive.namelist()
    needed = (
        "blender_manifest.toml",
        "__init__.py",
        "backend/contract/track.py",
        "blender_flame_tracker/registration.py",
        "install_deps.py",
        "backend/setup/command.py",
        "requirements/engine.txt",
        "requirements/packages.csv",
        "requirements/check_engine.py",
        "LICENSE",
        "README.md",
        "docs/usage.md",
    )
    assert not [name for name in needed if name not in names]
    strangers = ("tests/", "demo/", "dist/", ".", "pyproject", "__pycache__", "requirements/blender-")
    assert not [name for name in names if name.startswith(strangers) or "__pycache__" in name]
    assert not [name for name in names if name.startswith("models/") and name != "models/README.md"]
    ours = {"backend/contract/performance/transfer/arkit_head.npz"}
    assert {name for name in names if name.endswith((".pkl", ".npz", ".task", ".mp4", ".jpg", ".svg"))} == ours


def test_the_zip_installs_works_and_goes_without_a_trace(packed, tmp_path):
    write_track(tmp_path / "track.npz", make_track(4))
    script = ROOT / "tests" / "blender" / "installed_extension.py"
    done = subprocess.run(
        [sys.executable, str(script), str(packed), str(tmp_path / "track.npz"), str(tmp_path)],
        check=False,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0 and "all well" in done.stdout, done.stdout + done.stderr
