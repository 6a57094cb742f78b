"""Measures of the benchmarks as functions of arrays. T frames; metres and radians in, the unit of the name out."""

from __future__ import annotations

import numpy as np
from scipy.signal import find_peaks, peak_prominences
from scipy.spatial import KDTree

from ...contract.arrays import Array
from ...contract.camera import axis_angles, nearest_rotations, rotation_matrices
from ...head.geometry import rigid_motion, rigidly_aligned, similarity

SURFACE_STEPS = 30
"""Most steps of closest-point alignment; it rests after about ten."""


def smooth_step(share: Array) -> Array:
    """Return what goes from 0 to 1 as shares do, level at both ends; 0 and 1 beyond them."""
    share = np.clip(share, 0.0, 1.0)
    return share * share * (3 - 2 * share)


def constant_rotation(estimated: Array, true: Array) -> Array:
    """Return the rotation C (3, 3), the same in all frames, for which true @ C is nearest to found (T, 3, 3)."""
    return nearest_rotations(np.einsum("tji,tjk->ik", true, estimated))


def usual_rotation(estimated: Array, true: Array) -> Array:
    """Return the rotation C (3, 3) that leaves the least sum of angles between true @ C and found (T, 3, 3).

    Frames that are far off do not move it as they move `constant_rotation`, which is where it starts from.
    """
    result = constant_rotation(estimated, true)
    for _ in range(5):
        angle = np.radians(rotation_errors(estimated, true @ result))
        weight = 1 / np.maximum(angle, 1e-3)
        result = nearest_rotations(np.einsum("t,tji,tjk->ik", weight, true, estimated))
    return result


def rotation_errors(estimated: Array, true: Array, *, constant: bool = False) -> Array:
    """Return the angle in degrees (T,) between head-to-camera rotations (T, 3, 3).

    Args:
        found: Measured rotations.
        true: True rotations.
        constant: First remove `constant_rotation`: two heads' axes need not mean the same.
    """
    if constant:
        true = true @ constant_rotation(estimated, true)
    return np.degrees(np.linalg.norm(axis_angles(np.einsum("tji,tjk->tik", true, estimated)), axis=1))


def vertex_errors(estimated: Array, true: Array) -> Array:
    """Return each frame's mean distance (T,) of points (T, N, 3) after rigid alignment of the frame without scale."""
    return np.linalg.norm(rigidly_aligned(estimated, true) - true, axis=2).mean(axis=1)


def depth_errors(estimated: Array, true: Array) -> Array:
    """Return |mean depth of found / mean depth of true - 1| (T,) of points in camera axes (T, N, 3)."""
    return np.abs(estimated[..., 2].mean(axis=1) / true[..., 2].mean(axis=1) - 1)


def acceleration_errors(estimated: Array, true: Array) -> tuple[float, float]:
    """Return the mean length of (second difference of found - second difference of true), in 3D and across the view.

    Args:
        found: Points in camera axes (T, N, 3), T >= 3; the result has their unit, per frame^2.
        true: The same.
    """
    difference = np.diff(estimated - true, 2, axis=0)
    return (
        float(np.linalg.norm(difference, axis=-1).mean()),
        float(np.linalg.norm(difference[..., :2], axis=-1).mean()),
    )


def gap(points: Array, first: int, second: int) -> Array:
    """Return the distance (T,) between two of the points (T, N, 3)."""
    return np.linalg.norm(points[:, first] - points[:, second], axis=-1)


def rms(difference: Array, *, constant: bool = False) -> float:
    """Return the root mean square of a difference (T,), or of what is left when its mean is removed."""
    return float(np.std(difference) if constant else np.sqrt(np.mean(np.square(difference))))


def mean_error(difference: Array, *, constant: bool = False) -> float:
    """Return the mean absolute difference, or that of what is left when its median is removed."""
    return float(np.abs(difference - np.median(difference) if constant else difference).mean())


def slope(values: Array, true: Array) -> float:
    """Return how much `values` change (T,) per change of the true ones: least squares with a constant."""
    centred = true - true.mean()
    return float((values * centred).sum() / max(float((centred**2).sum()), 1e-20))


