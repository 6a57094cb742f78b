"""Stage Texture: the colour of the head from all that the footage shows of it, without the footage's light."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from ..contract.checks import is_object, parse_json
from ..contract.failure import Failure
from ..contract.marks import ENTRY
from ..contract.outputs import TEXTURE, texture_files
from ..contract.settings import TextureSettings
from ..contract.track import read_parts
from ..corrections.source import corrections_in, matte_files
from ..data.context import Context
from ..data.stage_code import StageCode, shortened
from ..data.types import TextureFiles, TrackFile, Video
from ..system.writable import writable_problem
from ..texture.other_shots import Shot, opened_shot, shot_files, shot_problem, track_files
from .appearance import parsing_files

if TYPE_CHECKING:
    from ..video.excluded_pixels import ExcludedPixels


def check(settings: TextureSettings) -> Failure | None:
    """Refuse a folder that cannot be written to, and other shots that are not there, before any work is done."""
    problem = writable_problem(Path(settings.path).expanduser().parent) if settings.path else None
    return problem or next(filter(None, map(shot_problem, track_files(settings.tracks))), None)


def files(settings: TextureSettings, models: Path) -> Iterable[Path]:
    """The network that tells what hides the skin, and the tracks, footage and mattes of other shots."""
    paths = track_files(settings.tracks)
    return [*parsing_files(settings, models), *(file for path in paths for file in (*shot_files(path), *_mattes(path)))]


def _mattes(path: Path) -> Iterable[Path]:
    """Return the files of the matte that a track was made with."""
    parts = read_parts(path, ())
    corrections = parts if isinstance(parts, Failure) else corrections_in(parts[0], path.parent)
    return [] if isinstance(corrections, Failure) else matte_files(corrections.matte)


def load(files: Mapping[str, Path]) -> TextureFiles | Failure:
    """Return what an earlier run wrote."""
    try:
        facts = parse_json(files["light"].read_bytes(), is_object)
    except OSError as error:
        return Failure("texture-unreadable", f"{files['light']} cannot be read: {error}.", "Bake the texture again.")
    if facts is None:
        return Failure("texture-unreadable", f"{files['light']} is damaged.", "Bake the texture again.")
    # The mark belongs to the file alone: read again, the facts are what the stage found.
    return TextureFiles(dict(files), {name: value for name, value in facts.items() if name != ENTRY})


def run(track: TrackFile, video: Video, settings: TextureSettings, context: Context) -> TextureFiles | Failure:
    """Bake the texture and write it beside the track, with the light in a JSON file; see `texture.clip_texture`."""
    from PIL import Image

    from ..texture.clip_texture import clip_texture

    path = Path(settings.path).expanduser().absolute() if settings.path else track.path.parent / TEXTURE
    problem = writable_problem(path.parent)
    if problem is not None:
        return problem
    straight = video.through(track.track.curved)
    hidden = _hidden(track, straight, context)
    if isinstance(hidden, Failure):
        return hidden
    others = _other_shots(track, path.parent, settings, context)
    if isinstance(others, Failure):
        return others
    result = clip_texture(track.track, straight, settings, context, hidden, others)
    if isinstance(result, Failure):
        return result
    context.targets.write(path, lambda partial: Image.fromarray(result.picture).save(partial))
    path, light_file = texture_files(path)
    text = json.dumps(result.facts, indent=1, allow_nan=False)
    context.targets.write(light_file, lambda partial: partial.write_text(text, "utf-8"))
    return TextureFiles({"texture": path, "light": light_file}, result.facts)


def _hidden(track: TrackFile, video: Video, context: Context) -> ExcludedPixels | Failure | None:
    """Return what a track's corrections exclude of its footage."""
    from ..video.excluded_pixels import excluded_pixels

    corrections = corrections_in(track.track.header, track.path.parent)
    return corrections if isinstance(corrections, Failure) else excluded_pixels(corrections, video, context)


def _other_shots(track: TrackFile, folder: Path, settings: TextureSettings, context: Context) -> list[Shot] | Failure:
    """Return the other shots that the settings name, opened."""
    shots = []
    for path in track_files(settings.tracks):
        shot = opened_shot(path, track.track, folder, context)
        if isinstance(shot, Failure):
            return shot
        hidden = _hidden(TrackFile(path, shot.track), shot.video, context)
        if isinstance(hidden, Failure):
            return hidden
        shots.append(replace(shot, hidden=hidden))
    return shots


_LIKENESS: Final = (
    (31.0, "very close match"),
    (27.0, "close match"),
    (23.0, "rough match"),
    (-math.inf, "poor match"),
)
"""Least PSNR in dB, and how such a head matches the footage."""


def summary(output: TextureFiles, _settings: TextureSettings) -> str:
    """Its size, how much of the head was seen, and how like the film it is."""
    facts = output.facts
    return shortened(f"{facts['size']} px, {100 * facts['seen']:.0f} % seen, {likeness_words(facts['psnr'])}")


def likeness_words(psnr: float) -> str:
    """Return in words how like the footage the textured head is; the numbers stand in the file of its light.

    Args:
        psnr: Peak signal-to-noise ratio over the face in dB. Measured on clips that look alike to a person: 31 to 37.
    """
    return next(words for least, words in _LIKENESS if psnr >= least)


CODE: Final = StageCode(
    run,
    keep="files",
    files=files,
    check=check,
    load=load,
    summary=summary,
)
