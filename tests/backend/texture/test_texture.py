"""Texture: light and colour of skin told apart, the bake, what is filled in, and the stage's files."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from synthetic_clips import context, made_clip
from textured_heads import as_fit

from backend.contract.camera import Intrinsics, axis_angles
from backend.contract.failure import Failure
from backend.contract.settings import TextureSettings, VideoSettings
from backend.contract.track import Track
from backend.data.types import TextureFiles, TrackFile, Video
from backend.head.builtin import builtin_head
from backend.raster.normals import vertex_normals
from backend.raster.rasterizer_numba import NumbaRasterizer
from backend.render.srgb import srgb_from_linear
from backend.render.texture import texels
from backend.stages import texture as texture_stage
from backend.stages import track as track_stage
from backend.stages import video as video_stage
from backend.texture.bake import ANYTHING, RATHER_SKIN, SKIN_ALONE, Bake, FramePicture, TexelLayout, add_frame, relit
from backend.texture.clip_texture import ClipTexture, clip_texture, texture_to_draw
from backend.texture.inpaint import inpaint_texture, part_masks
from backend.texture.metrics import psnr, ssim

HEAD = builtin_head()
LIGHT = np.outer([0.9, 0.25, -0.3, -0.25, 0.03, 0.0, 0.05, 0.0, 0.02], [1.0, 0.97, 0.93])


def painted(positions: np.ndarray) -> np.ndarray:
    """Colours (…, 3) of a head: the same on both sides, different from place to place, between 0.2 and 0.7."""
    x, y, z = np.abs(positions[..., 0]), positions[..., 1], positions[..., 2]
    waves = [np.sin(150 * x + 90 * y), np.sin(120 * y + 60 * z), np.sin(100 * x - 140 * z)]
    return 0.45 + 0.2 * np.stack(waves, axis=-1)


def on_texels(size: int) -> tuple[TexelLayout, np.ndarray]:
    """The layout of the head's texture and what is painted on it."""
    layout = TexelLayout(texels(HEAD.uv, HEAD.uv_faces, size), HEAD.faces.astype(np.int32))
    return layout, painted(layout.raster.interpolate(HEAD.template, HEAD.faces)).astype(np.float32)


def frame_of(yaw: float, gain: float = 1.0) -> tuple[np.ndarray, np.ndarray, Intrinsics]:
    """A picture of the painted, lit head, its vertices and its camera."""
    camera = Intrinsics.centred(420, 420, 1100)
    turn = np.array([[np.cos(yaw), 0, np.sin(yaw)], [0, 1, 0], [-np.sin(yaw), 0, np.cos(yaw)]])
    vertices = HEAD.template @ (np.diag([1.0, -1, -1]) @ turn).T + (0.0, 0.0, 0.75)
    layout, texture = on_texels(512)
    raster = NumbaRasterizer(threads=1).rasterize(vertices, layout.faces, camera)
    normals = vertex_normals(vertices, layout.faces)
    return relit(texture, raster, HEAD.uv[HEAD.uv_faces], normals, layout.faces, LIGHT * gain), vertices, camera


def bake_frame(
    bake: Bake, layout: TexelLayout, yaw: float, skin: float = 1.0, weight: float = 1.0, shows: int = SKIN_ALONE
) -> None:
    """Add a picture of the head to a bake."""
    picture, vertices, camera = frame_of(yaw)
    flat = np.ones(picture.shape[:2], np.float32)
    layout = replace(layout, shows=np.full(len(layout.faces), shows, dtype=np.int8))
    add_frame(bake, layout, FramePicture(picture, flat * skin, flat * weight, camera, vertices, LIGHT, 1.0))


def test_a_known_texture_is_baked_from_lit_pictures():
    layout, texture = on_texels(256)
    bake = Bake.empty(256)
    for yaw in (-0.5, 0.0, 0.5):
        bake_frame(bake, layout, yaw)
    face = np.zeros(HEAD.vertex_count, dtype=bool)
    face[HEAD.regions["face"]] = True
    visible = (bake.best > 0.3) & face[HEAD.faces].all(axis=1)[layout.raster.ids] & (layout.raster.ids >= 0)
    assert visible.mean() > 0.1
    assert np.median(np.abs(bake.mean()[visible] - texture[visible])) < 0.01


@pytest.mark.parametrize(
    ("shows", "weight", "best"), [(SKIN_ALONE, 0.1, 0.1), (RATHER_SKIN, 0.1, 1.0), (ANYTHING, 1.0, 1.0)]
)
def test_what_hides_the_skin_counts_as_little_as_it_is_unsure(shows: int, weight: float, best: float):
    layout, _ = on_texels(128)
    sure, unsure = Bake.empty(128), Bake.empty(128)
    bake_frame(sure, layout, 0.0)
    bake_frame(unsure, layout, 0.0, skin=0.1, shows=shows)
    np.testing.assert_allclose(unsure.weight, weight * sure.weight, atol=1e-6)
    np.testing.assert_allclose(unsure.best, best * sure.best, atol=1e-6)
    visible = sure.best > 0.01
    np.testing.assert_allclose(unsure.mean()[visible], sure.mean()[visible], atol=1e-3)