def amplitude_and_phase(values: Array, true: Array) -> tuple[float, float]:
    """Return which share of a swinging curve's amplitude another keeps, and its phase in degrees.

    By least squares against the true curve (T,) and its slope; the means of both are taken off.
    """
    values, true = values - values.mean(), true - true.mean()
    slope = np.gradient(true)
    slope *= np.linalg.norm(true) / max(float(np.linalg.norm(slope)), 1e-12)
    same, shifted = np.linalg.lstsq(np.stack([true, slope], axis=1), values, rcond=None)[0]
    return float(np.hypot(same, shifted)), float(np.degrees(np.arctan2(shifted, same)))


def kept_peaks(values: Array, true: Array, least: float, reach: int = 1) -> Array:
    """Return for each peak of the true curve which share of its height the other curve reaches there.

    A peak's height is what it stands above the mean of the two valleys beside it (its prominence bases); the other
    curve's is its largest value within `reach` frames of the peak, above its own values in those valleys.

    Args:
        values: Measured curve (T,).
        true: True curve (T,).
        least: Peaks that stand out less than this (in the curve's unit) do not count.
        reach: Frames by which a peak may be displaced.
    """
    peaks, _ = find_peaks(true, prominence=least)
    _, left, right = peak_prominences(true, peaks)
    shares = []
    for peak, before, after in zip(peaks, left, right, strict=True):
        near = values[max(peak - reach, 0) : peak + reach + 1].max()
        height = true[peak] - (true[before] + true[after]) / 2
        shares.append((near - (values[before] + values[after]) / 2) / height)
    return np.array(shares)


def looking(left_eye: Array, right_eye: Array, rotation: Array) -> Array:
    """Return the mean direction of both eyes in camera axes (T, 3), a unit vector.

    Args:
        left_eye, right_eye: Axis-angles in the head (T, 3), the eye looking along +Z.
        rotation: Head to camera (T, 3, 3).
    """
    forward = rotation_matrices(left_eye)[..., 2] + rotation_matrices(right_eye)[..., 2]
    direction = np.einsum("tij,tj->ti", rotation, forward)
    return direction / np.linalg.norm(direction, axis=1, keepdims=True)


def yaw_and_pitch(direction: Array) -> tuple[Array, Array]:
    """Return the angles in degrees (T,) of directions in camera axes: yaw to the picture's right, pitch upwards."""
    yaw = np.degrees(np.arctan2(direction[:, 0], -direction[:, 2]))
    return yaw, np.degrees(np.arctan2(-direction[:, 1], np.hypot(direction[:, 0], direction[:, 2])))


def angles_between(first: Array, second: Array) -> Array:
    """Return the angle in degrees (T,) between unit vectors (T, 3)."""
    return np.degrees(np.arccos(np.clip((first * second).sum(axis=1), -1, 1)))


def shape_distance(first: Array, second: Array) -> float:
    """Return the root mean square distance of points (N, 3) from others, after similarity alignment."""
    scale, rotation, translation = similarity(first, second)
    moved = scale * first @ rotation.T + translation
    return float(np.sqrt(((moved - second) ** 2).sum(axis=1).mean()))


def surface_distance(points: Array, vertices: Array, triangles: Array) -> float:
    """Return the mean distance of points (N, 3) from a surface, after rigid alignment to it without scale.

    The distance is to the plane of the triangle whose centre is nearest. The triangles must be small against the shape.
    """
    centres, normals = _planes(vertices, triangles)
    points = surface_alignment(points, vertices, triangles)
    nearest = KDTree(centres).query(points)[1]
    return float(np.abs(((points - centres[nearest]) * normals[nearest]).sum(axis=1)).mean())


def surface_alignment(points: Array, vertices: Array, triangles: Array) -> Array:
    """Return points (N, 3) moved rigidly and without scale to where they lie best on a surface.

    By closest points on the planes of the triangles (Besl and McKay 1992), started where the points are.
    """
    centres, normals = _planes(vertices, triangles)
    tree = KDTree(centres)
    for _ in range(SURFACE_STEPS):
        nearest = tree.query(points)[1]
        away = ((points - centres[nearest]) * normals[nearest]).sum(axis=1)
        rotation, translation = rigid_motion(points, points - away[:, None] * normals[nearest])
        moved = points @ rotation.T + translation
        step = np.abs(moved - points).max()
        points = moved
        if step < 1e-6:
            break
    return points


def _planes(vertices: Array, triangles: Array) -> tuple[Array, Array]:
    corners = vertices[triangles]
    normals = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    return corners.mean(axis=1), normals / np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-20)
