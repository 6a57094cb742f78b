"""Watches this process for what reading a file must never do: write elsewhere, start programs, reach the network."""

from __future__ import annotations

import contextlib
import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

_WRITING: Final = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
_PROGRAMS: Final = frozenset(
    {"subprocess.Popen", "os.system", "os.exec", "os.posix_spawn", "os.spawn", "os.fork", "os.forkpty", "pty.spawn"}
)
_NETWORK: Final = frozenset({"socket.connect", "socket.bind", "socket.sendto", "socket.getaddrinfo", "urllib.Request"})
_CHANGES: Final = {
    **dict.fromkeys(("os.remove", "os.rmdir", "os.mkdir", "os.chmod", "os.chown", "os.truncate", "os.utime"), 1),
    **dict.fromkeys(("os.rename", "os.link"), 2),
    **dict.fromkeys(("shutil.rmtree",), 1),
}
"""What changes files -> how many of its arguments are paths that are changed."""


CACHES: Final = ("XDG_CACHE_HOME", "TMPDIR", "NUMBA_CACHE_DIR", "BLENDER_USER_RESOURCES")
"""Variables that name folders in which a program keeps what it likes."""


@dataclass(frozen=True)
class Harm:
    """Something that was done, and to what."""

    what: str
    thing: str

    def __str__(self) -> str:
        return f"{self.what} {self.thing}"


def watch(folder: Path, harm: list[Harm], programs: frozenset[str] = frozenset()) -> None:
    """Note from now on, and to the end of this process, whatever is done beyond a folder.

    Python itself tells it (audit hooks); it cannot be switched off by what is read.

    Args:
        folder: To which may be written, beside the folders for caches and for what is temporary.
        harm: Takes what happens.
        programs: Names of programs that may be started.
    """
    ours = (os.environ[name] for name in CACHES if name in os.environ)
    allowed = tuple(os.path.realpath(each) for each in (folder, os.devnull, *ours))

    def hook(event: str, arguments: tuple[Any, ...]) -> None:
        if event == "open":
            path, _mode, flags = arguments
            if flags & _WRITING and not isinstance(path, int) and not _inside(path, allowed):
                harm.append(Harm("opened for writing", str(path)))
        elif event in _PROGRAMS:
            if Path(str(arguments[0])).name not in programs:
                harm.append(Harm(event, str(arguments[0])[:200]))
        elif event in _NETWORK:
            harm.append(Harm(event, str(arguments[-1])[:200]))
        elif event in _CHANGES:
            changed = [_place(each, arguments) for each in arguments[: _CHANGES[event]] if not isinstance(each, int)]
            harm.extend(Harm(event, path[:200]) for path in changed if not _inside(path, allowed))

    sys.addaudithook(hook)


def _place(path: Any, arguments: tuple[Any, ...]) -> str:
    """Return a path that may be relative to an open folder, whose number is the last argument."""
    name, folder = os.fsdecode(path), arguments[-1]
    if isinstance(folder, int) and folder > 2 and not Path(name).is_absolute():
        with contextlib.suppress(OSError):
            return str(Path(f"/proc/self/fd/{folder}").readlink() / name)
    return name


def _inside(path: Any, allowed: tuple[str, ...]) -> bool:
    place = os.fsdecode(os.path.realpath(os.fspath(path)))
    return any(place == each or place.startswith(each + os.sep) for each in allowed)
