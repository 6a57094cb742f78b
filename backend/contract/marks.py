"""The mark by which a file is known to be written by this program; other readers pass over it.

A file may be replaced without asking where it carries the mark. A track is known by its header, MP4 by its comment, an
exported folder by a small file in it. Where people may go on working in the file itself, the mark holds a hash of the
rest: a texture that was painted on, or a job that was edited, is not ours any more. It stands in a text beside the
pixels of a PNG, as the first entry of JSON, in the first line of OBJ, MTL, YAML and HTML.
"""

from __future__ import annotations

import hashlib
import json
import re
import struct
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO, Final

import numpy as np

PROGRAM: Final = "FLAME Head Tracker"
MARK: Final = f"Written by {PROGRAM}"
"""Comment of a video, text of a picture, first entry of JSON."""

FOLDER_MARK: Final = ".flame-head-tracker"
"""File in a folder that was exported as a whole."""

ENTRY: Final = "written_by"
"""First entry of a JSON file and of a track's header; array in other npz files."""

_PNG: Final = b"\x89PNG\r\n\x1a\n"
_JSON_START: Final = re.compile(rb'\{\s*"' + ENTRY.encode() + rb'": "' + PROGRAM.encode() + rb', ([0-9a-f]{64})",')
_TEXT_START: Final = re.compile(rb"# " + MARK.encode() + rb", ([0-9a-f]{64})\r?\n")
_PAGE_START: Final = re.compile(rb"<!-- " + MARK.encode() + rb", ([0-9a-f]{64}) -->\r?\n")
_TEXTS: Final = frozenset({".obj", ".mtl", ".yaml"})
_LARGEST_HEADER: Final = 64 * 1024**2
"""Bytes of a track's header or a video's tables that are looked at."""


def mark_file(path: Path) -> None:
    """Put the mark into a PNG, JSON, OBJ, MTL, YAML or HTML file, whoever wrote it; others stay (OSError)."""
    suffix = path.suffix.lower()
    if suffix == ".png":
        _mark_picture(path)
    elif suffix == ".json":
        content = path.read_bytes()
        if content.startswith(b"{") and content[1:].strip() != b"}":
            entry = f'{{\n "{ENTRY}": "{PROGRAM}, {_hash(content[1:])}",'
            path.write_bytes(entry.encode("ascii") + content[1:])
    elif suffix in _TEXTS:
        content = path.read_bytes()
        path.write_bytes(f"# {MARK}, {_hash(content)}\n".encode("ascii") + content)
    elif suffix == ".html":
        content = path.read_bytes()
        path.write_bytes(f"<!-- {MARK}, {_hash(content)} -->\n".encode("ascii") + content)


def _hash(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _mark_picture(path: Path) -> None:
    content = path.read_bytes()
    chunks = list(_chunks(content))
    if not chunks or chunks[0][0] != b"IHDR" or chunks[-1][0] != b"IEND":
        return
    end = len(_PNG) + 12 + len(chunks[0][1])
    path.write_bytes(content[:end] + _chunk(b"tEXt", _picture_mark(chunks)) + content[end:])


def is_marked(path: Path) -> bool:
    """Whether a file or folder was written by this program and is, as far as can be told, as it was written."""
    try:
        if path.is_dir():
            return (path / FOLDER_MARK).is_file()
        with path.open("rb") as stream:
            start = stream.read(256)
            if start.startswith(_PNG):
                return _is_marked_picture(start + stream.read())
            if start.startswith(b"PK\x03\x04"):
                return track_header(path) is not None or _is_marked_archive(path)
            if start[4:8] == b"ftyp":
                return _is_marked_video(stream)
            mark = _JSON_START.match(start) or _TEXT_START.match(start) or _PAGE_START.match(start)
            return mark is not None and mark[1].decode() == _hash(start[mark.end() :] + stream.read())
    except OSError:
        return False


def track_header(path: Path) -> dict[str, Any] | None:
    """Return the header of a track file, None where the file is none; its arrays are not looked at."""
    try:
        with zipfile.ZipFile(path) as archive:
            if archive.getinfo("header.npy").file_size > _LARGEST_HEADER:
                return None
            with archive.open("header.npy") as stream:
                header = json.loads(np.lib.format.read_array(stream, allow_pickle=False).tobytes())
    except Exception:  # noqa: BLE001 - a stranger's archive: whatever is wrong with it, it is no track
        return None
    is_track = isinstance(header, dict) and {"schema", "program_version", "intrinsics"} <= header.keys()
    return header if is_track else None


def _is_marked_archive(path: Path) -> bool:
    try:
        with zipfile.ZipFile(path) as archive, archive.open(f"{ENTRY}.npy") as stream:
            return PROGRAM in str(np.lib.format.read_array(stream, allow_pickle=False))
    except Exception:  # noqa: BLE001 - a stranger's archive
        return False


def _is_marked_picture(content: bytes) -> bool:
    chunks = list(_chunks(content))
    return (b"tEXt", _picture_mark(chunks)) in chunks


def _picture_mark(chunks: list[tuple[bytes, bytes]]) -> bytes:
    digest = hashlib.sha256()
    for name, data in chunks:
        if name in (b"IHDR", b"PLTE", b"IDAT"):
            digest.update(data)
    return f"Software\0{MARK}, {digest.hexdigest()}".encode("latin-1")


def _chunks(content: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Yield (name, data) of a PNG as far as it is whole."""
    at = len(_PNG) if content.startswith(_PNG) else len(content)
    while at + 12 <= len(content):
        length, name = struct.unpack(">I4s", content[at : at + 8])
        if at + 12 + length > len(content):
            return
        yield name, content[at + 8 : at + 8 + length]
        at += length + 12


def _chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def _is_marked_video(stream: BinaryIO) -> bool:
    """Whether the tables of an MP4 hold the mark; its pictures are passed over."""
    at, end = 0, stream.seek(0, 2)
    while at + 8 <= end:
        stream.seek(at)
        length, name = struct.unpack(">I4s", stream.read(8))
        if length == 1:
            length = int.from_bytes(stream.read(8), "big")
        elif length == 0:
            length = end - at
        if name == b"moov" and length <= _LARGEST_HEADER:
            tables = stream.read(length)
            comment = tables.rfind(b"\xa9cmt")  # as MP4 and QuickTime call it
            return comment >= 0 and PROGRAM.encode() in tables[comment : comment + 256]
        if length < 8:
            return False
        at += length
    return False
