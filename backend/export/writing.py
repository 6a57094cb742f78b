"""Folders of an export, each written beside its target and moved there: the work of the stage Export."""

from __future__ import annotations

import os
import shutil
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np
import torch

from ..contract.arrays import Integers, Picture
from ..contract.failure import Failure, Notice
from ..contract.output_settings import PERFORMANCE_FORMATS
from ..contract.settings import ExportSettings, TextureSettings
from ..contract.track import Track
from ..data.context import Context
from ..data.types import Video
from ..head.albedo.albedo_space import AlbedoSpace
from ..head.flame_codes import root_poses, shown_frames
from ..head.model import HeadModel
from ..landmarks.networks import Network, SharedNetwork, find_networks
from ..parsing.parser import Parser
from ..render.lit_head import Skin
from ..texture.clip_texture import texture_to_draw
from ..video.reader import read_frames
from . import imavatar
from .avatar import AvatarWriter, centre_notice, with_square_pixels
from .frames import FrameWriter
from .lids import lid_codes, lids_notice
from .metrical import MetricalWriter
from .performances import write_of_track
from .portrait_files import Studio, save_picture, space_and_parser, write_portrait
from .portraits import person_in, seen_head
from .square import SquareClip
from .torso import NeckLine, above_neck_line, neck_line

TEXTURE: Final = "texture.png"
BEHIND: Final = {"white": 255, "black": 0}
"""Grey behind the person by the setting's choice."""
_POSED_BY_READERS: Final = {"avatar", "metrical", "imavatar"}
_WITHOUT_LIDS: Final = {"avatar", "frames", "imavatar"}
_OWN_HEAD: Final = (
    "The programs that these files are for pose FLAME by its codes; codes of the built-in head mean nothing to them.",
    "Track with a FLAME file as the head (--head-file), and give those programs the same file.",
)


def write_exports(
    track: Track, video: Video, head: HeadModel, settings: ExportSettings, targets: dict[str, Path], context: Context
) -> dict[str, Path] | Failure:
    """Write what the settings ask for to its target and return the targets used; frames without a head are left out."""
    frames = shown_frames(track)
    if len(frames) == 0:
        return Failure("no-face", "The track has no frame with a head to export.", "Track a range that shows a face.")
    asked = [name for name in settings.formats if name in PERFORMANCE_FORMATS]
    written = write_of_track(track, video.path, asked, targets, context) if asked else {}
    if isinstance(written, Failure) or len(asked) == len(settings.formats):
        return written
    work = _Work(track, video, head, frames, settings, context)
    work.say_what_is_lost()
    writers = {
        "avatar": work.avatar,
        "frames": work.frame_files,
        "meshes": work.meshes,
        "metrical": work.metrical,
        "imavatar": work.imavatar,
    }
    for name, writer in writers.items():
        if name not in settings.formats:
            continue
        result = writer(targets[name])
        if isinstance(result, Failure):
            return result
        written[name] = result
    return written


