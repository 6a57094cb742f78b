"""The page batch.html: every shot with a picture, its error, what to look at, and links to its files.

One file without scripts; pictures are in it, links are relative, so that it moves with the folder of the batch.
"""

from __future__ import annotations

import html
import time
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

from .. import __version__
from ..contract.batch_files import PAGE
from ..contract.failure import Notice
from ..contract.targets import Targets
from .people import Person
from .plan import Plan
from .shot import DONE, FAILED, RUNNING, SKIPPED, WAITING, FaceResult, Record
from .style import STYLE
from .thumbnails import picture_of, thumbnail_of

_STATE_WORDS: Final = {
    DONE: "done",
    SKIPPED: "done earlier",
    FAILED: "failed",
    RUNNING: "at work",
    WAITING: "waiting",
}
_LINKS: Final = (
    ("track", "track"),
    ("overlay", "overlay"),
    ("plot", "curves"),
    ("report", "report"),
    ("sheet", "sheet"),
    ("job", "job"),
)
"""Name of an artefact -> the word for it on the page; artefacts of other names are linked by their names."""

NOTHING: Final = "&ndash;"
"""Stands where there is no figure."""

_MOST_FLAGS: Final = 4
"""Ranges of frames that the page names; the report names all."""


def write_page(folder: Path, plan: Plan, seconds: float, workers: int, targets: Targets, end: str = "") -> Path:
    """Write the page about a batch into its folder (`TargetRefused`, OSError); arguments as of `page_of`."""
    text = page_of(folder, plan.records, seconds, workers, end, plan.people)
    return targets.write(folder / PAGE, lambda partial: partial.write_text(text, "utf-8", errors="replace"))


def page_of(
    folder: Path,
    records: Sequence[Record],
    seconds: float,
    workers: int,
    end: str = "",
    people: Sequence[Person] = (),
) -> str:
    """Return the page as HTML.

    Args:
        folder: Of the batch.
        records: All shots.
        seconds: That this run of the batch took.
        workers: Shots that were at work at once.
        end: Why it is not through all of them, a sentence; empty where it is.
        people: Who is named in several shots.
    """
    title = f"{folder.name}: {_shots(len(records))}"
    rows = "\n".join(row for record in records for row in _rows(record, folder))
    return f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="generator" content="FLAME Head Tracker {__version__}">
