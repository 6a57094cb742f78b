"""The folders of an export, each written beside its place and moved there: the work of the stage Export."""

from __future__ import annotations

import os
import shutil
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Final

import cv2
import numpy as np
import torch

from ..aligned.drawing import Skin
from ..contract.failure import Failure, Notice
from ..contract.settings import ExportSettings, TextureSettings
from ..contract.track import Track
from ..head.albedo import AlbedoSpace
from ..head.albedo_file import space_for
from ..head.model import HeadModel, Integers
from ..landmarks.crop import Picture
from ..landmarks.networks import Network, SharedNetwork, find_networks
from ..parsing.parser import Parser, open_parser
from ..photo.output import Studio, save_picture, write_portrait
from ..render.clip_texture import texture_to_draw
from ..stages.data import Context, Video
from ..video.reader import read_frames
from .avatar import AvatarWriter
from .codes import shown_frames
from .frames import FrameWriter
from .portraits import person_in, seen_head

TEXTURE: Final = "texture.png"


def write_exports(
    track: Track, video: Video, head: HeadModel, settings: ExportSettings, places: dict[str, Path], context: Context
) -> dict[str, Path] | Failure:
    """Write what the settings ask for into its place and return the places used; frames without a head are left out."""
    frames = shown_frames(track)
    if len(frames) == 0:
        return Failure("no-face", "The track has no frame with a head to export.", "Track a range that shows a face.")
    total = len(frames) * (int(settings.frames) + int(settings.avatar) + int(settings.meshes))
    work = _Work(track, video, head, frames, _person_network(context), context, total)
    written: dict[str, Path] = {}
    if settings.avatar:
        written["avatar"] = work.avatar(places["avatar"], white=settings.background == "white")
    if settings.frames:
        result = work.frame_files(places["frames"])
        if isinstance(result, Failure):
            return result
        written["frames"] = result
    if settings.meshes:
        result = work.meshes(places["meshes"])
        if isinstance(result, Failure):
            return result
        written["meshes"] = result
    return written


