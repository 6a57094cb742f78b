"""Truth on ARKit weights: known weights through a mesh, heads that turn, faces at rest, and a phone's habits."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Final

import numpy as np

from ...contract.arrays import Array, Floats
from ...contract.failure import Failure
from ...contract.names import MEDIAPIPE_SCORES
from ...contract.performance.channels import CHANNELS, INDEX
from ...contract.performance.weights.from_track import Solved, performance_of
from ...contract.track import Track
from ...data.types import Fit
from ...head.builtin import builtin_head
from ...head.model import HeadModel
from ...sample.motion import PITCH, YAW
from ..chain import Clock, Setup, found_and_fitted, import_stages, write
from ..measures.weights import bands, second_difference
from ..rows import Row, at_least, at_most, between, without_target
from ..scenes.known_weights import TAKE, TAKE_RATE, pose_of_weights, single_channels, take_weights, track_of_pose
