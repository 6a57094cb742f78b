"""Appearance on a GPU: it computes what the processor does, and a GPU without memory loses nothing.

What runs on a GPU is plain torch, so that it is compared on the processor too.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from rasterizer_scenes import opened
from synthetic_clips import MadeClip, made_clip
from textured_heads import as_fit, problem_of

from backend.appearance.key_frame_solve import PhotometricProblem, features_at, solve_photometric
from backend.appearance.pictures.device import DeviceFeatureMaker, masked_band_pass, pictures_of, read_features
from backend.appearance.pictures.view import Feature, band_pass
from backend.appearance.terms import fixed_albedo_term as known
from backend.appearance.terms.photometric_normal_equations import (
    PictureResiduals,
    _on_device,
    _on_processor,
    picture_equations,
)
from backend.appearance.terms.photometric_term import brightness, colours
from backend.contract.failure import Notice
from backend.fit.geometry.parallel import GpuMemoryError, on_device, over_chunks
from backend.fit.geometry.state import Frames, Shared
from backend.fit.geometry.surface_samples import choose_samples

CPU, CUDA = torch.device("cpu"), torch.device("cuda")
BAND = (2.0, 6.0)
FRAMES = np.array([0, 8, 16, 24])


@pytest.fixture(scope="module")
def clip() -> MadeClip:
    return made_clip(40, yaw=0.4)


Scene = tuple[PhotometricProblem, Shared, Frames, list[Feature]]


@pytest.fixture(scope="module")
def scene(clip: MadeClip) -> Scene:
    problem, shared, frames = problem_of(clip, as_fit(clip, np.array([0.02, 0.0, 0.01])), FRAMES)
    model = problem.landmarks.model
    bare_skin = np.where(np.arange(1000) % 7 == 0, 0.2, 1.0).astype(np.float32)
    problem = replace(
        problem, views=[problem.views[0], *(replace(view, bare_skin=bare_skin) for view in problem.views[1:])]
    )
    return problem, shared, frames, features_at(
        problem.head, problem.maker, model, shared, frames, problem.views, BAND
    )  # fmt: skip


def moved(values, device):
    """The same dataclass with its tensors on a device."""
    parts = {}
    for name, value in vars(values).items():
        if isinstance(value, torch.Tensor):
            parts[name] = value.to(device)
        elif isinstance(value, tuple):
            parts[name] = tuple(part.to(device) for part in value)
    return replace(values, **parts)


@pytest.fixture(params=[CPU, CUDA], ids=str)
def device(request) -> torch.device:
    opened((str(request.param), "numba"))
    return request.param


def test_fine_structure_is_the_same(device: torch.device):
    random = np.random.default_rng(0)
    image = random.normal(size=(60, 71, 3)).astype(np.float32)
    mask = (random.uniform(size=(60, 71)) > 0.3).astype(np.float32)
    for band in ((0.8, 3.0), (4.0, 12.0)):
        expected = band_pass(image, mask, *band)
        images = torch.as_tensor(image, device=device).permute(2, 0, 1)[None]
        fine = masked_band_pass(images, torch.as_tensor(mask, device=device)[None], *band)
        assert np.abs(fine[0].permute(1, 2, 0).cpu().numpy() - expected).max() < 2e-5


def test_features_are_the_same(clip: MadeClip, scene: Scene, device: torch.device):
    problem, shared, frames, expected = scene
    maker = DeviceFeatureMaker(problem.head, choose_samples(problem.head, 1000), device)
    model = moved(problem.landmarks.model, device)
    there = (model, moved(shared, device), moved(frames, device))
    features = features_at(problem.head, maker, *there, problem.views, BAND)
    points = moved(problem.points, device)
    value, slope = (
        part.cpu().numpy() for part in read_features(points, *there[1:], pictures_of(features, points.template))
    )
    wanted = brightness(problem.points, shared, frames, expected)
    for row, (one, other) in enumerate(zip(features, expected, strict=True)):
        # A point exactly beside an edge may count as hidden or not.
        alike = np.abs(one.visibility - other.visibility) < 1e-3
        assert alike.mean() > 0.99
        compared = alike & (other.visibility > 0.05)
        assert compared.sum() > 100
        assert np.abs(one.light - other.light)[compared].max() < 2e-3
        assert np.abs(value[row] - wanted.value[row])[compared].max() < 2e-4
        assert np.abs(slope[row] - wanted.slope[row])[compared].max() < 2e-4


def test_equations_of_key_frames_are_the_same(scene: Scene, device: torch.device):
    problem, shared, frames, features = scene
    measured = brightness(problem.points, shared, frames, features)
    visibility = np.stack([feature.visibility for feature in features])
    colour, robust = colours(measured.value, visibility, problem.tuning)
    shown = PictureResiduals(measured.slope, measured.value - colour, robust, robust)
    rest = (features, shown, problem.columns)
    expected = picture_equations(problem.points, shared, frames, *rest)
    there = [moved(part, device) for part in (problem.points, shared, frames)]
    hessian, gradient = (part.cpu() for part in picture_equations(*there, *rest))
    scale = expected[0].diagonal().clamp(min=1e-9).sqrt()
    assert ((hessian - expected[0]).abs() / torch.outer(scale, scale)).max() < 1e-3
    assert ((gradient - expected[1]).abs() / scale).max() < 1e-3 * (expected[1].abs() / scale).max()
    # The way of the GPU is compared on the processor too, where the choice above is the other one.
    chosen = (features, shown)
    pairs = zip(_on_processor(problem.points, shared, frames, *chosen), _on_device(*there, *chosen), strict=True)
    for (_, index, rows), (_, _, there_too) in pairs:
        batched = there_too.cpu()
        assert (batched[index] - rows).abs().max() < 1e-3 * rows.abs().max()
        assert not np.delete(batched.numpy(), index, axis=0).any()


def test_equations_of_single_frames_are_the_same(scene: Scene, device: torch.device):
    problem, shared, frames, features = scene
    points = problem.points
    light = 0.1 * np.arange(8, dtype=np.float32)
    measured = brightness(points, shared, frames, features).value
    colours = known.Colours(measured.mean(axis=0), light, np.arange(points.points) % 5 > 0)
    trust = np.array([1.0, 0.5, 1.0, 0.2], dtype=np.float32)
    some: list[Feature | None] = [features[0], None, features[2], features[3]]
    one_by_one = known.fixed_albedo_term(points, shared, some, colours, trust, problem.tuning)
    assert isinstance(one_by_one, known.FixedAlbedoTerm)
    there = [moved(part, device) for part in (points, shared, frames)]
    together = known.DeviceFixedAlbedoTerm(
        there[0],
        moved(one_by_one.shared, device),
        pictures_of(some, there[0].template),
        torch.as_tensor(one_by_one.expected, device=device),
        torch.as_tensor(one_by_one.visibility, device=device),
        problem.tuning,
    )
    part = slice(1, 4)
    assert together.cost(there[2][part], part) == pytest.approx(one_by_one.cost(frames[part], part), rel=1e-4)
    expected, result = one_by_one.equations(frames[part], part), together.equations(there[2][part], part)
    assert torch.all(result.hessian[0] == 0)
    for mine, other in ((result.hessian, expected.hessian), (result.gradient, expected.gradient)):
        assert (mine.cpu() - other).abs().max() < 2e-3 * other.abs().max()


def test_reading_is_the_same_where_pictures_differ_in_size(scene: Scene, device: torch.device):
    problem, shared, frames, features = scene
    first = features[0]
    larger = [first, *(replace(one, image=np.pad(one.image, ((0, 9), (0, 5)))) for one in features[1:])]
    there = [moved(part, device) for part in (problem.points, shared, frames)]
    value, slope = read_features(*there, pictures_of(larger, there[0].template))
    expected = brightness(problem.points, shared, frames, features)
    visible = np.stack([feature.visibility > 0.05 for feature in features])
    assert np.abs(value.cpu().numpy() - expected.value)[visible].max() < 1e-4
    assert np.abs(slope.cpu().numpy() - expected.slope)[visible].max() < 1e-4


@pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no CUDA device")
def test_a_gpu_finds_the_same_turn(clip: MadeClip, scene: Scene):
    problem, shared, frames, _ = scene
    expected = solve_photometric(problem, shared, frames)
    names = ("model", "observations", "frame_prior", "shared_prior")
    landmarks = {name: moved(getattr(problem.landmarks, name), CUDA) for name in names}
    on_gpu = replace(
        problem,
        points=moved(problem.points, CUDA),
        maker=DeviceFeatureMaker(problem.head, choose_samples(problem.head, 1000), CUDA),
        landmarks=replace(problem.landmarks, **landmarks),
    )
    result = solve_photometric(on_gpu, moved(shared, CUDA), moved(frames, CUDA))
    between = result.frames.rotation.cpu().double().transpose(1, 2) @ expected.frames.rotation.double()
    angle = torch.arccos(((between.diagonal(dim1=1, dim2=2).sum(-1) - 1) / 2).clamp(-1, 1))
    assert float(torch.rad2deg(angle).max()) < 0.1
    assert result.cost_after == pytest.approx(expected.cost_after, rel=0.02)


def short_of_memory(most: int, error: Exception):
    """Work on frames that fails with more than so many at once."""

    def work(part: slice) -> list[int]:
        if part.stop - part.start > most:
            raise error
        return list(range(part.start, part.stop))

    return work


ERRORS = (
    torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB"),
    RuntimeError("MPS backend out of memory (MPS allocated: 8.00 GB)"),
    RuntimeError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`"),
)


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: str(error)[:10])
def test_a_gpu_without_memory_goes_on_with_fewer_frames_and_says_so(error: Exception):
    notices: list[Notice] = []

    def frames_of(device: torch.device) -> list[int]:
        parts = over_chunks(short_of_memory(3, error), 50, 16, device)
        assert all(1 <= len(part) <= 3 for part in parts)
        return [frame for part in parts for frame in part]

    assert on_device(frames_of, CUDA, notices.append) == list(range(50))
    assert [notice.code for notice in notices] == ["gpu-memory"] * 3
    assert "2 frames at once" in notices[-1].sentence


def test_a_gpu_without_memory_for_one_frame_leaves_it_to_the_processor():
    notices: list[Notice] = []

    def frames_of(device: torch.device) -> list[int]:
        most = 50 if device.type == "cpu" else 0
        return [frame for part in over_chunks(short_of_memory(most, ERRORS[0]), 50, 16, device) for frame in part]

    assert on_device(frames_of, CUDA, notices.append) == list(range(50))
    assert "processor" in notices[-1].sentence


def test_other_errors_are_not_taken_for_a_lack_of_memory():
    with pytest.raises(RuntimeError, match="shape"):
        on_device(lambda place: over_chunks(short_of_memory(0, RuntimeError("shape")), 5, 2, place), CUDA, print)
    with pytest.raises(GpuMemoryError):
        over_chunks(short_of_memory(0, ERRORS[0]), 5, 2, CUDA)
