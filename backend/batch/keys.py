"""Key of a shot: what its result depends on, as one hash, without reading footage through."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

from .. import __version__
from ..contract.batch_files import GIVEN_BY_BATCH
from ..contract.footage import is_picture
from ..contract.job import STAGES
from ..contract.options import options_of
from ..contract.sequence import sequence_from
from ..run.registry import STAGE_CODE
from ..system.source_code import code_version
from .shot import Shot


def code_of_stages() -> list[str]:
    """Return the versions of the code of all stages in this program, in order."""
    return sorted({code_version(code.run.__module__) for code in STAGE_CODE.values()})


class Keys:
    """Keys of shots with the code and the model files that are there now.

    A file counts with its size and its time of change. Where these have changed though the content has not, the shot is
    begun again, and its stages find by the content that nothing is left to do.
    """

    def __init__(self, models: Path) -> None:
        self._common = [__version__, code_of_stages(), [_stamp(file) for file in _files_of(models)]]

    def key_of(self, shot: Shot) -> str:
        """Return the key of a shot that gets no identity from the batch: 32 hexadecimal digits."""
        read = [Path(path) for path in _paths_of(shot)]
        content = {
            "common": self._common,
            "settings": shot.changed_settings,
            "added": sorted(shot.added),
            "all_faces": shot.all_faces,
            "files": [_stamp(file) for file in (*_files_of_clip(shot.input), *read)],
        }
        return _hashed(json.dumps(content, sort_keys=True).encode("ascii"))


def key_with_identity(key: str, identity: Path) -> str:
    """Return the key of a shot that gets the identity in a file, which counts by its content.

    So a farm's task can make it of the key that was planned before there was an identity.
    """
    try:
        content = identity.read_bytes()
    except OSError:
        content = b""
    return _hashed(key.encode("ascii", "replace") + content)


def _hashed(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:32]


def _paths_of(shot: Shot) -> list[str]:
    """Return the files that settings of a shot name."""
    return [
        path
        for kind, settings in shot.settings.items()
        for option in options_of(STAGES[kind].settings)
        if option.kind == "path" and (kind, option.name) not in GIVEN_BY_BATCH
        if isinstance(value := getattr(settings, option.name), str) and value
        for path in option.paths_of(value)
    ]


def _files_of_clip(path: Path) -> list[Path]:
    try:
        return sequence_from(path).present if is_picture(path) else [path]
    except OSError:
        return [path]


def _files_of(folder: Path) -> list[Path]:
    try:
        return sorted(folder.iterdir())
    except OSError:
        return []


def _stamp(path: Path) -> list[Any]:
    """Return what tells a file from others: not where it is, so that a batch and its clips can move."""
    try:
        status = path.stat()
    except (OSError, ValueError):
        return [path.name]
    return [path.name, status.st_size, status.st_mtime_ns]
