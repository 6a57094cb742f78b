"""Run in a new environment: imports what the engine uses, computes a little, ends with a line of JSON."""

import importlib.metadata
import importlib.util
import json
import sys

import ai_edge_litert.interpreter
import av
import cv2
import numpy
import scipy.sparse.linalg
import torch
from numba import njit

providers = [
    distribution.metadata["Name"]
    for distribution in importlib.metadata.distributions()
    if (distribution.metadata["Name"] or "").lower().startswith("opencv")
]
if providers != ["opencv-python"]:
    sys.exit(f"RuntimeError: exactly opencv-python should provide cv2, found {', '.join(providers) or 'none'}")


@njit
def add_up(values):
    """Sum an array in compiled code."""
    total = 0.0
    for value in values:
        total += value
    return total


matrix = torch.tensor([[4.0, 1.0], [1.0, 3.0]], dtype=torch.float64)
right = torch.tensor([1.0, 2.0], dtype=torch.float64)
solution = torch.linalg.solve(matrix, right).numpy()
expected = numpy.array([1.0, 7.0]) / 11.0
if not numpy.allclose(solution, expected):
    sys.exit(f"RuntimeError: torch solved a 2 x 2 system wrongly: {solution}")
sparse = scipy.sparse.linalg.spsolve(scipy.sparse.csc_matrix(matrix.numpy()), right.numpy())
if not numpy.allclose(sparse, expected):
    sys.exit(f"RuntimeError: scipy solved a 2 x 2 system wrongly: {sparse}")
if add_up(numpy.arange(5.0)) != 10.0:
    sys.exit("RuntimeError: numba added wrongly")
if cv2.Rodrigues(numpy.zeros(3))[0].trace() != 3.0:
    sys.exit("RuntimeError: OpenCV made no rotation of zero")
picture = numpy.arange(48, dtype=numpy.uint8).reshape(4, 4, 3)
if not numpy.array_equal(av.VideoFrame.from_ndarray(picture, "rgb24").to_ndarray(), picture):
    sys.exit("RuntimeError: PyAV changed a picture")
# Of mediapipe only files are read: what it imports is not there.
mediapipe = importlib.util.find_spec("mediapipe")
if mediapipe is None:
    sys.exit("RuntimeError: mediapipe with its networks is missing")
model = f"{mediapipe.submodule_search_locations[0]}/modules/face_detection/face_detection_short_range.tflite"
ai_edge_litert.interpreter.Interpreter(model_path=model).allocate_tensors()

cuda_works = False
if torch.version.cuda is not None and torch.cuda.is_available():
    on_gpu = torch.linalg.solve(matrix.cuda(), right.cuda()).cpu().numpy()
    cuda_works = bool(numpy.allclose(on_gpu, expected))

print(json.dumps({"torch": torch.__version__, "torch_cuda": torch.version.cuda, "cuda_works": cuda_works}))
