"""The person's outline as a part of the cost: the head's silhouette lies where the person's is seen."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import torch
from torch import Tensor

from ...contract.arrays import Floats, Integers
from ...head.model import HeadModel
from ..evidence.key_frames import choose_key_frames
from ..geometry.landmark_model import LandmarkModel
from ..geometry.projection import Posed, derivatives, pose_landmarks, project_landmarks
from ..geometry.state import Frames, Shared
from ..geometry.surface_samples import SurfaceSamples, points_of, sample_model, skin_faces
from ..options.weights import Tuning
from ..terms.landmark_term import FrameEquations, SharedEquations
from ..terms.priors import SharedPrior
from ..terms.robust import huber
from .search import Found, search
from .silhouette import FACE, NO_PART, Masks, Mesh, mesh_of, outline_mesh

FRAMES: Final = 6
"""Frames whose outline is compared; more of them tell no more of the shape, for the masks' errors are alike."""
PIECE: Final = 3.0
"""Millimetres of outline that count as one measurement."""
NECK: Final = 4
"""Part of the outline besides those of `silhouette`."""
_BASE: Final = 0.4
"""Share of the neck, from below, that is left out: collars and shoulders."""


@dataclass(frozen=True)
class OutlineTerm:
    """What is compared.

    Attributes:
        mesh: What makes the outline, with the neck as a part.
        points: Its vertices as the solver sees them.
        masks: Masks of some of the key frames; `frame` is their position among these.
        centre: Principal point, pixels.
        tuning: Weights.
    """

    mesh: Mesh
    points: LandmarkModel
    masks: Masks
    centre: tuple[float, float]
    tuning: Tuning

    def matches(self, shared: Shared, frames: Frames) -> OutlineMatches:
        """Return where the person's outline is seen beside that of the head as it is now, on the key frames."""
        masked = frames[self._index(frames)]
        vertices = (
            pose_landmarks(self.points, _on_the_surface(shared, self.points), masked)
            .camera.detach()
            .cpu()
            .double()
            .numpy()
        )
        focal = float(shared.focal)
        searched = [search(self.mesh, vertices[k], focal, self.centre, self.masks, k) for k in range(len(self.masks))]
        return self._matched(searched, shared.identity)

    def _matched(self, searched: list[Found], like: Tensor) -> OutlineMatches:
        used = np.unique(np.concatenate([one.vertex for one in searched]))
        shape = (len(searched), len(used))
        normal, ends, length = np.zeros((*shape, 2)), np.zeros((*shape, 2)), np.zeros(shape)
        for k, one in enumerate(searched):
            column = np.searchsorted(used, one.vertex)
            here = ((one.pixel - np.asarray(self.centre)) * one.normal).sum(axis=1)
            normal[k, column] = one.normal
            ends[k, column] = here[:, None] + np.stack([one.low, one.high], axis=1)
            length[k, column] = one.length / PIECE
        noise = 1000 * self.tuning.outline_sigma * np.array([one.millimetre for one in searched])
        share = self.tuning.outline / len(searched)

        def tensor(values: Floats) -> Tensor:
            return torch.as_tensor(values).to(like)

        index = torch.as_tensor(used, device=like.device)
        low, high = tensor(ends[..., 0]), tensor(ends[..., 1])
        points = points_of(self.points, index)
        return OutlineMatches(points, tensor(normal), low, high, tensor(length), tensor(noise), share)

    def cost(self, matches: OutlineMatches, shared: Shared, frames: Frames) -> Tensor:
        """Return the robust cost of all frames."""
        return matches.cost(shared, frames[self._index(frames)], self.tuning.outline_huber)

    def equations(self, matches: OutlineMatches, shared: Shared, frames: Frames, columns: int) -> SharedEquations:
        """Return the normal equations of all key frames; of the clip's unknowns identity and focal length have some.

        Args:
            columns: Unknowns of the clip.
        """
        index = self._index(frames)
        masked = matches.equations(shared, frames[index], self.tuning.outline_huber, columns)
        like = masked.gradient
        unknowns = frames.unknowns
        hessian = like.new_zeros(len(frames), unknowns, unknowns)
        gradient, coupling = like.new_zeros(len(frames), unknowns), like.new_zeros(len(frames), unknowns, columns)
        hessian[index], gradient[index], coupling[index] = (
            masked.frames.hessian,
            masked.frames.gradient,
            masked.coupling,
        )
        return SharedEquations(FrameEquations(hessian, gradient), coupling, masked.hessian, masked.gradient)

    def _index(self, frames: Frames) -> Tensor:
        return torch.as_tensor(self.masks.frame, device=frames.rotation.device)


