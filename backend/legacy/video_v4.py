"""Videos in version 4's way: an ``.npz`` per frame, a picture to look at beside each, and the texture."""

from __future__ import annotations

import dataclasses
import tempfile
from pathlib import Path

from ..contract.arrays import Picture
from ..contract.atomic import write_atomically
from ..contract.failure import Failure
from ..export.npz import write_npz
from ..parsing.parser import square_around
from ..render.lit_head import Skin
from .background import NO_NETWORK, on_white
from .clip import FittedClip, Prepare, fit_clip, unchanged
from .config import LegacyConfig
from .dictionary_v1 import reduced
from .dictionary_v4 import dictionary_v4_of
from .painting import seen_closely
from .parts import Parts
from .results import begin_results, end_results, results_folder, write_compared, write_texture
from .video_v1 import Warn, chosen_frames, warning_context


def track_frames_v4(config: LegacyConfig, parts: Parts, warn: Warn) -> Path | Failure:
    """Track the video of a configuration and write a file per frame; return their folder."""
    folder = results_folder(config)
    if isinstance(folder, Failure):
        return folder
    with tempfile.TemporaryDirectory() as work:
        context = dataclasses.replace(warning_context(Path(work), warn), settings=_settings_of(config))
        video = chosen_frames(config, context, warn)
        if isinstance(video, Failure):
            return video
        squares = None if config.realign else [square_around(video.width, video.height)] * len(video)
        clip = fit_clip(video, parts, config, context, squares=squares, prepare=preparation(parts, config, warn))
        if isinstance(clip, Failure):
            return clip
        closely = seen_closely(clip, context) if config.photometric else (clip, None)
    if isinstance(closely, Failure):
        return closely
    begin_results(folder, video, parts)
    _write(folder, *closely, config)
    return folder


def preparation(parts: Parts, config: LegacyConfig, warn: Warn) -> Prepare:
    """Return what is done to pictures before they are looked at: with matting the background becomes white."""
    if not config.matting:
        return unchanged
    if parts.networks.person is None:
        warn(f"{NO_NETWORK.sentence} {NO_NETWORK.advice}")
        return unchanged
    return lambda picture, points: on_white(parts, picture, points)


def _settings_of(config: LegacyConfig) -> dict[str, dict[str, object]]:
    """What the stages after the fit read of its settings."""
    return {"fit": {"device": config.device.type if config.device.type in ("cuda", "mps") else "cpu"}}


def _write(folder: Path, clip: FittedClip, painted: Skin | None, config: LegacyConfig) -> None:
    write_texture(folder, None if painted is None else painted.texture)
    texture = clip.texture_code()
    for frame, picture in clip.pictures(clip.frames):
        result = dictionary_v4_of(clip.crop(frame, picture, texture), clip.parts, config.size, painted)
        result.pop("texture", None)  # it is the same in all frames and stands in texture.png
        write_atomically(folder / f"{frame}.npz", lambda partial, result=result: write_npz(partial, result))
        write_compared(folder, frame, _compared(result))
    end_results(folder, clip.frames.tolist())


def _compared(result: dict[str, Picture]) -> list[Picture]:
    """Picture, rendering over it, and the head alone."""
    alone = result.get("mesh_rendered", result["shape_rendered"])
    return [reduced(result["img"][0]), result["img_rendered"][0], alone[0]]
