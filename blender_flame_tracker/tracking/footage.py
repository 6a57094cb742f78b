"""Facts about the videos of this session: size, rate, length, and the faces in them.

Drawing only looks up. What is not known yet is asked for, and a timer finds it out: by Blender's own reader, and, where
the engine was asked to look for faces, from the engine, which knows better.
"""

from __future__ import annotations

import errno
import hashlib
import re
import shutil
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import bpy

from ...backend.contract.content import size_and_hash
from ...backend.contract.failure import Failure
from ...backend.contract.file_access import is_file, is_folder
from ...backend.contract.footage import is_picture
from ...backend.contract.sequence import sequence_from
from ...backend.contract.supervision.process import Engine
from .. import redrawing
from ..engine.quick_look import FaceSearch, QuickLook, remembered, start_search
from ..nodes.reading import kind_of, nodes_of
from ..nodes.scene_state import active_tree, source_of
from ..nodes.stages.photographs import files_of
from ..paths import absolute, user_folder
from ..polling import Poller
from ..preferences import preferences
from . import runs

INTERVAL: Final = 0.1
"""Seconds between two looks at what is going on."""

RETRY: Final = 5.0
"""Seconds after which a video that was not there is looked for again: a drive may have been connected."""

LOOKS_KEPT: Final = 40
"""Videos whose faces are remembered on disk."""


@dataclass(frozen=True)
class VideoFacts:
    """What a video is.

    Attributes:
        width, height: In pixels.
        frames: Number of frames.
        rate: Frames per second; None for image sequences, which have none of their own.
    """

    width: int
    height: int
    frames: int
    rate: float | None


@dataclass
class Faces:
    """How far the search for faces in a video is.

    Attributes:
        found: What was found.
        failure: Why nothing could be found.
        fraction: Share that is done, while it goes on.
        going: Whether it goes on.
    """

    found: QuickLook | None = None
    failure: Failure | None = None
    fraction: float = 0.0
    going: bool = False


_facts: Final[dict[Path, VideoFacts | Failure]] = {}
_missed: Final[dict[Path, float]] = {}
"""When a video was found to be missing."""
_faces: Final[dict[Path, Faces]] = {}
_asked: Final[dict[Path, None]] = {}
_searches: Final[dict[Path, FaceSearch]] = {}
_absolute: Final[dict[tuple[str, str], Path]] = {}


def path_of(context: bpy.types.Context) -> Path | None:
    """Return the video of the panel, or the first of its photographs, None where none was chosen."""
    node = source_of(active_tree(context), context.scene)
    if node is None or not node.path:
        return None
    library = node.id_data.library
    key = (node.path, bpy.data.filepath if library is None else library.filepath)
    if key not in _absolute:
        _absolute[key] = node.clip()
    return _absolute[key]


def is_photographs(node: Any) -> bool:
    """Return whether a node that gives frames takes them from photographs."""
    return kind_of(node) == "photographs"


def faces_can_be_shown(node: Any) -> bool:
    """Return whether the quick look sees what will be tracked: a video, or one photograph that nothing follows.

    Pictures with following numbers look like a sequence to it.
    """
    if not is_photographs(node):
        return True
    chosen = files_of(node.path)
    facts = _facts.get(chosen[0]) if len(chosen) == 1 else None
    return isinstance(facts, VideoFacts) and facts.frames == 1


def facts_of(path: Path) -> VideoFacts | Failure | None:
    """Return what a video is, None where that has to be found out first, which this asks for. For drawing."""
    known = _facts.get(path)
    if known is None or (path in _missed and time.monotonic() - _missed[path] > RETRY):
        _missed.pop(path, None)
        _asked[path] = None
        POLLER.start()
    return known


def covers(video: Any, scene: bpy.types.Scene) -> bool:
    """Return whether the frames that a Video node takes are all that its clip has."""
    settings = video.settings(scene)
    if isinstance(settings, Failure):
        return False
    facts = _facts.get(Path(settings.path)) or read(Path(settings.path))
    if isinstance(facts, Failure) or settings.first_frame > 0:
        return False
    return settings.last_frame < 0 or settings.last_frame >= facts.frames - 1


def faces_of(path: Path) -> Faces:
    """Return how far the search for faces in a video is. For drawing."""
    return _faces.get(path) or Faces()


def read(path: Path) -> VideoFacts | Failure:
    """Open a video to find out what it is, and whether it is one."""
    result = _facts[path] = _read(path)
    if isinstance(result, Failure):
        if result.code == "video-not-found":
            _missed[path] = time.monotonic()
    elif path not in _searches:
        _faces.pop(path, None)
        _recall(path)
    return result


def look_for_faces(path: Path, again: bool = False) -> Failure | None:
    """Start to look for faces; return why that is not possible.

    Args:
        path: Video.
        again: Whether to look although it is known who is in it.
    """
    if path in _searches or (_faces.get(path, Faces()).found is not None and not again):
        return None
    engine = runs.engine_now()
    if isinstance(engine, Failure):
        return engine
    stop_looking()
    look = _start(engine, path)
    if isinstance(look, Failure):
        _faces[path] = Faces(failure=look)
        return look
    _searches[path] = look
    _faces[path] = Faces(going=True)
    POLLER.start()
    return None


