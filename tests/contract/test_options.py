"""Settings: declared once, checked in one place, and every message names the field."""

from __future__ import annotations

import dataclasses

import pytest

from backend.contract import settings as stage_settings
from backend.contract.failure import Failure
from backend.contract.options import from_dict, options_of, to_dict

CLASSES = [
    value
    for value in vars(stage_settings).values()
    if isinstance(value, type) and dataclasses.is_dataclass(value) and value.__name__.endswith("Settings")
]


@pytest.mark.parametrize("settings", CLASSES, ids=lambda settings: settings.__name__)
def test_every_option_has_help_and_a_default_that_is_allowed(settings: type) -> None:
    for option in options_of(settings):
        assert option.help and not option.help.endswith("."), option.name
        assert option.kind in ("bool", "int", "float", "str", "choice", "path"), option.name
        assert option.kind != "choice" or option.choices
    defaults = to_dict(settings())
    assert from_dict(settings, defaults, "test") == settings()


@pytest.mark.parametrize("settings", CLASSES, ids=lambda settings: settings.__name__)
def test_fields_and_choices_are_labelled_as_blender_does_and_no_two_alike(settings: type) -> None:
    labels = [option.label for option in options_of(settings)]
    assert len(set(labels)) == len(labels)
    for option in options_of(settings):
        choices = option.choices or {}
        assert set(option.choice_labels) <= set(choices), option.name
        shown = [option.choice_label(choice) for choice in choices]
        assert len(set(shown)) == len(shown), option.name
        for label in (option.label, *shown):
            assert (label[0].isupper() or label.startswith("glTF")) and "_" not in label, label


def test_the_import_options_can_be_read_in_a_sidebar_as_wide_as_blender_makes_it() -> None:
    # Measured in Blender 5.2: "Look Through Camera" and "Shape Key per Frame" were cut off beside their check boxes.
    assert [option.label for option in options_of(stage_settings.SceneSettings) if len(option.label) > 16] == []


def test_a_name_that_says_enough_is_its_own_label() -> None:
    options = {option.name: option for option in options_of(stage_settings.FitSettings)}
    assert options["longest_gap"].label == "Longest Gap"
    assert options["device"].label == "Compute On"
    assert [options["device"].choice_label(name) for name in ("auto", "cpu")] == ["Automatic", "Processor"]


@pytest.mark.parametrize("settings", CLASSES, ids=lambda settings: settings.__name__)
def test_numbers_have_a_range(settings: type) -> None:
    for option in options_of(settings):
        if option.kind in ("int", "float"):
            assert option.minimum is not None, f"{option.name} has no lower bound"
            assert option.minimum <= option.default
            assert option.maximum is None or option.default <= option.maximum


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"strid": 1}, ["'strid'", "stride"]),
        ({"stride": 0}, ["'stride'", "at least 1", "0"]),
        ({"stride": 2.5}, ["'stride'", "whole number"]),
        ({"stride": True}, ["'stride'", "whole number"]),
        ({"stride": "2"}, ["'stride'", "'2'"]),
        ({"target_rate": float("nan")}, ["'target_rate'"]),
        ({"path": 7}, ["'path'", "text"]),
    ],
)
def test_a_wrong_value_is_refused_by_name(values: dict, words: list[str]) -> None:
    result = from_dict(stage_settings.VideoSettings, values, "Stage 'clip'")
    assert isinstance(result, Failure)
    assert all(word in str(result) for word in ["Stage 'clip'", *words])


def test_a_wrong_choice_lists_the_right_ones() -> None:
    result = from_dict(stage_settings.LandmarkSettings, {"quality": "perfect"}, "Stage 'points'")
    assert isinstance(result, Failure)
    assert "draft, standard, best" in result.sentence


def test_a_whole_number_will_do_for_a_length() -> None:
    result = from_dict(stage_settings.VideoSettings, {"target_rate": 25}, "x")
    assert result.target_rate == 25.0 and isinstance(result.target_rate, float)


def test_settings_cannot_be_changed_behind_ones_back() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        stage_settings.VideoSettings().stride = 2  # type: ignore[misc]
