"""Commands and scripts that the pages show, run on a clip and photographs made here."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import av
import cv2
import matplotlib
import numpy as np
import pytest
from pages import PAGES, ROOT, Block, blocks, commands

PORTRAIT = Path(matplotlib.get_data_path()) / "sample_data" / "grace_hopper.jpg"
FARM = {"distributed.cli.dask_scheduler", "distributed.cli.dask_worker"}
"""Modules that run until they are stopped."""
ONLY_READ = {"--demo", "--test", "bench", "pytest", "ruff", "pyright", "--blender", *FARM}
"""Words of commands that are not run, nor is what sets up an engine: they take minutes or need more than is here."""
COMMANDS = list(dict.fromkeys(line.partition(" ")[2] for page in PAGES for line in commands(page)))
"""Without the name of the interpreter, each once."""
SCRIPTS = [block for page in PAGES for block in blocks(page) if block.language == "python" and "bpy" not in block.text]


def can_be_run_here(line: str) -> bool:
    """Whether a command names files, and is none of those that are only read."""
    words = line.split()
    placeholders = any(word.isupper() or word in ("...", "JOB.json") for word in words)
    return not placeholders and words[-1] != "install_deps.py" and not ONLY_READ & set(words)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the files that the pages name: a portrait that moves a little, and photographs of it."""
    made = tmp_path_factory.mktemp("shown")
    picture = cv2.resize(cv2.imread(str(PORTRAIT))[..., ::-1], (320, 376), interpolation=cv2.INTER_AREA)
    with av.open(str(made / "interview.mp4"), "w") as container:
        stream = container.add_stream("libx264", rate=30)
        stream.width, stream.height, stream.pix_fmt = 320, 376, "yuv420p"
        for k in range(8):
            frame = np.ascontiguousarray(np.roll(picture, k, axis=1))
            container.mux(stream.encode(av.VideoFrame.from_ndarray(frame, format="rgb24")))
        container.mux(stream.encode())
    shutil.copy(made / "interview.mp4", made / "talk.mp4")
    for name in ("anna1.jpg", "anna2.jpg", "face.jpg"):
        shutil.copy(PORTRAIT, made / name)
    return made


def run(folder: Path, *arguments: object) -> subprocess.CompletedProcess[str]:
    """Run Python in the folder, as one who has this program on the path."""
    # One of the commands clears the cache: it shall not be the user's, on no system.
    caches = dict.fromkeys(("XDG_CACHE_HOME", "LOCALAPPDATA", "HOME"), str(folder))
    here = {"PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "utf-8", **caches}
    command = [sys.executable, *map(str, arguments)]
    return subprocess.run(
        command, cwd=folder, env={**os.environ, **here}, capture_output=True, text=True, timeout=240, check=False
    )


def make_track(folder: Path) -> Path:
    """Track the clip of the pages, where no command has done so yet."""
    made = folder / "interview" / "track.npz"
    if not made.exists():
        assert run(folder, "-m", "backend", "track", "interview.mp4", "--out", "interview").returncode == 0
    return made


@pytest.mark.parametrize("line", [line for line in COMMANDS if can_be_run_here(line)])
def test_a_shown_command_does_its_work(folder: Path, line: str) -> None:
    words = shlex.split(line)
    if words[0] == "install_deps.py":
        words = [str(ROOT / words[0]), *words[1:]]
    if "interview/track.npz" in words:
        make_track(folder)
    if words[-1] == "--package":
        words += ["--out", str(folder / "dist")]
    done = run(folder, *words)
    # Doctor finds something missing where the interpreter of the tests is not the engine's.
    assert done.returncode == 0 or "doctor" in line, done.stderr


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.page)
def test_a_shown_script_does_its_work(folder: Path, script: Block) -> None:
    shutil.copy(make_track(folder), folder / "track.npz")
    done = run(folder, "-c", script.text)
    assert done.returncode == 0, done.stderr