@dataclass(frozen=True)
class OutlineMatches:
    """P vertices on K frames and where the person's outline is along their normals.

    Attributes:
        points: The vertices as the solver sees them.
        normal: Outwards in the picture (K, P, 2); 0 where a vertex is not on the outline.
        low, high: Between these the vertex should be along its normal (K, P), pixels from the principal point.
        length: Of the outline at each, in pieces that count as one measurement (K, P).
        noise: Standard deviation of a place of the outline, pixels (K,).
        share: Weight of all of them, for neighbours err together.
    """

    points: LandmarkModel
    normal: Tensor
    low: Tensor
    high: Tensor
    length: Tensor
    noise: Tensor
    share: float

    def cost(self, shared: Shared, frames: Frames, threshold: float) -> Tensor:
        """Return the robust cost, beyond `threshold` standard deviations linear."""
        shared = _on_the_surface(shared, self.points)
        size = self._errors(pose_landmarks(self.points, shared, frames), shared) / self.noise[:, None]
        cost, _ = huber(size.square(), threshold)
        return self.share * (self.length * cost).sum()

    def equations(self, shared: Shared, frames: Frames, threshold: float, columns: int) -> SharedEquations:
        """Return the normal equations of these frames; see `OutlineTerm.equations`."""
        shared = _on_the_surface(shared, self.points)
        posed = pose_landmarks(self.points, shared, frames)
        error = self._errors(posed, shared)
        weight = self.share * self.length / self.noise[:, None].square()
        weight = weight * huber((error / self.noise[:, None]).square(), threshold)[1]
        weight = torch.where(error == 0, torch.zeros_like(weight), weight)
        derivative = derivatives(self.points, shared, frames, posed, along=self.normal, of_shared=True)
        assert derivative.identity is not None and derivative.log_focal is not None
        root = weight.sqrt()[..., None]
        dense = torch.cat([derivative.identity[:, :, 0], derivative.log_focal], dim=-1) * root
        by_frame = derivative.frame[:, :, 0] * root
        scaled = error[..., None] * root
        count = dense.shape[2]
        coupling = by_frame.new_zeros(len(frames), by_frame.shape[2], columns)
        coupling[:, :, :count] = by_frame.transpose(1, 2) @ dense
        hessian, gradient = by_frame.new_zeros(columns, columns), by_frame.new_zeros(columns)
        rows = dense.flatten(0, 1)
        hessian[:count, :count], gradient[:count] = rows.T @ rows, rows.T @ scaled.flatten()
        frame_part = FrameEquations(by_frame.transpose(1, 2) @ by_frame, (by_frame.transpose(1, 2) @ scaled)[..., 0])
        return SharedEquations(frame_part, coupling, hessian, gradient)

    def _errors(self, posed: Posed, shared: Shared) -> Tensor:
        """Return by how many pixels each vertex is outside of where it should be (K, P)."""
        centre = torch.zeros(2, dtype=posed.camera.dtype, device=posed.camera.device)
        along = (project_landmarks(posed.camera, shared.focal, centre) * self.normal).sum(dim=-1)
        return (along - self.high).clamp_min(0) + (along - self.low).clamp_max(0)


def _on_the_surface(shared: Shared, points: LandmarkModel) -> Shared:
    """Return the unknowns for points without offsets."""
    return replace(shared, offsets=torch.zeros_like(points.template))


