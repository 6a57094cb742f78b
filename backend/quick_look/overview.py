"""Overview of a video before it is tracked: its facts, its people, their pictures."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..contract.atomic import Writer
from ..contract.failure import Failure
from ..contract.settings import VideoSettings
from ..data.context import Context
from ..data.types import Video
from ..landmarks.networks import find_networks
from ..system.pictures import write_picture
from ..system.writable import writable_problem
from ..video.opening import open_video
from .people import FaceFinder, SampleFrame, Sighting, people_in
from .sample import SAMPLES, sample


@dataclass(frozen=True)
class Overview:
    """What a video is and who is in it; fields as in the ``done`` event of ``look`` (`contract.events`)."""

    video: dict[str, Any]
    faces: tuple[dict[str, Any], ...]
    files: dict[str, Path]


def overview_of(settings: VideoSettings, folder: Path, context: Context) -> Overview | Failure:
    """Return what a video is, its thumbnails written into a folder; the failures are those of tracking."""
    problem = writable_problem(folder)
    if problem is not None:
        return problem
    files = find_networks("", context.models)
    if isinstance(files, Failure):
        return files
    video = open_video(settings, context, hashed=False)
    if isinstance(video, Failure):
        return video
    finder = FaceFinder(files)
    samples: list[SampleFrame] = []
    for position, picture in sample(video):
        context.check()
        samples.append(finder.find(position, picture))
        context.progress(len(samples), max(min(len(video), SAMPLES), len(samples)))
    if not samples:
        return Failure(
            "video-unreadable",
            f"No frame of {video.path.name} can be decoded.",
            "The file is damaged; copy it again, or convert it to MP4 with H.264.",
        )
    samples.sort(key=lambda frame: frame.position)
    return _written(video, samples, folder, context.targets.write)


def _written(video: Video, samples: list[SampleFrame], folder: Path, write: Writer) -> Overview:
    folder.mkdir(parents=True, exist_ok=True)
    people = people_in(samples, len(video))
    shown = _with_most_faces(samples)
    files = {"thumbnail": folder / "thumbnail.png"}
    write_picture(files["thumbnail"], shown.thumbnail, write)
    faces = []
    for number, person in enumerate(people):
        best = max(person, key=lambda sighting: sighting.quality)
        path = files[f"face_{number}"] = folder / f"face_{number}.png"
        write_picture(path, best.picture, write)
        faces.append(_face(video, number, person, best, len(samples), path))
    return Overview(_video_facts(video, shown), tuple(faces), files)


def _with_most_faces(samples: list[SampleFrame]) -> SampleFrame:
    """The picture with the most faces, of several the one nearest to the middle."""
    middle = (len(samples) - 1) / 2
    return max(enumerate(samples), key=lambda item: (len(item[1].faces), -abs(item[0] - middle)))[1]


def _video_facts(video: Video, shown: SampleFrame) -> dict[str, Any]:
    focal = video.metadata.get("focal_length_35mm")
    return {
        "name": video.path.name,
        "width": video.width,
        "height": video.height,
        "rate": round(float(video.rate), 6),
        "frames": len(video),
        "duration": round(video.duration, 6),
        "first_frame": int(video.frame_index[0]),
        "codec": video.codec,
        "focal_length_35mm": float(focal) if isinstance(focal, (int, float)) else None,
        "thumbnail_frame": int(video.frame_index[shown.position]),
    }


def _face(
    video: Video, number: int, person: list[Sighting], best: Sighting, sampled: int, path: Path
) -> dict[str, Any]:
    left, top, right, bottom = (best.box + 0.5) / [video.width, video.height, video.width, video.height]
    centre = (best.face.points[:, :2].mean(axis=0) + 0.5) / [video.width, video.height]
    return {
        "number": number,
        "box": [round(float(share), 4) for share in (left, top, right - left, bottom - top)],
        "share": round(len(person) / sampled, 3),
        "frame": int(video.frame_index[best.frame.position]),
        "point": [round(float(min(max(share, 0.0), 1.0)), 4) for share in centre],
        "picture": str(path),
    }