def _start(engine: Engine, path: Path) -> FaceSearch | Failure:
    try:
        folder = _folder(path)
        _make_room(folder)
    except OSError as error:
        return Failure(
            "look-not-writable",
            f"Nothing can be written to Blender's user folder: {error.strerror or error}.",
            "Make some space on that drive, and see that you may write to it.",
        )
    return start_search(engine, path, folder, preferences.models_folder(), _sequence_rate(path))


def wait_for_faces(path: Path) -> QuickLook | Failure:
    """Wait until the search is over, for scripts and tests."""
    if path in _searches:
        _searches[path].supervisor.wait()
        _poll_searches()
    faces = faces_of(path)
    return faces.found or faces.failure or Failure("no-look", "Nobody looked for faces.", "Press Find Faces.")


def stop_looking(wait: bool = False) -> None:
    """End the search for faces that goes on; where the program itself ends, wait until the process is gone."""
    for path, search in list(_searches.items()):
        if wait:
            search.supervisor.close(0.0)
        else:
            search.supervisor.let_go()
        del _searches[path], _faces[path]


def _learn(path: Path) -> None:
    """Find out what a video is: from an earlier look, which takes no time, or else by opening it."""
    if path not in _facts and path not in _searches:
        _recall(path)
    if not isinstance(_facts.get(path), VideoFacts):
        read(path)


def _read(path: Path) -> VideoFacts | Failure:
    if not is_file(path):
        what = "is a folder" if is_folder(path) else "is not there"
        return Failure(
            "video-not-found",
            f"{path.name or path} {what}.",
            "Choose a video, or the first picture of a sequence." if is_folder(path) else "Choose the video again.",
        )
    not_a_video = Failure(
        "video-unreadable",
        f"{path.name} is not a video that Blender can read.",
        "Choose another file, or convert it to MP4 with H.264.",
    )
    try:
        clip = bpy.data.movieclips.load(str(path), check_existing=False)
    except RuntimeError:
        return not_a_video
    try:
        size: Any = clip.size
        width, height = size
        if clip.source == "MOVIE":
            frames, rate = clip.frame_duration, float(clip.fps)
        else:  # Blender counts up to the first hole of a sequence.
            frames, rate = len(sequence_from(path).files), None
    except OSError:
        return not_a_video
    finally:
        bpy.data.movieclips.remove(clip)
    if frames <= 0 or min(width, height) <= 0 or rate == 0.0:
        return not_a_video
    return VideoFacts(width, height, frames, rate)


def _sequence_rate(path: Path) -> float:
    for tree in bpy.data.node_groups:
        for node in nodes_of(tree, "video"):
            if node.path and absolute(node.path) == path:
                return float(node.sequence_rate)
    return 25.0


_LOOK: Final = re.compile("[0-9a-f]{24}")
"""Name of a folder of ours for the pictures of a video."""


def _folder(path: Path) -> Path:
    """Return the folder for the pictures of a video's faces: that of the same video, wherever it lies (OSError)."""
    content = size_and_hash(path)
    if content is None:
        raise FileNotFoundError(errno.ENOENT, "No such file", str(path))
    key = hashlib.sha256(f"{path.name}|{content[0]}|{content[1]}".encode("utf-8", "surrogateescape"))
    return user_folder("looks") / key.hexdigest()[:24]


def _make_room(folder: Path) -> None:
    """Make a folder for a look, and remove those of the videos that were looked at longest ago (OSError)."""
    folder.mkdir(parents=True, exist_ok=True)
    ours = [entry for entry in folder.parent.iterdir() if _LOOK.fullmatch(entry.name) and entry.is_dir()]
    others = [entry for entry in ours if entry != folder]
    others.sort(key=lambda entry: entry.stat().st_mtime)
    for old in others[: max(0, len(others) + 1 - LOOKS_KEPT)]:
        shutil.rmtree(old, ignore_errors=True)


def _recall(path: Path) -> None:
    """Take what an earlier session found in this video."""
    try:
        look = remembered(_folder(path))
    except OSError:
        return
    if look is not None:
        note_look(path, look)


def note_look(path: Path, look: QuickLook) -> None:
    """Take over what the engine has found out about a video."""
    still = is_picture(path)
    _facts[path] = VideoFacts(look.width, look.height, look.frames, None if still else look.rate)
    _faces[path] = Faces(found=look)


# The timer.


def _work() -> float | None:
    """Find out one thing that was asked for, and read what the engine said."""
    changed = _poll_searches()
    if _asked:
        path = next(iter(_asked))
        del _asked[path]
        _learn(path)
        changed = True
    if changed:
        redrawing.TRACKING.redraw()
    return INTERVAL if _asked or _searches else None


POLLER: Final = Poller(_work)


def _poll_searches() -> bool:
    changed = False
    for path, search in list(_searches.items()):
        before = search.fraction
        search.supervisor.poll()
        if search.supervisor.busy:
            changed = changed or search.fraction != before
            _faces[path].fraction = search.fraction
            continue
        changed = True
        del _searches[path]
        if isinstance(search.result, QuickLook):
            note_look(path, search.result)
        else:
            _faces[path] = Faces(failure=search.result)
    return changed


CLASSES: Final[tuple[type[Any], ...]] = ()


def unregister() -> None:
    """End what goes on, and forget everything."""
    stop_looking(wait=True)
    POLLER.stop()
    for known in (_facts, _missed, _faces, _asked, _absolute):
        known.clear()