class _Work:
    def __init__(
        self,
        track: Track,
        video: Video,
        head: HeadModel,
        frames: Integers,
        settings: ExportSettings,
        context: Context,
    ) -> None:
        self._track = track
        self._video = video
        self._head = head
        self._frames = frames
        self._settings = settings
        self._context = context
        self._person = _person_network(context)
        self._lids = lid_codes(head)
        self._total = len(frames) * len(set(settings.formats) - set(PERFORMANCE_FORMATS))
        self._done = 0
        self._baked: Picture | None = None

    def say_what_is_lost(self) -> None:
        """Tell what readers of the formats that are asked for will not have."""
        asked = set(self._settings.formats)
        if asked & _POSED_BY_READERS and not self._head.file_name:
            self._context.notice(Notice("export-own-head", *_OWN_HEAD))
        lids = lids_notice(self._track, self._lids, self._head)
        if lids is not None and asked & _WITHOUT_LIDS:
            self._context.notice(lids)

    def _pictures(self, frames: Integers) -> Iterator[tuple[int, Picture]]:
        for position, picture in read_frames(self._video, frames.tolist()):
            self._context.check()
            yield position, picture

    def meshes(self, folder: Path) -> Path | Failure:
        """Write a folder per frame with mesh, texture, overlay, aligned picture and parsing."""
        opened = self._opened()
        if isinstance(opened, Failure):
            return opened
        texture = self._texture()
        if isinstance(texture, Failure):
            return texture
        studio = Studio(self._head, *opened, TEXTURE, self._skin(texture))
        names = self._names()

        def write(beside: Path) -> None:
            beside.mkdir(parents=True, exist_ok=True)
            save_picture(beside / TEXTURE, texture)

            def work(_step: int, frame: int, picture: Picture) -> None:
                write_portrait(beside / names[frame], self._track, frame, picture, studio)
                # Programs that read meshes look for the texture in the mesh's own folder, some nowhere else.
                _same_file(beside / TEXTURE, beside / names[frame] / TEXTURE)

            self._side_by_side(work)

        return self._context.targets.write_folder(folder, write)

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
        return space_and_parser(self._head, self._person, self._context)

    def _side_by_side(self, work: Callable[[int, int, Picture], object]) -> list[int]:
        """Let several threads do (step, frame, picture) while the next pictures are decoded; return the frames read."""
        read: list[int] = []
        waiting: deque[Future[object]] = deque()
        threads = max(1, os.cpu_count() or 1)

        def settle() -> None:
            waiting.popleft().result()
            self._done += 1
            self._context.progress(self._done, self._total)

        # The threads here are the parallel ones; those of OpenCV and torch would only stand in their way.
        opencv_threads = cv2.getNumThreads()
        cv2.setNumThreads(1)
        try:
            with ThreadPoolExecutor(threads, "export", initializer=torch.set_num_threads, initargs=(1,)) as executor:
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

    def avatar(self, folder: Path) -> Path:
        """Write the folder for trainers of VHAP's kind; frames that can't be read any more are left out of it."""
        line = self._neck()
        camera = self._track.intrinsics
        square = with_square_pixels(camera)
        size = (square.width, square.height)
        beside_centre = centre_notice(square)
        if beside_centre is not None:
            self._context.notice(beside_centre)

        def write(beside: Path) -> None:
            behind = BEHIND.get(self._settings.background)
            still_head = self._settings.motion == "camera"
            writer = AvatarWriter(self._track, self._head, self._lids, beside, behind, still_head, square)
            writer.begin()

            def work(step: int, frame: int, picture: Picture) -> None:
                seen = seen_head(self._track, frame)
                share = None
                if self._person is not None:
                    kept = (
                        None
                        if line is None
                        else above_neck_line(line, seen.in_camera, self._track.intrinsics_at(frame))
                    )
                    share = person_in(self._person, picture, seen.landmarks, kept=kept)
                if picture.shape[1::-1] != size:
                    picture = cv2.resize(picture, size, interpolation=cv2.INTER_CUBIC).astype(np.uint8, copy=False)
                    share = None if share is None else np.asarray(cv2.resize(share, size), dtype=np.float64)
                writer.write_picture(step, picture, share)

            read = self._side_by_side(work)
            writer.finish(np.array(read, dtype=np.int64), masked=self._person is not None)

        return self._context.targets.write_folder(folder, write)

    def _neck(self) -> NeckLine | None:
        return neck_line(self._head) if self._settings.cut_torso else None

    def metrical(self, folder: Path) -> Path | Failure:
        """Write the folder of metrical-tracker."""
        opened = self._opened()
        if isinstance(opened, Failure):
            return opened
        clip = SquareClip(self._track, self._frames, opened[1], self._neck())

        def write(beside: Path) -> None:
            writer = MetricalWriter(self._track, self._head, clip, beside)
            writer.begin()
            clip.write_about(beside)
            self._side_by_side(lambda step, frame, picture: writer.write(step, frame, clip.frame(frame, picture)))

        return self._context.targets.write_folder(folder, write)

    def imavatar(self, folder: Path) -> Path | Failure:
        """Write the folder of IMavatar."""
        opened = self._opened()
        if isinstance(opened, Failure):
            return opened
        clip = SquareClip(self._track, self._frames, opened[1], self._neck())
        lids = lid_codes(self._head, imavatar.EXPRESSION)
        lost = imavatar.modes_notice(self._head, self._track)
        if lost is not None:
            self._context.notice(lost)

        def write(beside: Path) -> None:
            writer = imavatar.ImavatarWriter(self._track, self._head, lids, clip, beside)
            writer.begin()
            clip.write_about(beside)
            listed: dict[int, dict[str, Any]] = {}

            def work(step: int, frame: int, picture: Picture) -> None:
                listed[step] = writer.write(step, frame, clip.frame(frame, picture))

            self._side_by_side(work)
            writer.finish([listed[step] for step in sorted(listed)])

        return self._context.targets.write_folder(folder, write)

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
        roots = root_poses(self._head, self._track)
        writer = FrameWriter(self._track, space, parser, skin, self._skin(texture), self._lids, roots)

        def write(beside: Path) -> None:
            beside.mkdir(parents=True, exist_ok=True)
            save_picture(beside / TEXTURE, texture)
            writer.write_about(beside)
            code = writer.texture_code(self._frames, self._pictures)
            self._side_by_side(lambda _step, frame, picture: writer.write(beside, frame, picture, code))

        return self._context.targets.write_folder(folder, write)

    def _tell_unread(self, read: int) -> None:
        if read < len(self._frames):
            sentence = f"{len(self._frames) - read} frames of {self._video.path.name} could not be read again."
            self._context.notice(Notice("export-incomplete", sentence, "The export lacks them."))


def _same_file(path: Path, target: Path) -> None:
    """Let a file have a second name: the same file where the disk can, else a copy."""
    target.unlink(missing_ok=True)
    try:
        os.link(path, target)
    except OSError:
        shutil.copyfile(path, target)


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
