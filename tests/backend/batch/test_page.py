"""The page about a batch."""

from __future__ import annotations

import base64
import io
import re
from pathlib import Path

from PIL import Image

from backend.batch.page import page_of
from backend.batch.people import Person
from backend.batch.shot import FaceResult, Record, Shot
from backend.contract.failure import Failure, Notice
from backend.contract.job import STAGES
from backend.report.sheet import CAPTION, GAP, TILE_HEIGHT, TILE_WIDTH, TITLE

SETTINGS = {kind: spec.settings() for kind, spec in STAGES.items()}
FIGURES = {
    "frames": {"total": 80, "tracked": 70, "model_does_not_fit": 3, "interpolated": 4, "missing": 6},
    "error_px": 0.234,
    "error_percent": 0.567,
    "flagged": [{"first_frame": k, "last_frame": k + 2, "label": "blurred"} for k in range(0, 60, 10)],
    "people": 2,
    "clip_seconds": 3.2,
}


def record(name: str = "anna", **values: object) -> Record:
    return Record(name, Shot(Path(f"/footage/{name}.mp4"), SETTINGS), **values)  # type: ignore[arg-type]


def test_a_shot_shows_its_figures_and_what_to_look_at(tmp_path: Path) -> None:
    face = FaceResult("anna", {"track": "anna/track.npz", "frames": "anna/export/frames"}, FIGURES)
    page = page_of(
        tmp_path, [record(state="done", seconds=75.0, peak_memory=900_000_000, starts=2, faces=[face])], 80, 2
    )
    for words in (
        "70 of 80",
        "6 missing, 4 interpolated, 3 where the model does not fit",
        "0.23 px",
        "0.57 %",
        "frames 0&ndash;2: blurred",
        "2 more in the report",
        "2 people in the clip; one is tracked",
        "1:15 min",
        "0.9 GB",
        "started twice",
        'href="anna/export/frames"',
        "up to 2 shots at once, 1.0 frames per second",
    ):
        assert words in page, words


def test_failures_stand_before_everything_else_with_a_link_to_their_row(tmp_path: Path) -> None:
    failed = record("notes & more", state="failed", failure=Failure("no", "It is a text <b>.", "Choose a video."))
    page = page_of(tmp_path, [record(state="skipped"), failed], 1.0, 1)
    assert page.index('class="failures"') < page.index("<table>")
    assert 'href="#shot-notes%20%26%20more"' in page and 'id="shot-notes%20%26%20more"' in page
    assert "It is a text &lt;b&gt;." in page and "<b>" not in page
    assert "no shot was tracked anew" in page
    assert page.index("Choose a video.") < page.index("<table>"), "what to do about it, too"


def test_in_a_narrow_window_every_figure_says_what_it_is(tmp_path: Path) -> None:
    done, waiting = record(state="done", seconds=2.0, faces=[FaceResult("anna", {}, FIGURES)]), record("ben")
    page = page_of(tmp_path, [done, waiting], 1.0, 1)
    cells = re.findall(r'<td class="([^"]*)" data-label="([^"]*)">', page)
    assert cells[:4] == [("frames", "Frames tracked"), ("number", "Error"), ("flags", "To look at"), ("number", "Time")]
    assert {name.split()[-1] for name, _ in cells[4:]} == {"none"}, "of a shot that waits there are no figures"


def test_people_are_listed_with_what_is_good_to_know(tmp_path: Path) -> None:
    both = [record("a"), record("b")]
    notice = Notice("identity-mean", "Anna's is the <mean>.", "Try again.")
    people = [Person("Anna & Co", both, "people/a.npz", "a", {"a": "1"}, [notice]), Person("Ben", both, "people/b.npz")]
    page = page_of(tmp_path, both, 1.0, 1, people=people)
    assert "Anna &amp; Co: one face shape in 2 shots, found from 1 shot." in page and "&lt;mean&gt;. Try again." in page
    assert "Ben" not in page, "nothing is known of him"


def test_the_picture_is_a_whole_frame_from_the_middle_of_the_sheet(tmp_path: Path) -> None:
    cell, row = 2 * TILE_WIDTH + 2, TILE_HEIGHT + CAPTION + GAP
    sheet = Image.new("RGB", (3 * cell + 4 * GAP, TITLE + 4 * row), "black")
    left, top = GAP + cell + GAP, TITLE + row
    sheet.paste((200, 30, 30), (left, top, left + cell, top + TILE_HEIGHT))
    sheet.save(tmp_path / "sheet.png")
    page = page_of(tmp_path, [record(state="done", faces=[FaceResult("anna", {"sheet": "sheet.png"})])], 1.0, 1)
    content = re.search(r"data:image/jpeg;base64,([^\"]+)", page)
    assert content is not None
    picture = Image.open(io.BytesIO(base64.b64decode(content[1])))
    assert picture.width == 320 and picture.getextrema()[0][0] > 180, "red to its edges"
    (tmp_path / "sheet.png").write_bytes(b"damaged")
    assert "no picture" in page_of(tmp_path, [record(faces=[FaceResult("anna", {"sheet": "sheet.png"})])], 1.0, 1)