def test_blown_out_pixels_count_little_anywhere():
    layout, _ = on_texels(128)
    clear, dazzled = Bake.empty(128), Bake.empty(128)
    bake_frame(clear, layout, 0.0, shows=ANYTHING)
    bake_frame(dazzled, layout, 0.0, weight=0.1, shows=ANYTHING)
    np.testing.assert_allclose(dazzled.best, 0.1 * clear.best, atol=1e-6)


def test_nothing_is_taken_from_behind_the_nose():
    layout, _ = on_texels(256)
    bake = Bake.empty(256)
    bake_frame(bake, layout, 0.9)
    towards_left = layout.raster.interpolate(vertex_normals(HEAD.template, HEAD.faces), HEAD.faces)[..., 0]
    hidden = (layout.raster.ids >= 0) & (towards_left < -0.9)
    shown = (layout.raster.ids >= 0) & (towards_left > 0.9)
    assert min(bake.best[hidden].mean(), bake.best[shown].mean()) < 1e-3
    assert max(bake.best[hidden].mean(), bake.best[shown].mean()) > 0.1


def test_the_unseen_half_comes_from_the_other_side_and_nothing_stays_empty():
    layout, texture = on_texels(256)
    position = layout.raster.interpolate(HEAD.template, HEAD.faces)
    left = ((layout.raster.ids >= 0) & (position[..., 0] > 0.0) & (position[..., 2] > 0)).astype(np.float32)
    corner_uv = HEAD.uv[HEAD.uv_faces]
    filled = inpaint_texture(
        texture * left[..., None], left, layout.raster, layout.faces, HEAD.template, corner_uv, HEAD.regions
    )
    right = (layout.raster.ids >= 0) & (position[..., 0] < -0.01) & (position[..., 2] > 0.005)
    for mask in part_masks(layout.raster, layout.faces, HEAD.regions).values():
        right &= ~mask
    assert np.median(np.abs(filled[right] - texture[right])) < 0.02
    inside = layout.raster.ids >= 0
    assert (filled[inside].sum(axis=1) > 0.02).all()
    assert np.isfinite(filled).all()


SKIN_COLOUR, SHIRT, HAIR = (0.45, 0.26, 0.18), (0.05, 0.08, 0.3), (0.05, 0.03, 0.02)


def filled(
    colours: dict[str, tuple[float, float, float]],
    visible: tuple[str, ...],
    regions: Mapping[str, np.ndarray] = HEAD.regions,
) -> tuple[np.ndarray, TexelLayout]:
    """A texture completed from plain skin with some regions of another colour, of which some regions were seen."""
    layout, _ = on_texels(256)
    values, weights = np.tile(SKIN_COLOUR, (HEAD.vertex_count, 1)), np.zeros(HEAD.vertex_count)
    for name, colour in colours.items():
        values[regions[name]] = colour
    for name in visible:
        weights[regions[name]] = 1
    colour, best = (layout.raster.interpolate(v, layout.faces).astype(np.float32) for v in (values, weights[:, None]))
    corner_uv = HEAD.uv[HEAD.uv_faces]
    return inpaint_texture(colour, best[..., 0], layout.raster, layout.faces, HEAD.template, corner_uv, regions), layout


def middle_of(texture: np.ndarray, layout: TexelLayout, name: str) -> np.ndarray:
    """The middle colour of a region."""
    inside = np.zeros(HEAD.vertex_count, dtype=bool)
    inside[HEAD.regions[name]] = True
    return np.median(texture[(layout.raster.ids >= 0) & inside[HEAD.faces].all(axis=1)[layout.raster.ids]], axis=0)


def test_a_collar_is_not_painted_on_the_neck():
    texture, layout = filled({"neck": SHIRT}, ("face", "neck"))
    np.testing.assert_allclose(middle_of(texture, layout, "neck"), SKIN_COLOUR, rtol=0.15)


def test_hair_grows_on_over_the_scalp_and_not_over_the_ears():
    scalp = HEAD.regions["scalp"]
    front = scalp[HEAD.template[scalp, 2] > np.quantile(HEAD.template[scalp, 2], 0.75)]
    texture, layout = filled({"front": HAIR}, ("face", "front"), {**HEAD.regions, "front": front})
    assert middle_of(texture, layout, "scalp").max() < 0.2
    np.testing.assert_allclose(middle_of(texture, layout, "left_ear"), SKIN_COLOUR, rtol=0.3)


def test_teeth_that_nobody_saw_are_no_skin():
    texture, layout = filled({}, ("face",))
    red, _, blue = middle_of(texture, layout, "teeth")
    assert blue > 0.6 * red
    assert middle_of(texture, layout, "mouth_inside").max() < 0.45