def outline_term(
    head: HeadModel, model: LandmarkModel, masks: Masks | None, outlined: Integers, keys: Integers,
    centre: tuple[float, float], tuning: Tuning,
) -> OutlineTerm | None:  # fmt: skip
    """Return what compares the outlines, or None where there are no masks or the head names no parts.

    Args:
        head, model: The head and its landmark points.
        masks: Of the clip; `frame` is the position in it.
        outlined: Positions in the clip of the frames whose outlines are compared, see `frames_with_masks`.
        keys: Positions of the key frames in the clip, ascending; the others are among them.
        centre: Principal point, pixels.
        tuning: Weights.
    """
    mesh = _outer_mesh(head)
    if masks is None or masks.skin is None or mesh is None or tuning.outline <= 0:
        return None
    shown = np.flatnonzero(np.isin(masks.frame, outlined))
    if not len(shown):
        return None
    chosen = replace(masks[shown], frame=np.searchsorted(keys, masks.frame[shown]))
    mesh, points = _points(head, model, mesh)
    return OutlineTerm(mesh, points, chosen, centre, tuning)


def frames_with_masks(
    masks: Masks | None, points: np.ndarray, rotations: Floats, times: Floats, trust: Floats
) -> Integers:
    """Return some positions in the clip that have masks, with the head turned and the face moved differently.

    Args:
        masks: Of the clip.
        points: Landmarks (T, 478, 2 or more); NaN where the face was not found.
        rotations: Of the head (T, 3, 3).
        times: Seconds (T,).
        trust: How reliable each frame is (T,), 0..1.
    """
    if masks is None or masks.skin is None:
        return np.zeros(0, dtype=np.int64)
    some = masks.frame[np.isfinite(points[masks.frame, :, :2]).all(axis=(1, 2))]
    if not len(some):
        return some
    return some[choose_key_frames(points[some, :, :2], rotations[some], times[some], trust[some], FRAMES)]


def _outer_mesh(head: HeadModel) -> Mesh | None:
    """Return the outline's mesh with the upper neck as a part, and without the inside of the mouth."""
    mesh = outline_mesh(head)
    if mesh is None:
        return None
    part = mesh.part.copy()
    neck = head.regions.get("neck", np.zeros(0, dtype=np.int64))
    if len(neck):
        height = head.template[neck, 1]
        upper = neck[height > height.min() + _BASE * np.ptp(height)]
        part[upper[part[upper] == NO_PART]] = NECK
    for name in ("forehead", "nose"):
        region = head.regions.get(name, np.zeros(0, dtype=np.int64))
        part[region[part[region] == NO_PART]] = FACE
    return replace(mesh, part=part)


def _points(head: HeadModel, model: LandmarkModel, mesh: Mesh) -> tuple[Mesh, LandmarkModel]:
    """Return the mesh of the outer side alone, numbered by its own vertices, and these as the solver sees them."""
    outer = skin_faces(head)
    inside = ~np.isin(np.arange(head.vertex_count), head.faces[outer])
    faces = mesh.faces[~inside[mesh.faces].any(axis=1)]
    vertices = np.unique(faces)
    row = np.full(head.vertex_count, -1)
    row[vertices] = np.arange(len(vertices))
    triangle, corner = np.zeros(len(vertices), dtype=np.int64), np.zeros(len(vertices), dtype=np.int64)
    for side in range(3):
        triangle[row[head.faces[outer][:, side]]] = np.flatnonzero(outer)
        corner[row[head.faces[outer][:, side]]] = side
    points = sample_model(head, SurfaceSamples(triangle, np.eye(3)[corner]), model)
    return mesh_of(row[faces], mesh.part[vertices]), points


def held_to_outline(prior: SharedPrior, term: OutlineTerm, shared: Shared, frames: Frames) -> SharedPrior:
    """Return the prior of the clip's unknowns with what the outline says of the identity, near a finished fit.

    For fits on other frames than those whose outlines are compared.

    Args:
        prior: Of the clip's unknowns.
        term: The outline's part of the cost; its masks count the frames given here.
        shared, frames: The finished fit.
    """
    modes = len(shared.identity)
    equations = term.equations(term.matches(shared, frames), shared, frames, modes + 1)
    before = prior.dense_precision[:modes, :modes].double()
    added = equations.hessian[:modes, :modes].double()
    pull = (
        before @ prior.dense_mean[:modes].double()
        + added @ shared.identity.double()
        - equations.gradient[:modes].double()
    )
    precision, mean = prior.dense_precision.clone(), prior.dense_mean.clone()
    precision[:modes, :modes] += added.to(precision)
    mean[:modes] = torch.linalg.solve(before + added, pull).to(mean)
    return replace(prior, dense_precision=precision, dense_mean=mean)
