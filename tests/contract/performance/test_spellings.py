"""ARKit's names are recognised however they are spelled, and other names are not taken for them."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from backend.contract.performance.channels import CHANNELS
from backend.contract.performance.characters.arkit import ARKIT
from backend.contract.performance.characters.spellings import find_meant, words_of

SPELLINGS: dict[str, Callable[[str], str]] = {
    "ARKit": str,
    "Unreal and Live Link Face": lambda name: name[0].upper() + name[1:],
    "lower case": str.lower,
    "upper case": str.upper,
    "Face Cap": lambda name: name.replace("Left", "_L").replace("Right", "_R"),
    "with spaces": lambda name: name.replace("Left", " Left").replace("Right", " Right"),
    "with dots": lambda name: name.replace("Left", ".l").replace("Right", ".r"),
    "MPFB": lambda name: f"!ex-{name}",
    "Maya": lambda name: f"blendShape1.{name}",
    "Face_": lambda name: f"Face_{name}",
    "shp_": lambda name: f"shp_{name[0].upper()}{name[1:]}",
    "a mesh's name": lambda name: f"Wolf3D_Head.{name}",
    "Daz": lambda name: f"facs_bs_{name[0].upper()}{name[1:]}_div2",
    "numbers": lambda name: f"{CHANNELS.index(name):02d}_{name}",
    "words": lambda name: "_".join(words_of(name)),
    "copies": lambda name: f"{name}.001",
}


@pytest.mark.parametrize("spelling", SPELLINGS.values(), ids=SPELLINGS)
def test_all_52_are_found_in_every_spelling(spelling: Callable[[str], str]) -> None:
    found = find_meant([spelling(name) for name in CHANNELS], ARKIT.table)
    assert {name: entry.parts for name, entry in found.items()} == {spelling(name): {name: 1.0} for name in CHANNELS}


def test_names_of_character_creators_older_characters_are_arkits() -> None:
    names = ["A01_Brow_Inner_Up", "A14_Eye_Blink_Left", "A25_Jaw_Open", "A38_Mouth_Smile_Left", "T10_Tongue_Up"]
    found = find_meant(names, ARKIT.table)
    assert [entry.name for entry in found.values()] == ["browInnerUp", "eyeBlinkLeft", "jawOpen", "mouthSmileLeft"]


@pytest.mark.parametrize("name", ["Upper_JawOpen", "Old_jawOpen", "jawOpen_fix", "JawOpen50", "Kiefer", "", "!", "12"])
def test_a_single_name_that_only_holds_a_channels_is_another(name: str) -> None:
    assert find_meant([name, "eyeBlinkLeft"], ARKIT.table).keys() == {"eyeBlinkLeft"}


def test_of_two_spellings_of_a_channel_on_one_mesh_only_one_is_taken() -> None:
    assert list(find_meant(["jawOpen", "JawOpen", "jaw_open"], ARKIT.table)) == ["jawOpen"]
