"""The folder of a video's results: refused where results of others lie in it, and without leftovers of earlier runs."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Final

import cv2
import numpy as np
from PIL import Image

from ..contract.arrays import Picture
from ..contract.atomic import write_atomically
from ..contract.failure import Failure
from ..contract.marks import is_marked, mark_file
from ..data.types import Video
from ..system.writable import writable_problem
from .config import LegacyConfig
from .parts import Parts

_TEXTURE: Final = "texture.png"
_COMPARED: Final = "_compare.jpg"
_ABOUT: Final = "about.json"
_OF_A_FRAME: Final = re.compile(rf"(\d+)(\.npy|\.npz|{re.escape(_COMPARED)})", re.ASCII)


def results_folder(config: LegacyConfig) -> Path | Failure:
    """Return where the results of a configuration's video go, or why they cannot."""
    assert config.video is not None
    assert config.folder is not None
    folder = config.folder / config.video.name.split(".")[0]
    return writable_problem(folder) or _foreign_results(folder) or folder


def begin_results(folder: Path, video: Video, parts: Parts) -> None:
    """Make the folder and say in ``about.json`` what the numbers come from, and which frames of the video they are."""
    folder.mkdir(parents=True, exist_ok=True)
    about = {**parts.sources, "video": video.path.name, "frames": [int(index) for index in video.frame_index]}
    _write_marked(folder / _ABOUT, lambda partial: partial.write_text(json.dumps(about, indent=1), "utf-8"))


def end_results(folder: Path, frames: Iterable[int]) -> None:
    """Remove the files of frames that an earlier, longer run has left; they would be read as part of this one."""
    written = set(frames)
    for path in list(folder.iterdir()):
        match = _OF_A_FRAME.fullmatch(path.name)
        if match is not None and int(match[1]) not in written and path.is_file():
            path.unlink()


def write_compared(folder: Path, frame: int, pictures: list[Picture]) -> None:
    """Write pictures of one height beside each other as JPEG."""
    done, content = cv2.imencode(".jpg", np.ascontiguousarray(np.concatenate(pictures, axis=1)[..., ::-1]))
    assert done
    write_atomically(folder / f"{frame}{_COMPARED}", lambda partial: partial.write_bytes(content.tobytes()))


def write_texture(folder: Path, texture: Picture | None) -> None:
    """Write the texture; where there is none, remove that of an earlier run."""
    path = folder / _TEXTURE
    if texture is not None:
        _write_marked(path, Image.fromarray(texture).save)
    elif is_marked(path):
        path.unlink()


def _write_marked(path: Path, write: Callable[[Path], object]) -> None:
    def write_and_mark(partial: Path) -> None:
        write(partial)
        mark_file(partial)

    write_atomically(path, write_and_mark)


def _foreign_results(folder: Path) -> Failure | None:
    """Whether results lie in a folder that this program did not write: the original gives them the same names."""
    if not folder.is_dir() or _is_ours(folder / _ABOUT):
        return None
    names = sorted(path.name for path in folder.iterdir())
    theirs = next((name for name in names if _OF_A_FRAME.fullmatch(name) or name == _TEXTURE), None)
    if theirs is None:
        return None
    sentence = f"{folder} holds {theirs}, which this program did not write."
    return Failure("target-taken", sentence, "Choose another 'save_path', or move that folder away.")


def _is_ours(about: Path) -> bool:
    """Whether this program wrote an ``about.json``, in an earlier version perhaps, which left no mark."""
    if is_marked(about):
        return True
    try:
        content = json.loads(about.read_text("utf-8"))
    except (OSError, ValueError):
        return False
    return isinstance(content, dict) and {"head_model", "tex_space", "frames"} <= content.keys()