def test_likeness_of_a_picture_with_itself_and_with_noise():
    random = np.random.default_rng(1)
    picture = random.integers(40, 200, size=(60, 60, 3)).astype(np.uint8)
    noisy = np.clip(picture + random.normal(scale=5, size=picture.shape), 0, 255).astype(np.uint8)
    mask = np.ones((60, 60), dtype=bool)
    assert ssim(picture, picture, mask) == pytest.approx(1)
    assert psnr(picture, noisy, mask) == pytest.approx(20 * np.log10(255 / 5), abs=0.3)
    assert ssim(picture, noisy, mask) < 0.999


@pytest.fixture(scope="module")
def filmed(tmp_path_factory: pytest.TempPathFactory) -> tuple[Track, Video]:
    """A short film of the painted head, as stills, and its track."""
    folder = tmp_path_factory.mktemp("film")
    clip = made_clip(4, yaw=0.4)
    layout, texture = on_texels(512)
    for frame in range(4):
        vertices = clip.in_camera(clip.vertices[frame], frame)
        raster = NumbaRasterizer(threads=1).rasterize(vertices, layout.faces, clip.intrinsics)
        normals = vertex_normals(vertices, layout.faces)
        picture = relit(texture, raster, HEAD.uv[HEAD.uv_faces], normals, layout.faces, LIGHT)
        Image.fromarray(srgb_from_linear(picture)).save(folder / f"{frame:04d}.png")
    track = track_stage.track_of(as_fit(clip, np.zeros(3)), clip.head, context(folder))
    np.testing.assert_allclose(track.head_rotation, axis_angles(clip.rotation), atol=1e-9)
    video = video_stage.run(VideoSettings(path=str(folder / "0000.png")), context(folder))
    assert isinstance(video, Video)
    return track, video


def test_the_stage_writes_a_picture_and_the_light_and_reads_them_again(filmed, tmp_path: Path):
    track, video = filmed
    track_file = TrackFile(tmp_path / "track.npz", track)
    done = texture_stage.run(track_file, video, TextureSettings(), context(tmp_path))
    assert isinstance(done, TextureFiles)
    with Image.open(done.files["texture"]) as picture:
        assert picture.size == (1024, 1024)
    assert done.facts["parts"]["skin"]["psnr"] > 30
    assert np.array(done.facts["light"]).shape == (9, 3)
    again = texture_stage.load(done.files)
    assert isinstance(again, TextureFiles) and again.facts == json.loads(json.dumps(done.facts))
    assert not list(tmp_path.glob(".*"))


def with_frames(video: Video, folder: Path, changed: dict[int, int]) -> Video:
    """The film again, with some frames of one grey value."""
    folder.mkdir()
    for frame, path in enumerate(sorted(video.path.parent.glob("*.png"))):
        with Image.open(path) as picture:
            (Image.new("RGB", picture.size, (changed[frame],) * 3) if frame in changed else picture).save(
                folder / path.name
            )
    again = video_stage.run(VideoSettings(path=str(folder / "0000.png")), context(folder))
    assert isinstance(again, Video)
    return again


def test_black_and_blown_out_frames_leave_no_trace(filmed, tmp_path: Path):
    track, video = filmed
    odd = with_frames(video, tmp_path / "odd", {1: 0, 2: 255})
    usual, odd_texture = (
        clip_texture(replace(track, status=status), film, TextureSettings(), context(tmp_path))
        for status, film in ((np.array([2, 0, 0, 2], np.int8), video), (track.status, odd))
    )
    assert isinstance(usual, ClipTexture) and isinstance(odd_texture, ClipTexture)
    assert usual.facts["frames"] == odd_texture.facts["frames"] == 2
    assert np.abs(usual.picture.astype(int) - odd_texture.picture).mean() < 1.5


def test_a_film_that_is_black_or_blown_out_is_refused(filmed, tmp_path: Path):
    track, video = filmed
    dark = with_frames(video, tmp_path / "dark", {0: 0, 1: 255, 2: 0, 3: 2})
    failed = clip_texture(track, dark, TextureSettings(), context(tmp_path))
    assert isinstance(failed, Failure) and failed.code == "too-dark"
    events: list[dict] = []
    listening = replace(context(tmp_path), emit=events.append)
    plain = texture_to_draw(track, dark, TextureSettings(), listening)
    assert not isinstance(plain, Failure) and plain.shape == (1024, 1024, 3)
    assert [event["code"] for event in events if event["event"] == "notice"] == ["texture-plain"]
    layout, _ = on_texels(1024)
    assert 110 < middle_of(plain, layout, "nose").mean() < 170
    assert middle_of(plain, layout, "left_eyeball").mean() > middle_of(plain, layout, "nose").mean() + 30


def test_the_stage_says_when_the_face_is_never_seen(filmed, tmp_path: Path):
    track, video = filmed
    nobody = replace(track, status=np.zeros_like(track.status))
    failed = texture_stage.run(TrackFile(tmp_path / "track.npz", nobody), video, TextureSettings(), context(tmp_path))
    assert isinstance(failed, Failure) and failed.code == "no-face"
