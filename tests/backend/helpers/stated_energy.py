"""The energy of docs/solver.md written out a second time from the page, symbol by symbol, for a head of a few points.

Nothing of the solvers' own arithmetic is used: what they assemble is compared with this.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import torch
from solver_problems import normal, observations_of, random_frames, random_model, random_shared, with_lips
from torch import Tensor

from backend.fit.evidence.observations import Observations
from backend.fit.geometry.landmark_model import LandmarkModel
from backend.fit.geometry.state import Frames, Shared
from backend.fit.options.weights import Tuning
from backend.fit.outline.silhouette import Masks, Mesh
from backend.fit.outline.term import OutlineMatches, OutlineTerm
from backend.fit.terms import lid_contact, lip_contact
from backend.fit.terms.lid_contact import LidContact
from backend.fit.terms.priors import frame_prior, relative_scale, shared_prior
from backend.fit.terms.smoothness import MotionPower, smoothness_weights

COUNT = 5
TUNING = Tuning(velocity_rotation=0.3, velocity_position=0.06, acceleration_rotation=0.02, acceleration_position=0.03)
MODEL = with_lips(random_model())
FRAMES = random_frames(MODEL, COUNT)
SHARED = random_shared(MODEL)
SHARED = replace(SHARED, offsets=(MODEL.tangents @ (MODEL.tangents.mT @ SHARED.offsets[..., None]))[..., 0])
VISIBILITY = normal(31, COUNT, MODEL.points).abs().clamp(0, 1)
PAIRS, CONTOUR = torch.tensor([[0, 1], [4, 9], [3, 12]]), torch.tensor([5, 6, 7])
NO_STEP = (
    torch.zeros(COUNT, FRAMES.unknowns).double(),
    torch.zeros(MODEL.identity_modes + 1).double(),
    torch.zeros(MODEL.points, 2).double(),
)
"""A step of the frames, of identity and log focal, and of the offsets along their tangents."""


def cross(vectors: Tensor) -> Tensor:
    x, y, z = vectors.unbind(-1)
    zero = torch.zeros_like(x)
    return torch.stack([zero, -z, y, z, zero, -x, -y, x, zero], -1).reshape(*vectors.shape[:-1], 3, 3)


def turn(vectors: Tensor) -> Tensor:
    return torch.linalg.matrix_exp(cross(vectors))


def axis_angle(rotation: Tensor) -> Tensor:
    angle = ((rotation.diagonal(dim1=-2, dim2=-1).sum(-1) - 1) / 2).acos()[..., None]
    skew = rotation - rotation.mT
    return angle / (2 * angle.sin()) * torch.stack([skew[..., 2, 1], skew[..., 0, 2], skew[..., 1, 0]], -1)


def huber(size: Tensor, k: Tensor | float) -> Tensor:
    return torch.where(size.abs() <= k, size**2 / 2, k * size.abs() - torch.as_tensor(k) ** 2 / 2)


def cauchy(size: np.ndarray, k: float) -> np.ndarray:
    return k**2 / 2 * np.log(1 + size**2 / k**2)


@dataclass(frozen=True)
class Unknowns:
    """All that the energy depends on, by the symbols of the page."""

    beta: Tensor
    log_f: Tensor
    a: Tensor
    R: Tensor
    p: Tensor
    nu: Tensor
    gamma: Tensor
    g: Tensor
    psi: Tensor

    def without_rotation(self) -> Tensor:
        return torch.cat([self.p, self.nu, self.gamma, self.g, self.psi], dim=1)


def after(step: Tensor, dense: Tensor, along: Tensor) -> Unknowns:
    """The unknowns of the test after a step."""
    a = (MODEL.tangents.mT @ SHARED.offsets[..., None])[..., 0] + along
    return Unknowns(
        beta=SHARED.identity + dense[:-1],
        log_f=SHARED.log_focal + dense[-1],
        a=a,
        R=turn(step[:, 0:3]) @ FRAMES.rotation,
        p=FRAMES.position + step[:, 3:6],
        nu=FRAMES.neck + step[:, 6:9],
        gamma=FRAMES.jaw + step[:, 9:12],
        g=FRAMES.eyes + step[:, 12:16],
        psi=FRAMES.expression + step[:, 16:],
    )


def in_head(model: LandmarkModel, u: Unknowns, o: Tensor) -> Tensor:
    """h (T, N, 3): skinning, frame by frame and joint by joint."""
    zero = torch.zeros_like(u.g[:, :1])
    left, right = torch.cat([u.g[:, :2], zero], 1), torch.cat([u.g[:, 2:], zero], 1)
    result = []
    for t in range(len(u.psi)):
        local = [torch.eye(3).double(), *(turn(v[t]) for v in (u.nu, u.gamma, left, right))]
        joints = model.joints + model.joint_identity @ u.beta + model.joint_expression @ u.psi[t]
        chain = [local[0], local[1], *(local[1] @ local[j] for j in (2, 3, 4))]
        posed = [joints[0], joints[1], *(joints[1] + local[1] @ (joints[j] - joints[1]) for j in (2, 3, 4))]
        feature = torch.cat([(rotation - torch.eye(3)).flatten() for rotation in local[1:]])
        v = model.template + model.identity @ u.beta + model.expression @ u.psi[t] + model.correctives @ feature + o
        moved = [(v - joints[j]) @ chain[j].T + posed[j] for j in range(5)]
        result.append(sum(model.weights[:, j : j + 1] * moved[j] for j in range(5)))
    return torch.stack(result)  # type: ignore[arg-type]


def pi(model: LandmarkModel, u: Unknowns, o: Tensor) -> Tensor:
    position = torch.stack([u.p[:, 0], u.p[:, 1], u.p[:, 2].exp() * u.log_f.exp()], 1)
    camera = (in_head(model, u, o) - model.pivot) @ u.R.mT + position[:, None]
    return u.log_f.exp() * camera[..., :2] / camera[..., 2:]


def offsets(u: Unknowns) -> Tensor:
    return (MODEL.tangents @ u.a[..., None])[..., 0]


def landmarks(u: Unknowns) -> Tensor:
    """SEEN.weight holds ε w_n."""
    e = pi(MODEL, u, offsets(u)) - SEEN.pixels
    size = []
    for n in range(MODEL.points):
        error = e[:, n]
        if n in CONTOUR:
            error = (SEEN.metric[:, CONTOUR.tolist().index(n)] @ error[..., None])[..., 0]
        size.append(error.norm(dim=-1) / SEEN.noise)
    return (SEEN.weight * VISIBILITY * huber(torch.stack(size, 1), TUNING.huber)).sum()


def openings(u: Unknowns) -> Tensor:
    """SEEN.pair_weight holds ε / (α s)²."""
    e, total = pi(MODEL, u, offsets(u)) - SEEN.pixels, torch.zeros(()).double()
    for k, (a, b) in enumerate(PAIRS.tolist()):
        visible = torch.minimum(VISIBILITY[:, a], VISIBILITY[:, b])
        total = total + (0.5 * SEEN.pair_weight[:, k] * visible * ((e[:, a] - e[:, b]) ** 2).sum(1)).sum()
    return total


def gaze(u: Unknowns) -> Tensor:
    return (0.5 * SEEN.gaze_precision * (u.g - SEEN.gaze) ** 2).sum()


def jaw_at_rest(u: Unknowns) -> Tensor:
    return (0.5 * SEEN.jaw_precision * u.gamma[:, 0] ** 2).sum()


def contact_of_lips(u: Unknowns) -> Tensor:
    lips = MODEL.lips
    assert lips is not None
    level = replace(u, nu=torch.zeros_like(u.nu), g=torch.zeros_like(u.g))
    height, resting = in_head(lips, level, torch.zeros(()).double())[..., 1], lips.template[:, 1]
    half = lips.points // 2
    gap = (height[:, :half] - height[:, half:]) - (resting[:half] - resting[half:])
    through = gap.clamp(max=0) / lip_contact.THROUGH
    apart = (gap - SEEN.lip_gap).clamp(min=0) / lip_contact.APART
    return 0.5 * (through**2 + apart**2).sum()


SHUT = torch.tensor([1.0, 0.0, 0.4, 0.0, 1.0]).double()[:, None].expand(COUNT, 6)
LIDS = LidContact(normal(41, COUNT, 6, scale=0.002), normal(42, 6, 7, scale=0.002), SHUT / lid_contact.MEET**2)


def contact_of_lids(u: Unknowns) -> Tensor:
    distance = LIDS.gap + u.psi @ LIDS.modes.T
    return (0.5 * SHUT / lid_contact.MEET**2 * distance**2).sum()


def plausible_faces(u: Unknowns) -> Tensor:
    t, low, high = TUNING, MODEL.expression_low, MODEL.expression_high
    reach = torch.maximum(low.abs(), high.abs())
    sigma = t.expression * reach
    tau = (FACES.tail / sigma).clamp(max=1e6)
    d = (u.g[:, 3] - u.g[:, 1]) - 2 * 0.03
    inwards = torch.tensor([-0.03, 0.03]).double()
    beyond = (u.psi - high).clamp(min=0) + (low - u.psi).clamp(min=0)
    return (
        0.5 * ((u.nu / t.neck) ** 2).sum()
        + 0.5 * ((u.gamma / torch.tensor(t.jaw).double()) ** 2).sum()
        + 0.5 * ((u.g[:, 0::2] / t.gaze_pitch) ** 2).sum()
        + 0.5 * (((u.g[:, 1::2] - inwards) / t.gaze_yaw) ** 2).sum()
        + 0.5 * (((u.g[:, 0] - u.g[:, 2]) / t.elevation) ** 2).sum()
        + huber(d / t.vergence, t.vergence_tail).sum()
        + huber(u.psi / sigma, tau).sum()
        + 0.5 * ((beyond / (t.bound * (high - low))) ** 2).sum()
    )


TIMES = torch.tensor([0.0, 0.03, 0.07, 0.17, 0.2]).double()
JOINED = torch.tensor([True, True, False, True])
DEPTH = torch.full((COUNT,), 0.6).double()
SMOOTHNESS = 1.3
POWER = MotionPower(
    normal(43, COUNT - 1, FRAMES.unknowns, scale=1e-4).abs(), normal(44, COUNT - 2, FRAMES.unknowns, scale=1e-4).abs()
)
for variance in (POWER.velocity, POWER.acceleration):
    variance[:, 0:3] = variance[:, :1]  # the axes of a turn are one motion


def smoothness(u: Unknowns) -> Tensor:
    t, modes = TUNING, MODEL.expression_modes
    reach = torch.maximum(MODEL.expression_low.abs(), MODEL.expression_high.abs())
    calm = torch.where(MODEL.quick, 1.0, t.slow_expression_factor)
    across = t.velocity_position
    first = [t.velocity_rotation] * 3 + [across, across, across / 0.6] + [t.velocity_neck] * 3 + [t.velocity_jaw] * 3
    first = torch.cat([torch.tensor(first + [t.velocity_gaze] * 4).double(), t.velocity_expression * reach])
    across = t.acceleration_position
    second = [t.acceleration_rotation] * 3 + [across, across, across / 0.6] + [torch.inf] * 3 + [t.acceleration_jaw] * 3
    second = torch.cat(
        [torch.tensor(second + [t.acceleration_gaze] * 4).double(), t.acceleration_expression * reach * calm]
    )
    assert len(first) == len(second) == 16 + modes
    values, total, speeds = u.without_rotation(), torch.zeros(()).double(), []
    delta = (TIMES[1:] - TIMES[:-1]) * 30
    for k in range(COUNT - 1):
        y = torch.cat([axis_angle(u.R[k + 1] @ u.R[k].T), values[k + 1] - values[k]])
        speeds.append(y / delta[k])
        if JOINED[k]:
            size = y * (SMOOTHNESS / (first**2 + SMOOTHNESS * POWER.velocity[k]) / delta[k]).sqrt()
            total = total + huber(size[:3].norm(), t.velocity_huber) + huber(size[3:6].norm(), t.velocity_huber)
            total = total + 0.5 * (size[6:] ** 2).sum()
    for k in range(COUNT - 2):
        if JOINED[k] and JOINED[k + 1]:
            precision = SMOOTHNESS / (second**2 + SMOOTHNESS * POWER.acceleration[k]) / ((delta[k] + delta[k + 1]) / 2)
            total = total + 0.5 * (precision * (speeds[k + 1] - speeds[k]) ** 2).sum()
    return total


LOG_F, SIGMA_F = 6.4, 0.05


def plausible_people(u: Unknowns) -> Tensor:
    t, a = TUNING, u.a.flatten()
    lips = MODEL.lips
    assert lips is not None
    parted, none = lip_contact.resting_gaps(lips), 0.5 * ((u.log_f - LOG_F) / SIGMA_F) ** 2
    return (
        none
        + 0.5 * ((u.beta / t.identity) ** 2).sum()
        + 0.5 * ((relative_scale(MODEL) @ u.beta) / t.scale) ** 2
        + 0.5 * ((parted @ u.beta / lip_contact.APART) ** 2).sum()
        + 0.5 * ((a / t.offset) ** 2).sum()
        + 0.5 * ((PEOPLE.rigid.T @ a) ** 2).sum()
        + 0.5 * ((PEOPLE.meeting.T @ a) ** 2).sum()
    )


OUTLINED = torch.tensor([1, 3])


def outline(u: Unknowns) -> Tensor:
    """MATCHES.low and high are where the outline may be along the normal."""
    pixels = pi(MODEL, u, torch.zeros(()).double())[OUTLINED]
    along = (pixels * MATCHES.normal).sum(-1)
    out = (along - MATCHES.high).clamp(min=0) + (MATCHES.low - along).clamp(min=0)
    cost = MATCHES.length * huber(out / MATCHES.noise[:, None], TUNING.outline_huber)
    return TUNING.outline / len(OUTLINED) * cost.sum()


OF_A_FRAME = (
    landmarks, openings, gaze, jaw_at_rest, contact_of_lips, contact_of_lids, plausible_faces, smoothness,
)  # fmt: skip
OF_THE_CLIP = (landmarks, gaze, jaw_at_rest, contact_of_lips, plausible_faces, plausible_people, outline)


def _observed() -> Observations:
    pixels = pi(MODEL, after(*NO_STEP), SHARED.offsets) + normal(30, COUNT, MODEL.points, 2, scale=3.0)
    return observations_of(pixels, PAIRS, CONTOUR)


def _matches() -> OutlineMatches:
    shape = (len(OUTLINED), MODEL.points)
    direction = normal(45, *shape, 2)
    direction = direction / direction.norm(dim=-1, keepdim=True)
    middle = (pi(MODEL, after(*NO_STEP), torch.zeros(()).double())[OUTLINED] * direction).sum(-1)
    low = middle + normal(46, *shape, scale=4.0)
    noise = torch.tensor([1.5, 2.0]).double()
    return OutlineMatches(MODEL, direction, low, low + 3, normal(47, *shape).abs(), noise, TUNING.outline / 2)


SEEN = _observed()
FACES = frame_prior(MODEL, TUNING, neck_free=True)
PEOPLE = shared_prior(MODEL, TUNING, log_focal=LOG_F, focal_sigma=SIGMA_F, offsets=True)
BETWEEN = smoothness_weights(MODEL, TUNING, TIMES, JOINED, DEPTH, SMOOTHNESS, power=POWER)
MATCHES = _matches()
NOTHING = np.zeros(0)


class FoundOutline(OutlineTerm):
    """An outline that was found already."""

    def matches(self, shared: Shared, frames: Frames) -> OutlineMatches:
        """Return what was found."""
        return MATCHES


OUTLINE = FoundOutline(
    Mesh(*[NOTHING] * len(Mesh.__dataclass_fields__)),  # type: ignore[arg-type]
    MODEL,
    Masks(OUTLINED.numpy(), NOTHING, NOTHING, 0, 0, None),
    (0.0, 0.0),
    TUNING,
)
