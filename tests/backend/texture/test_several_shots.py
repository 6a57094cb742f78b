"""Texture from several shots of a person: each with its own camera, light and exposure."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from synthetic_clips import LOOKS_AT_CAMERA, context, made_clip, made_landmarks
from textured_heads import as_fit

from backend.contract.camera import project, rotation_matrices
from backend.contract.corrections.corrections import ENTRY, Corrections, Matte
from backend.contract.failure import Failure
from backend.contract.options import SEPARATOR
from backend.contract.settings import TextureSettings, VideoSettings
from backend.contract.track import Track, write_track
from backend.data.types import TextureFiles, TrackFile, Video
from backend.head.builtin import builtin_head
from backend.raster.normals import vertex_normals
from backend.raster.rasterizer_numba import NumbaRasterizer
from backend.render.srgb import linear_from_srgb, srgb_from_linear
from backend.render.texture import texels
from backend.stages import texture as texture_stage
from backend.stages import track as track_stage
from backend.stages import video as video_stage
from backend.stages.appearance import parsing_files
from backend.texture.bake import Bake, TexelLayout, relit
from backend.texture.inpaint import Hints
from backend.texture.several_shots import ShotTexture, faded_out, scale_between, share_of

HEAD = builtin_head()
LIGHT = np.outer([0.9, 0.1, -0.15, -0.2, 0.0, 0.0, 0.0, 0.0, 0.0], [1.0, 0.97, 0.93])
LEFT, RIGHT = (-0.6, -0.45, -0.3), (0.3, 0.45, 0.6)
PLAIN, TINTED = (1.0, 1.0, 1.0), (0.6, 0.54, 0.45)
TINTED_LIGHT = LIGHT * TINTED


def painted(positions: np.ndarray) -> np.ndarray:
    """Colours (…, 3) of skin that differ from one side to the other."""
    x, y, z = (positions[..., axis] for axis in range(3))
    waves = np.sin(90 * x + 60 * y) + np.sin(70 * y + 40 * z) + np.sin(80 * x - 90 * z)
    return np.array([0.45, 0.3, 0.22]) * (1 + 0.1 * waves[..., None])


def layout_of(size: int) -> TexelLayout:
    return TexelLayout(texels(HEAD.uv, HEAD.uv_faces, size), HEAD.faces.astype(np.int32))


def film(folder: Path, yaws: tuple[float, ...], light: np.ndarray) -> TrackFile:
    """A shot of the painted head turned by some angles, as stills, and its track beside them."""
    folder.mkdir(parents=True)
    clip = made_clip(len(yaws), yaw=0.0)
    rotation = LOOKS_AT_CAMERA @ rotation_matrices(np.array([[0.0, yaw, 0.0] for yaw in yaws]))
    clip = replace(clip, rotation=rotation)
    corners = clip.vertices[:, HEAD.faces[HEAD.landmarks.triangle]]
    positions = np.einsum("nk,tnkc->tnc", HEAD.landmarks.barycentric, corners)
    pixels = project(positions @ np.swapaxes(rotation, 1, 2) + clip.translation[:, None], clip.intrinsics)
    clip = replace(clip, landmarks=made_landmarks(pixels, clip.landmarks.time))
    layout = layout_of(512)
    texture = painted(layout.raster.interpolate(HEAD.template, HEAD.faces)).astype(np.float32)
    for frame in range(len(yaws)):
        vertices = clip.in_camera(clip.vertices[frame], frame)
        raster = NumbaRasterizer(threads=1).rasterize(vertices, layout.faces, clip.intrinsics)
        normals = vertex_normals(vertices, layout.faces)
        picture = relit(texture, raster, HEAD.uv[HEAD.uv_faces], normals, layout.faces, light)
        Image.fromarray(srgb_from_linear(picture)).save(folder / f"{frame:04d}.png")
    video = opened(folder)
    track = track_stage.track_of(as_fit(clip, np.zeros(3)), clip.head, context(folder))
    about = {**track.header["video"], "name": "0000.png", "path": "0000.png", "sha256": video.sha256, "codec": "png"}
    track = replace(track, header={**track.header, "video": about})
    assert write_track(folder / "track.npz", track) is None
    return TrackFile(folder / "track.npz", track)


def opened(folder: Path) -> Video:
    video = video_stage.run(VideoSettings(path=str(folder / "0000.png")), context(folder))
    assert isinstance(video, Video)
    return video


@pytest.fixture(scope="module")
def shots(tmp_path_factory: pytest.TempPathFactory) -> dict[str, TrackFile]:
    """Three shots: from the left, from the right, and that again in dimmer and warmer light."""
    folder = tmp_path_factory.mktemp("shots")
    kinds = {"left": (LEFT, LIGHT), "right": (RIGHT, LIGHT), "evening": (RIGHT, TINTED_LIGHT)}
    return {name: film(folder / name, yaws, light) for name, (yaws, light) in kinds.items()}


def settings_with(*others: TrackFile | Path) -> TextureSettings:
    paths = (other.path if isinstance(other, TrackFile) else other for other in others)
    return TextureSettings(tracks=SEPARATOR.join(map(str, paths)))


def baked(shot: TrackFile, folder: Path, *others: TrackFile) -> tuple[dict, np.ndarray, list[str]]:
    """The facts, the texture in linear light, and the codes of the notices."""
    folder.mkdir(exist_ok=True)
    codes: list[str] = []
    listening = replace(context(folder), emit=lambda event: codes.append(event.get("code", "")))
    settings = replace(settings_with(*others), path=str(folder / "texture.png"))
    done = texture_stage.run(shot, opened(shot.path.parent), settings, listening)
    assert isinstance(done, TextureFiles)
    with Image.open(done.files["texture"]) as picture:
        return dict(done.facts), linear_from_srgb(np.asarray(picture)), [code for code in codes if code]


def on_face(size: int) -> np.ndarray:
    """Texels of the face's skin (S, S)."""
    skin = np.zeros(HEAD.vertex_count, dtype=bool)
    skin[HEAD.regions["face"]] = True
    for name, vertices in HEAD.regions.items():
        if any(part in name for part in ("lip", "eye", "mouth")):
            skin[vertices] = False
    raster = layout_of(size).raster
    return (raster.ids >= 0) & skin[HEAD.faces].all(axis=1)[raster.ids]


