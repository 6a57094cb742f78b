"""Irises are seen in the plane of their rims, not on the front of the eyeball where a head has their landmarks."""

from __future__ import annotations

import dataclasses

import numpy as np

from ...contract.names import LANDMARKS, LEFT_IRIS, RIGHT_IRIS
from ..model import HeadModel


def with_iris_offsets(head: HeadModel) -> HeadModel:
    """Return a head whose `detector_offsets` bring the centres of the irises into the plane of their rims.

    That is 2 mm behind the cornea of an eyeball of 12 mm. Without it an eye that turns by 20 degrees would move the
    landmark by a fifth too far, and a tracked eye would turn too little.
    """
    if len(head.landmarks.known) != LANDMARKS:
        return head
    corners = head.faces[head.landmarks.triangle]
    positions = np.einsum("nk,nkx->nx", head.landmarks.barycentric, head.template[corners])
    offsets = np.zeros((LANDMARKS, 3)) if head.detector_offsets is None else head.detector_offsets.copy()
    for centre, *rim in (RIGHT_IRIS, LEFT_IRIS):
        if head.landmarks.known[[centre, *rim]].all():
            offsets[centre] = positions[rim].mean(axis=0) - positions[centre]
    return dataclasses.replace(head, detector_offsets=offsets)