class _Work:
    def __init__(
        self,
        track: Track,
        video: Video,
        head: HeadModel,
        frames: Integers,
        person: Network | None,
        context: Context,
        total: int,
    ) -> None:
        self._track = track
        self._video = video
        self._head = head
        self._frames = frames
        self._person = person
        self._context = context
        self._total = total
        self._done = 0
        self._baked: Picture | None = None

    def _pictures(self, frames: Integers) -> Iterator[tuple[int, Picture]]:
        for position, picture in read_frames(self._video, frames.tolist()):
            self._context.check()
            yield position, picture

    def meshes(self, folder: Path) -> Path | Failure:
        """Write a folder per frame with mesh, overlay, aligned picture and parsing, and their one texture."""
        opened = self._opened()
        if isinstance(opened, Failure):
            return opened
        texture = self._texture()
        if isinstance(texture, Failure):
            return texture
        studio = Studio(self._head, *opened, f"../{TEXTURE}", self._skin(texture))
        names = self._names()

        def write(beside: Path) -> None:
            beside.mkdir(parents=True, exist_ok=True)
            save_picture(beside / TEXTURE, texture)
            self._side_by_side(
                lambda _step, frame, picture: write_portrait(beside / names[frame], self._track, frame, picture, studio)
            )

        return _beside(folder, write)

    def _texture(self) -> Picture | Failure:
        """The texture of the head, baked once for all that wants it."""
        if self._baked is None:
            baked = texture_to_draw(self._track, self._video, TextureSettings(), self._context)
            if isinstance(baked, Failure):
                return baked
            self._baked = baked
        return self._baked

    def _skin(self, texture: Picture) -> Skin:
        return Skin(texture, self._track.uv.astype(np.float64), self._track.uv_faces)

    def _names(self) -> dict[int, str]:
        """A folder's name per frame: that of the photograph, or the number of the frame in the video."""
        photographs = self._video.metadata.get("photographs")
        names: dict[int, str] = {}
        for frame in self._frames.tolist():
            number = int(self._track.frame_index[frame])
            name = Path(photographs[number]).stem if photographs else f"{number:05d}"
            names[frame] = f"{name}-{number + 1}" if name in names.values() else name
        return names

    def _opened(self) -> tuple[AlbedoSpace, Parser] | Failure:
        """The space of texture codes and the parser of portraits."""
        models = self._context.models
        space, unfit = space_for(self._head, models)
        if unfit is not None:
            self._context.notice(unfit)
        parser = open_parser(self._head, self._person, models, None, torch.device("cpu"), self._context.notice)
        return parser if isinstance(parser, Failure) else (space, parser)

    def _side_by_side(self, work: Callable[[int, int, Picture], object]) -> list[int]:
        """Let several threads do (step, frame, picture) while the next pictures are decoded; return the frames read."""
        read: list[int] = []
        waiting: deque[Future[object]] = deque()
        threads = max(1, os.cpu_count() or 1)

        def settle() -> None:
            waiting.popleft().result()
            self._done += 1
            self._context.progress(self._done, self._total)

        # The threads here are the parallel ones; OpenCV's own would only stand in their way.
        opencv_threads = cv2.getNumThreads()
        cv2.setNumThreads(1)
        try:
            with ThreadPoolExecutor(threads, thread_name_prefix="export") as executor:
                for frame, picture in self._pictures(self._frames):
                    waiting.append(executor.submit(work, len(read), frame, picture))
                    read.append(frame)
                    while len(waiting) > threads + 1:
                        settle()
                while waiting:
                    settle()
        finally:
            cv2.setNumThreads(opencv_threads)
        self._tell_unread(len(read))
        return read

    def avatar(self, folder: Path, *, white: bool) -> Path:
        """Write the folder for trainers; frames that can't be read any more are left out of it."""

        def write(beside: Path) -> None:
            writer = AvatarWriter(self._track, self._head, beside, white)
            shift = writer.begin(self._frames)

            def work(step: int, frame: int, picture: Picture) -> None:
                landmarks = seen_head(self._track, frame).landmarks
                share = None if self._person is None else person_in(self._person, picture, landmarks)
                writer.write_picture(step, picture, share)

            read = self._side_by_side(work)
            writer.finish(np.array(read, dtype=np.int64), shift, masked=self._person is not None)

        return _beside(folder, write)

    def frame_files(self, folder: Path) -> Path | Failure:
        """Write one file per frame."""
        opened = self._opened()
        if isinstance(opened, Failure):
            return opened
        space, parser = opened
        skin = np.asarray(self._head.regions.get("face", np.arange(self._head.vertex_count)))
        texture = self._texture()
        if isinstance(texture, Failure):
            return texture
        writer = FrameWriter(self._track, space, parser, skin, self._skin(texture))

        def write(beside: Path) -> None:
            beside.mkdir(parents=True, exist_ok=True)
            save_picture(beside / TEXTURE, texture)
            code = writer.texture_code(self._frames, self._pictures)
            self._side_by_side(lambda _step, frame, picture: writer.write(beside, frame, picture, code))

        return _beside(folder, write)

    def _tell_unread(self, read: int) -> None:
        if read < len(self._frames):
            sentence = f"{len(self._frames) - read} frames of {self._video.path.name} could not be read again."
            self._context.notice(Notice("export-incomplete", sentence, "The export lacks them."))


def _beside(folder: Path, write: Callable[[Path], None]) -> Path:
    """Let a folder be written beside its place and moved there, replacing what an earlier export left."""
    beside = folder.with_name(f".{folder.name}.partial")
    shutil.rmtree(beside, ignore_errors=True)
    try:
        write(beside)
        shutil.rmtree(folder, ignore_errors=True)
        beside.replace(folder)
    finally:
        shutil.rmtree(beside, ignore_errors=True)
    return folder


def _person_network(context: Context) -> Network | None:
    files = find_networks("", context.models)
    if isinstance(files, Failure) or files.person is None:
        context.notice(
            Notice(
                "no-person-mask",
                "mediapipe is not installed, so the export has no masks, and its parsing no hair and cloth.",
                "Run install_deps.py.",
            )
        )
        return None
    return SharedNetwork(files.person)