def error(texture: np.ndarray) -> float:
    """The mean relative error of the face's colours, but for one factor in each channel."""
    there = on_face(len(texture))
    truth = painted(layout_of(len(texture)).raster.interpolate(HEAD.template, HEAD.faces))[there]
    ratio = np.log(texture[there] + 1e-4) - np.log(truth)
    return float(np.abs(ratio - np.median(ratio, axis=0)).mean())


def test_the_side_that_only_another_shot_shows_is_filmed_skin(shots, tmp_path: Path):
    alone, one, _ = baked(shots["left"], tmp_path / "alone")
    together, both, notices = baked(shots["left"], tmp_path / "both", shots["right"])
    assert together["seen"] > alone["seen"] + 0.1
    assert error(both) < 0.6 * error(one)
    assert notices == []
    assert "shots" not in alone
    own, other = together["shots"]
    assert other["track"].endswith("track.npz") and other["frames"] == len(RIGHT)
    assert own["share"] + other["share"] == pytest.approx(1, abs=1e-3)
    assert 0.3 < other["share"] < 0.7


def test_a_shot_in_other_light_gives_the_same_colours(shots, tmp_path: Path):
    _, plain, _ = baked(shots["left"], tmp_path / "plain", shots["right"])
    facts, tinted, _ = baked(shots["left"], tmp_path / "tinted", shots["evening"])
    there = on_face(len(plain))
    ratio = np.exp(np.median(np.log(tinted[there]) - np.log(plain[there]), axis=0))
    np.testing.assert_allclose(ratio, 1, atol=0.01)
    assert facts["shots"][1]["scale"][2] > 1.1 * facts["shots"][1]["scale"][0]


def test_the_cache_looks_at_other_shots_and_at_nothing_more_without_them(shots, tmp_path: Path):
    assert list(texture_stage.files(TextureSettings(), tmp_path)) == list(parsing_files(None, tmp_path))
    folder = shots["right"].path.parent
    stills = [folder / f"{number:04d}.png" for number in range(len(RIGHT))]
    assert set(texture_stage.files(settings_with(shots["right"]), tmp_path)) == {folder / "track.npz", *stills}


def test_what_a_shot_leaves_out_of_its_footage_stays_out(shots, tmp_path: Path):
    matte = tmp_path / "matte.png"
    with Image.open(shots["right"].path.parent / "0000.png") as picture:
        Image.new("L", picture.size, 0).save(matte)  # nothing counts
    header = {ENTRY: Corrections(matte=Matte(str(matte))).to_plain()}
    shot = shots["right"]
    other = changed(TrackFile(shot.path, replace(shot.track, header={**shot.track.header, **header})), tmp_path)
    assert matte in list(texture_stage.files(settings_with(other), tmp_path))
    facts, _, notices = baked(shots["left"], tmp_path / "out", other)
    assert "texture-shot-left-out" in notices
    assert len(facts["shots"]) == 1


