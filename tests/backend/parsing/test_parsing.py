"""Parsing of portraits: our own by geometry, BiSeNet by a file in the published layout."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from backend.contract.failure import Failure, Notice
from backend.head.builtin import builtin_head
from backend.parsing import classes
from backend.parsing.bisenet import BiSeNet, load_bisenet, parse_with
from backend.parsing.parser import open_classes, open_parser

CPU = torch.device("cpu")


def norm(name: str, width: int) -> dict[str, tuple[int, ...]]:
    parts = dict.fromkeys(("weight", "bias", "running_mean", "running_var"), (width,))
    return {f"{name}.{part}": shape for part, shape in {**parts, "num_batches_tracked": ()}.items()}


def convolution(name: str, outputs: int, inputs: int, kernel: int) -> dict[str, tuple[int, ...]]:
    return {f"{name}.conv.weight": (outputs, inputs, kernel, kernel), **norm(f"{name}.bn", outputs)}


def published_layout() -> dict[str, tuple[int, ...]]:
    """Names and shapes of 79999_iter.pth, written down from the architecture's description."""
    layout = {"cp.resnet.conv1.weight": (64, 3, 7, 7), **norm("cp.resnet.bn1", 64)}
    for stage, (inputs, outputs) in enumerate([(64, 64), (64, 128), (128, 256), (256, 512)], 1):
        for block in range(2):
            name = f"cp.resnet.layer{stage}.{block}"
            layout[f"{name}.conv1.weight"] = (outputs, outputs if block else inputs, 3, 3)
            layout[f"{name}.conv2.weight"] = (outputs, outputs, 3, 3)
            layout |= norm(f"{name}.bn1", outputs) | norm(f"{name}.bn2", outputs)
            if block == 0 and stage > 1:
                layout[f"{name}.downsample.0.weight"] = (outputs, inputs, 1, 1)
                layout |= norm(f"{name}.downsample.1", outputs)
    for name, inputs in (("arm16", 256), ("arm32", 512)):
        layout |= convolution(f"cp.{name}.conv", 128, inputs, 3) | norm(f"cp.{name}.bn_atten", 128)
        layout[f"cp.{name}.conv_atten.weight"] = (128, 128, 1, 1)
    layout |= convolution("cp.conv_head32", 128, 128, 3) | convolution("cp.conv_head16", 128, 128, 3)
    layout |= convolution("cp.conv_avg", 128, 512, 1) | convolution("ffm.convblk", 256, 256, 1)
    layout |= {"ffm.conv1.weight": (64, 256, 1, 1), "ffm.conv2.weight": (256, 64, 1, 1)}
    for name, inputs, middle in (("conv_out", 256, 256), ("conv_out16", 128, 64), ("conv_out32", 128, 64)):
        layout |= convolution(f"{name}.conv", middle, inputs, 3)
        layout[f"{name}.conv_out.weight"] = (19, middle, 1, 1)
    return layout


def random_weights() -> dict[str, torch.Tensor]:
    generator = torch.Generator().manual_seed(3)

    def tensor(name: str, shape: tuple[int, ...]) -> torch.Tensor:
        if name.endswith("num_batches_tracked"):
            return torch.tensor(79999)
        if name.endswith("running_var"):
            return torch.ones(shape)
        return torch.randn(shape, generator=generator) * 0.05

    return {name: tensor(name, shape) for name, shape in published_layout().items()}


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("weights") / "79999_iter.pth"
    torch.save(random_weights(), path)
    return path


def test_the_network_has_exactly_the_published_names_and_shapes() -> None:
    assert {name: tuple(value.shape) for name, value in BiSeNet().state_dict().items()} == published_layout()


def test_a_file_in_the_published_layout_is_used(weights: Path) -> None:
    parser = open_parser(builtin_head(), None, weights.parent, None, CPU)
    assert not isinstance(parser, Failure)
    assert parser.network is not None
    assert parser.source == "BiSeNet (79999_iter.pth)"
    torch.testing.assert_close(parser.network.ffm.conv1.weight, random_weights()["ffm.conv1.weight"])
    picture = np.random.default_rng(0).integers(0, 255, (300, 300, 3), dtype=np.uint8)
    parsing = parse_with(parser.network, picture)
    assert parsing.shape == (512, 512)
    assert parsing.dtype == np.int64
    assert parsing.min() >= 0 and parsing.max() <= 18


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda content: content.pop("ffm.conv1.weight"), ["lacks 'ffm.conv1.weight'"]),
        (lambda content: content.update(extra=torch.zeros(1)), ["has the unexpected 'extra'"]),
        (lambda content: content.update({"ffm.conv1.weight": torch.zeros(2)}), ["'ffm.conv1.weight'", "(2,)"]),
        (lambda content: content.update({"cp.resnet.bn1.bias": torch.full((64,), torch.nan)}), ["not numbers"]),
    ],
)
def test_other_weights_are_refused_with_what_is_wrong(change, words: list[str], tmp_path: Path) -> None:
    content = random_weights()
    change(content)
    path = tmp_path / "79999_iter.pth"
    torch.save(content, path)
    failure = load_bisenet(path, CPU)
    assert isinstance(failure, Failure)
    assert all(word in failure.sentence for word in words), failure.sentence


def test_unfit_weights_in_the_folder_of_models_are_named_and_ours_is_used(tmp_path: Path) -> None:
    content = random_weights()
    content["ffm.conv9.weight"] = content.pop("ffm.conv1.weight")
    torch.save(content, tmp_path / "79999_iter.pth")
    told: list[Notice] = []
    parser = open_parser(builtin_head(), None, tmp_path, None, CPU, told.append)
    assert not isinstance(parser, Failure)
    assert parser.network is None and "our own" in parser.source
    assert open_classes(tmp_path, CPU, told.append) is None
    assert len(told) == 2
    assert all(
        "lacks 'ffm.conv1.weight' and has the unexpected 'ffm.conv9.weight'" in notice.sentence for notice in told
    )
    named = open_parser(builtin_head(), None, tmp_path, tmp_path / "79999_iter.pth", CPU, told.append)
    assert isinstance(named, Failure), "somebody asked for this very file"


def test_pictures_of_any_shape_are_parsed_pixel_by_pixel(weights: Path) -> None:
    told: list[Notice] = []
    parse = open_classes(weights.parent, CPU, told.append)
    assert parse is not None and not told
    assert parse(np.zeros((60, 90, 3), dtype=np.uint8)).shape == (60, 90)


class Evil:
    def __reduce__(self):
        return (print, ("code of the file ran",))


def test_code_in_a_file_is_not_run(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    path = tmp_path / "79999_iter.pth"
    torch.save({"weight": Evil()}, path)
    failure = load_bisenet(path, CPU)
    assert isinstance(failure, Failure)
    assert failure.code == "weights-refused"
    assert capsys.readouterr().out == ""


def test_there_are_19_names_and_colours() -> None:
    assert len(classes.NAMES) == len(classes.COLOURS) == 19
    assert (classes.NAMES[classes.NECKLACE], classes.NAMES[classes.HAIR]) == ("necklace", "hair")