<title>{_escaped(title)}</title>
<style>
{STYLE}
</style>
</head>
<body>
<header>
<h1>{_escaped(title)}</h1>
<p class="counts">{_counts(records)}</p>
<p class="quiet">{_escaped(_about(records, seconds, workers))}</p>
</header>
{_end(end)}{_failed_list(records)}{_people_list(people)}<table>
<thead><tr><th></th><th>Shot</th><th>Frames tracked</th><th>Error</th><th>To look at</th><th>Time</th></tr></thead>
<tbody>
{rows}
</tbody>
</table>
<footer class="quiet">
<p>Error: median distance between landmarks and head in the picture, in pixels and in percent of the distance between
the eyes. Times of shots that were worked on at once overlap.</p>
</footer>
</body>
</html>
"""


def _rows(record: Record, folder: Path) -> Iterable[str]:
    """Return a row of the table for a shot, or one for each of its faces."""
    faces = record.faces or [FaceResult(record.name, {})]
    several = len(faces) > 1
    for number, face in enumerate(faces):
        identity = f' id="{_anchor(record)}"' if number == 0 else ""
        title = f"{record.name}, {Path(face.folder).name}" if several else record.name
        cells = [
            ("picture", "", _picture(record, face, folder, title)),
            ("shot", "", _about_shot(record, face, title, first=number == 0)),
            ("frames", "Frames tracked", _frames(face.figures)),
            ("number", "Error", _error(face.figures)),
            ("flags", "To look at", _flags(face.figures, record.shot.all_faces)),
            ("number", "Time", _time(record) if number == 0 else ""),
        ]
        content = "".join(_cell(*cell) for cell in cells)
        yield f'<tr{identity} class="{_escaped(record.state)}">{content}</tr>'


def _cell(name: str, heading: str, text: str) -> str:
    """Return a cell; in a narrow window, where the table has no head, it says its heading itself."""
    if text == NOTHING:
        name = f"{name} none"
    label = f' data-label="{heading}"' if heading and text else ""
    return f'<td class="{name}"{label}>{text}</td>'


def _picture(record: Record, face: FaceResult, folder: Path, title: str) -> str:
    file = picture_of(record, face)
    address = thumbnail_of(folder, file) if file else ""
    if not address:
        return '<div class="empty">no picture</div>'
    how = "as filmed and with the head over it" if face.artefacts else "as filmed"
    picture = f'<img src="{address}" alt="{_escaped(f"{title}: a frame, {how}")}" loading="lazy">'
    target = face.artefacts.get("overlay") or file
    return f'<a href="{_link(target)}">{picture}</a>'


def _about_shot(record: Record, face: FaceResult, title: str, first: bool) -> str:
    state = _STATE_WORDS.get(record.state, record.state)
    parts = [f'<h2>{_escaped(title)} <span class="state">{_escaped(state)}</span></h2>']
    parts.append(f'<p class="quiet">{_escaped(record.shot.input.name)}{_settings(record)}</p>')
    if record.shot.person and first:
        shape = f", face shape from {record.identity}" if record.identity else ""
        parts.append(f'<p class="quiet">{_escaped(record.shot.person + shape)}</p>')
    if record.failure is not None and first:
        parts.append(f'<p class="failure">{_escaped(record.failure.sentence)} {_escaped(record.failure.advice)}</p>')
    links = [_anchor_link(word, face.artefacts[name]) for name, word in _LINKS if name in face.artefacts]
    others = sorted(set(face.artefacts) - {name for name, _ in _LINKS})
    links += [_anchor_link(name.replace("_", " "), face.artefacts[name]) for name in others]
    if record.log and first:
        links.append(_anchor_link("log", record.log))
    if links:
        parts.append(f'<p class="links">{" ".join(links)}</p>')
    if first and record.notices:
        notes = "".join(f"<li>{_escaped(notice.sentence)} {_escaped(notice.advice)}</li>" for notice in record.notices)
        count = "1 note" if len(record.notices) == 1 else f"{len(record.notices)} notes"
        parts.append(f"<details><summary>{count}</summary><ul>{notes}</ul></details>")
    return "".join(parts)


def _settings(record: Record) -> str:
    """Return in words which settings of a shot are not the usual ones."""
    words = [
        _setting(name.replace("_", " "), value)
        for values in record.shot.changed_settings.values()
        for name, value in values.items()
    ]
    return _escaped(" · " + ", ".join(words)) if words else ""


def _setting(name: str, value: Any) -> str:
    if isinstance(value, bool):
        return name if value else f"no {name}"
    return f"{name} {value}"


def _frames(figures: Mapping[str, Any]) -> str:
    frames = figures.get("frames")
    if not frames:
        return NOTHING
    total = max(1, frames["total"])
    share = 100 * frames["tracked"] / total
    bar = f'<div class="bar"><div style="width:{share:.0f}%"></div></div>'
    lacks = [
        f"{frames[name]} {words}"
        for name, words in (
            ("missing", "missing"),
            ("interpolated", "interpolated"),
            ("model_does_not_fit", "where the model does not fit"),
        )
        if frames.get(name)
    ]
    return f"{frames['tracked']} of {frames['total']}{bar}" + (
        f'<p class="warning">{_escaped(", ".join(lacks))}</p>' if lacks else ""
    )


def _error(figures: Mapping[str, Any]) -> str:
    if figures.get("error_px") is None:
        return NOTHING
    percent = figures.get("error_percent")
    words = f"{figures['error_px']:.2f} px"
    return words + (f"<br><span class='quiet'>{percent:.2f} %</span>" if percent is not None else "")


def _flags(figures: Mapping[str, Any], all_faces: bool) -> str:
    if not figures:
        return NOTHING
    flags, items = figures["flagged"], []
    for flag in flags[:_MOST_FLAGS]:
        first, last = flag["first_frame"], flag["last_frame"]
        frames = f"frame {first}" if first == last else f"frames {first}&ndash;{last}"
        items.append(f"<li>{frames}: {_escaped(flag['label'])}</li>")
    if len(flags) > _MOST_FLAGS:
        items.append(f"<li>{len(flags) - _MOST_FLAGS} more in the report</li>")
    if figures["people"] > 1:
        tracked = "" if all_faces else "; one is tracked (--all-faces: everyone)"
        items.append(f"<li>{figures['people']} people in the clip{tracked}</li>")
    return f"<ul>{''.join(items)}</ul>" if items else '<span class="quiet">nothing</span>'


def _time(record: Record) -> str:
    memory = f"<br><span class='quiet'>{record.peak_memory / 1e9:.1f} GB</span>" if record.peak_memory else ""
    again = "<br><span class='warning'>started twice</span>" if record.starts > max(1, len(record.faces)) else ""
    return f"{_clock(record.seconds)}{memory}{again}" if record.seconds else NOTHING


def _end(sentence: str) -> str:
    return f'<p class="warning">{_escaped(sentence)}</p>\n' if sentence else ""


def _failed_list(records: Sequence[Record]) -> str:
    """Return the failed shots, their reasons and what to do, to read before everything else."""
    failed = [record for record in records if record.failure is not None]
    if not failed:
        return ""
    items = "".join(
        f'<li><a href="#{_anchor(record)}">{_escaped(record.name)}</a>: {_escaped(record.failure.sentence)}'
        f' <span class="quiet">{_escaped(record.failure.advice)}</span></li>'
        for record in failed
        if record.failure is not None
    )
    return f'<section class="failures"><h2>Failed</h2><ul>{items}</ul></section>\n'


def _people_list(people: Sequence[Person]) -> str:
    """Return who has one face shape in several shots, and what is good to know of it."""
    items = "".join(
        f"<li>{_escaped(person.name)}: one face shape in {_shots(len(person.records))},"
        f" found from {_shots(len(person.made_of))}.{''.join(map(_note, person.notices))}</li>"
        for person in people
        if person.source
    )
    return f'<section class="people"><h2>People</h2><ul>{items}</ul></section>\n' if items else ""


def _note(notice: Notice) -> str:
    return f'<br><span class="warning">{_escaped(notice.sentence)} {_escaped(notice.advice)}</span>'


def _counts(records: Sequence[Record]) -> str:
    states = [record.state for record in records]
    return " ".join(
        f'<span class="state {state}">{states.count(state)} {words}</span>'
        for state, words in _STATE_WORDS.items()
        if state in states
    )


def _about(records: Sequence[Record], seconds: float, workers: int) -> str:
    made = time.strftime("%Y-%m-%d %H:%M")
    fresh = [record for record in records if record.state == DONE]
    if not fresh and all(record.finished for record in records):
        return f"{made}, no shot was tracked anew"
    at_once = "one shot at a time" if workers == 1 else f"up to {workers} shots at once"
    words = f"{made}, {_clock(seconds)} with {at_once}"
    frames = sum(face.figures.get("frames", {}).get("total", 0) for record in fresh for face in record.faces)
    return words + (f", {frames / seconds:.1f} frames per second" if frames and seconds else "")


def _clock(seconds: float) -> str:
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d} h" if hours else f"{minutes}:{rest:02d} min"


def _shots(count: int) -> str:
    return "1 shot" if count == 1 else f"{count} shots"


def _anchor(record: Record) -> str:
    return quote(f"shot-{record.name}", safe="")


def _anchor_link(word: str, file: str) -> str:
    return f'<a href="{_link(file)}">{_escaped(word)}</a>'


def _link(file: str) -> str:
    """Return the address of a file in the folder of the batch; one outside of it keeps its whole path."""
    return quote(file) if not Path(file).is_absolute() else Path(file).as_uri()


def _escaped(text: str) -> str:
    return html.escape(text, quote=True)