def test_a_shot_whose_footage_is_gone_stops_before_any_work(shots, tmp_path: Path):
    moved = tmp_path / "track.npz"
    moved.write_bytes(shots["right"].path.read_bytes())
    problem = texture_stage.check(settings_with(shots["right"], moved))
    assert problem is not None and problem.code == "texture-shot-without-footage"
    assert "0000.png" in problem.sentence
    assert texture_stage.check(settings_with(shots["right"])) is None
    missing = texture_stage.check(settings_with(tmp_path / "none.npz"))
    assert missing is not None and missing.code == "track-not-found"


def changed(shot: TrackFile, folder: Path, **changes: np.ndarray) -> TrackFile:
    """The shot with other arrays in its track, its footage where it is."""
    track: Track = replace(shot.track, **changes)
    about = {**track.header["video"], "path": str(shot.path.parent / "0000.png")}
    track = replace(track, header={**track.header, "video": about})
    assert write_track(folder / "other.npz", track) is None
    return TrackFile(folder / "other.npz", track)


def test_a_shot_of_another_head_model_is_refused(shots, tmp_path: Path):
    other = changed(shots["right"], tmp_path, uv=shots["right"].track.uv[:, ::-1])
    failed = texture_stage.run(
        shots["left"], opened(shots["left"].path.parent), settings_with(other), context(tmp_path)
    )
    assert isinstance(failed, Failure) and failed.code == "texture-other-model"


def test_a_shot_with_another_identity_is_taken_with_a_word(shots, tmp_path: Path):
    wider = shots["right"].track.neutral_vertices * np.array([1.1, 1.0, 1.0], dtype=np.float32)
    other = changed(shots["right"], tmp_path, neutral_vertices=wider)
    facts, _, notices = baked(shots["left"], tmp_path / "out", other)
    assert notices == ["texture-other-identity"]
    assert len(facts["shots"]) == 2


def test_a_shot_that_shows_nobody_is_left_out_with_a_word(shots, tmp_path: Path):
    nobody = changed(shots["right"], tmp_path, status=np.zeros_like(shots["right"].track.status))
    _, alone, _ = baked(shots["left"], tmp_path / "alone")
    facts, texture, notices = baked(shots["left"], tmp_path / "out", nobody)
    assert notices == ["texture-shot-left-out"]
    assert len(facts["shots"]) == 1
    np.testing.assert_array_equal(texture, alone)


def half_seen(colour: float, half: slice) -> Bake:
    """A bake of one colour, of which some rows were seen."""
    bake = Bake.empty(128)
    bake.colour[half], bake.weight[half], bake.best[half] = 2 * colour, 2.0, 1.0
    return bake


def test_scales_are_compared_where_both_shots_show_skin_and_nowhere_else():
    layout = layout_of(128)
    first = half_seen(0.4, slice(0, 80))
    scale = scale_between(first, half_seen(0.2, slice(40, 128)), layout)
    assert scale is not None
    np.testing.assert_allclose(scale, 2, rtol=1e-4)
    assert scale_between(first, half_seen(0.2, slice(81, 128)), layout) is None


def test_shares_count_what_any_shot_shows():
    first, other = half_seen(0.4, slice(0, 64)), half_seen(0.4, slice(0, 96))
    both = Bake(first.colour + other.colour, first.weight + other.weight, other.best)
    everywhere = np.ones((128, 128), dtype=bool)
    assert share_of(first, both, everywhere) == pytest.approx(0.5 * 64 / 96)
    assert share_of(other, both, everywhere) == pytest.approx(1 - 0.5 * 64 / 96)


def test_a_shot_fades_out_towards_the_edge_of_what_it_shows():
    hints = Hints(np.zeros((1, 3)), np.zeros(1), None)
    bake = half_seen(0.4, slice(0, 64))
    bake.weight[60, ::2] = 0.2  # seen by few frames, by chance
    bake.colour[60] = 0.4 * bake.weight[60, :, None]
    faded = faded_out(ShotTexture(bake, hints)).bake
    np.testing.assert_allclose(faded.weight[:50], 2.0, rtol=0.01)
    assert (faded.weight[63] < 0.6).all()
    assert (faded.weight[64:] == 0).all()
    assert np.ptp(faded.weight[60]) < 0.1
    np.testing.assert_allclose(faded.mean(), bake.mean(), rtol=1e-4)
    np.testing.assert_array_equal(faded.best, bake.best)
