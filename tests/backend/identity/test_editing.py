"""Identity changed by hand: modes, sculpting, and what the engine makes of the file."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from backend.contract.failure import Failure
from backend.contract.identity_file import KnownIdentity, read_identity, write_identity
from backend.head.builtin import builtin_head
from backend.head.choosing import with_known_identity
from backend.head.model import HeadModel
from backend.identity.editing import changed, mode_names, slider_modes


@pytest.fixture(scope="module")
def head() -> HeadModel:
    return builtin_head()


@pytest.fixture(scope="module")
def person(head: HeadModel) -> KnownIdentity:
    """Somebody, as a track has them: the head at rest in single precision."""
    coefficients = np.zeros(head.identity_basis.shape[2])
    coefficients[:20] = np.random.default_rng(3).normal(size=20)
    neutral = (head.template + head.identity_basis @ coefficients).astype(np.float32)
    return KnownIdentity(head.summary(), coefficients, neutral.astype(np.float64))


def fitted_with(head: HeadModel, identity: KnownIdentity, tmp_path: Path) -> HeadModel:
    """The head that the engine fits, after the identity went through a file."""
    path = tmp_path / "person.identity.json"
    assert write_identity(path, identity) is None
    read = read_identity(path)
    assert isinstance(read, KnownIdentity)
    model = with_known_identity(head, read, path)
    assert isinstance(model, HeadModel)
    return model


def test_an_identity_that_was_not_changed_gives_the_same_head_to_the_bit(
    head: HeadModel, person: KnownIdentity, tmp_path: Path
) -> None:
    unchanged = changed(person, head, {})
    assert isinstance(unchanged, KnownIdentity)
    straight = with_known_identity(head, person, tmp_path / "track.npz")
    assert isinstance(straight, HeadModel)
    again = fitted_with(head, unchanged, tmp_path)
    assert again.template.tobytes() == straight.template.tobytes()
    assert again.fixed_identity is not None
    assert again.fixed_identity.tobytes() == person.coefficients.tobytes()


def test_a_changed_mode_moves_the_head_by_that_mode(head: HeadModel, person: KnownIdentity, tmp_path: Path) -> None:
    number = mode_names(head).index("nose_length")
    edited = changed(person, head, {"nose_length": 1.5})
    assert isinstance(edited, KnownIdentity)
    model = fitted_with(head, edited, tmp_path)
    expected = person.neutral + 1.5 * head.identity_basis[:, :, number]
    np.testing.assert_allclose(model.template, expected, atol=2e-6)
    assert model.fixed_identity is not None
    assert model.fixed_identity[number] == pytest.approx(person.coefficients[number] + 1.5)


def test_a_nose_that_was_sculpted_longer_is_in_the_head_and_all_else_stays(
    head: HeadModel, person: KnownIdentity, tmp_path: Path
) -> None:
    nose = np.asarray(head.regions["nose"])
    longer = person.neutral.copy()
    longer[nose, 2] += 0.005
    edited = changed(person, head, {}, sculpted=longer)
    assert isinstance(edited, KnownIdentity)
    plain, model = fitted_with(head, person, tmp_path), fitted_with(head, edited, tmp_path)
    moved = model.template - plain.template
    np.testing.assert_allclose(moved[nose, 2], 0.005, atol=1e-6)
    assert not np.delete(moved, nose, axis=0).any()
    assert model.identity_basis.shape[2] == 0


def test_a_mode_that_there_is_not_is_named(head: HeadModel, person: KnownIdentity) -> None:
    refused = changed(person, head, {"nose_colour": 1.0})
    assert isinstance(refused, Failure)
    assert "nose_colour" in refused.sentence


def test_a_sculpted_head_with_other_vertices_is_refused(head: HeadModel, person: KnownIdentity) -> None:
    refused = changed(person, head, {}, sculpted=person.neutral[:-1])
    assert isinstance(refused, Failure)
    assert refused.code == "identity-other-mesh"


def test_an_identity_of_another_head_is_refused(head: HeadModel, person: KnownIdentity, tmp_path: Path) -> None:
    other = KnownIdentity({"name": "Other", "sha256": "other"}, person.coefficients, person.neutral + 0.01)
    refused = with_known_identity(head, other, tmp_path / "person.identity.json")
    assert isinstance(refused, Failure)
    assert refused.code == "identity-of-other-model"


def test_general_modes_have_no_slider(head: HeadModel) -> None:
    names = [name for name, _ in slider_modes(head)]
    assert "nose_length" in names
    assert not any(name.startswith("general") for name in names)


@pytest.mark.parametrize("text", ["", "{}", '{"schema": 1, "model": {}}', '{"schema": 9}'])
def test_a_file_that_is_none_is_refused_in_a_sentence(text: str, tmp_path: Path) -> None:
    path = tmp_path / "person.identity.json"
    path.write_text(text, "utf-8")
    refused = read_identity(path)
    assert isinstance(refused, Failure)
    assert refused.code in ("identity-damaged", "identity-newer")
