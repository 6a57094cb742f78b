"""Table of the benchmarks. A new one is one more entry here and a file with a function."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from ..contract.failure import Failure
from .chain import Setup
from .rows import Row

Measure = Callable[[Setup], list[Row] | Failure]


@dataclass(frozen=True)
class Benchmark:
    """A benchmark: its name for ``--only``, what it is about, and the module whose `measure` does it."""

    name: str
    title: str
    module: str

    def function(self) -> Measure:
        """Return the function; its docstring says exactly what is measured."""
        return importlib.import_module(f".{self.module}", __package__).measure


BENCHMARKS: Final[Mapping[str, tuple[Benchmark, ...]]] = {
    "speed": (
        Benchmark("clip", "a clip of 300 frames, decode to track file", "speed.clip"),
        Benchmark("photo", "one photograph, file to dictionary", "speed.photo"),
        Benchmark("solve", "the solve alone, and how it grows", "speed.solve"),
        Benchmark("memory", "peak memory of 3000 frames of 1280x720", "speed.memory"),
        Benchmark("appearance", "the stage Appearance: 300 frames, and its peak memory", "speed.appearance"),
        Benchmark("batch", "many shots with 1, 2 and 4 workers, and killed ones", "speed.batch"),
        Benchmark("batch-growth", "a batch of 10 to 1000 shots without stages", "speed.batch_growth"),
        Benchmark("import", "import into Blender", "speed.blender_import"),
        Benchmark("interface", "what Blender's window waits for", "speed.interface"),
        Benchmark("rasterizer", "every rasteriser that is installed", "speed.rasterizer"),
    ),
    "truth": (
        Benchmark("identity", "how far identities reach real heads", "truth.identity"),
        Benchmark("person", "halves of a clip the same, people different", "truth.person"),
        Benchmark("several-clips", "one identity from one clip and from two", "truth.several_clips"),
        Benchmark("exact", "exact landmarks with noise and outliers", "truth.exact"),
        Benchmark("rendered", "rendered clips of six people, real landmarks", "truth.rendered"),
        Benchmark("appearance", "the same people refined by their pictures, and textured", "truth.appearance"),
        Benchmark("independent", "rendered clip of an independent head", "truth.independent"),
        Benchmark("lens", "unknown focal lengths, and their stated uncertainty", "truth.lens"),
        Benchmark("distortion", "lenses that bend lines, and lenses that do not", "truth.distortion"),
        Benchmark("motion", "fast heads and still ones", "truth.motion"),
        Benchmark("neck", "how far the base of the neck swings", "truth.neck"),
        Benchmark("confidence", "whether confidence and stated errors match the true errors", "truth.confidence"),
        Benchmark("turns", "whether heads turn as far as they are seen to turn", "truth.turns"),
        Benchmark("cuts", "cuts between joined clips, and none elsewhere", "truth.cuts"),
        Benchmark("mouth", "jaw and lips apart, lips that touch", "truth.mouth"),
        Benchmark("expression", "how much of a smile, a brow, a mouth is kept", "truth.expression"),
        Benchmark("lids", "shut lids are shut, open ones as open as the person's", "truth.lids"),
        Benchmark("arkit", "ARKit's weights: back and forth, turned, at rest, as a phone's", "truth.arkit"),
        Benchmark("outline", "the head's outline against people traced by hand", "truth.outline"),
        Benchmark("gaze", "where the eyes look", "truth.gaze"),
        Benchmark("corrections", "what pinned frames and an excluded hand bring", "truth.corrections"),
        Benchmark("held-out", "real clips, landmarks held out of the fit", "truth.held_out"),
        Benchmark("likeness", "real clips, the textured head against the footage", "truth.likeness"),
        Benchmark("pins", "frames pinned by hand, and the frames around them", "truth.pins"),
        Benchmark("blender", "imported mesh through Blender's camera", "truth.blender"),
        Benchmark("baseline", "the per-frame gradient descent of the research tracker beside ours", "truth.baseline"),
    ),
}
