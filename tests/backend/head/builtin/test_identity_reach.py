"""Reach of the built-in head's people to real ones: the comparison itself, and the people of FLAME 2023 Open."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from shared_data import DATA

from backend.bench.scenes.flame_people import FILE, Correspondence, flame_people
from backend.bench.truth.identity import ComparedVertices, compared, fitted
from backend.bench.truth.person import distances, of_pairs
from backend.contract.failure import Failure
from backend.head.builtin import builtin_head


def test_a_person_of_the_heads_own_is_met_in_any_position() -> None:
    head = builtin_head()
    skin = np.unique(np.concatenate([head.regions[name] for name in ("face", "scalp", "left_ear", "right_ear")]))
    itself = Correspondence(skin, np.tile(skin[:, None], (1, 3)), np.tile((1.0, 0.0, 0.0), (len(skin), 1)))
    true = np.zeros(head.identity_basis.shape[2])
    true[[1, 7, 100, 120]] = 1.0, -1.5, 1.2, 0.8
    turn = np.array([[0.0, 0.0, 1.0], [0.0, 1.0, 0.0], [-1.0, 0.0, 0.0]])
    person = itself.places(head.template + head.identity_basis @ true) @ turn.T + 0.3
    _, distance = fitted(ComparedVertices(head, itself, {}), person, head.identity_basis)
    assert np.sqrt(np.square(distance).mean()) < 0.0002
    _, alone = fitted(ComparedVertices(head, itself, {}), person, head.identity_basis[..., :0])
    assert np.sqrt(np.square(alone).mean()) > 0.001


def test_halves_of_a_clip_are_told_from_other_people_whatever_their_size_and_place() -> None:
    random = np.random.default_rng(0)
    people = random.normal(size=(2, 50, 3))
    turn = np.array([[0.0, -1.0, 0.0], [1.0, 0.0, 0.0], [0.0, 0.0, 1.0]])
    faces = np.stack([people[0], 1.3 * people[0] @ turn + 0.2, people[1], people[1] - 0.1])
    apart = distances(faces)
    same, other = of_pairs(apart)
    assert same.max() < 1e-6 < 1 < other.min()
    assert apart.argmin(axis=1).tolist() == [1, 0, 3, 2]


def test_without_the_shared_data_nothing_is_measured(tmp_path: Path) -> None:
    result = flame_people(tmp_path)
    assert isinstance(result, Failure) and result.code == "no-people"


@pytest.mark.skipif(not (DATA / FILE).is_file(), reason="FLAME 2023 Open is not there (shared/data/flame_open)")
def test_the_modes_after_the_general_ones_bring_ears_and_neck_nearer_to_real_people() -> None:
    people = flame_people(DATA)
    assert not isinstance(people, Failure)
    comparison = compared(builtin_head(), people)
    basis = comparison.head.identity_basis
    person = comparison.where.places(people.person(np.random.default_rng(7)))
    _, before = fitted(comparison, person, basis[..., :96])
    _, after = fitted(comparison, person, basis)

    def rms(error: np.ndarray, part: str) -> float:
        return 1000 * float(np.sqrt(np.square(error[comparison.parts[part]]).mean()))

    for part in ("ears", "neck", "jaw"):
        assert rms(after, part) < 0.95 * rms(before, part), part
    assert rms(after, "face") < 1.5
    assert rms(after, "ears") < 2.2
