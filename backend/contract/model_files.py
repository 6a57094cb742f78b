"""Names of the files in the folder of models, as their makers give them, and the places where they are searched for."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Final

from .file_access import is_file, is_folder

FLAME_OPEN: Final = "flame2023_Open.pkl"
FLAME_2023: Final = "flame2023.pkl"
FLAME_2020: Final = "generic_model.pkl"
TASK_FILES: Final = ("face_landmarker.task", "face_landmarker_v2_with_blendshapes.task")
"""MediaPipe's Face Landmarker: as its makers name it, and as others hand it on."""
FACE_MESH: Final = "Face Mesh"
"""How the name of the networks begins that come with the mediapipe package."""

REGIONS: Final = "FLAME_masks.pkl"
UV_OBJECT: Final = "head_template.obj"
UV_TEXTURE: Final = "FLAME_texture.npz"
EYELIDS: Final = ("l_eyelid.npy", "r_eyelid.npy")
EMBEDDING_105: Final = "mediapipe_landmark_embedding.npz"
EMBEDDING_68: Final = "landmark_embedding.npy"
ALBEDO: Final = "FLAME_albedo_from_BFM.npz"
UNUSED: Final = ("albedoModel2020_FLAME_albedoPart.npz",)
"""Models of skin colour, which nothing here reads."""
SIDE_FILES: Final = (REGIONS, UV_OBJECT, UV_TEXTURE, ALBEDO, *EYELIDS, EMBEDDING_105, EMBEDDING_68)

PARSING_WEIGHTS: Final = "79999_iter.pth"
"""BiSeNet's, as its makers name the file."""
MICA_FILE: Final = "mica.tar"
DECA_FILE: Final = "deca_model.tar"

_HEAD_ENDINGS: Final = (".pkl", ".npz")
_BESIDE_ENDINGS: Final = (*_HEAD_ENDINGS, ".npy", ".json", ".obj")
_FLAME: Final = "flame"
"""How folders begin in which the files of one version of FLAME lie, such as ``FLAME2020``."""


def other_names(name: str) -> tuple[str, ...]:
    """Return all names that a file may have, its own included."""
    return TASK_FILES if name in TASK_FILES else (name,)


def task_file(folder: Path) -> Path | None:
    """Return the face landmarker in a folder of models, or None."""
    return next((folder / name for name in TASK_FILES if is_file(folder / name)), None)


def model_folders(folder: Path) -> list[Path]:
    """Return a folder of models and those in it that are named after FLAME; a folder that cannot be read has none."""
    return [folder, *(each for each in _content(folder) if each.name.lower().startswith(_FLAME) and is_folder(each))]


def find_model_file(folder: Path, name: str) -> Path | None:
    """Return the file of that name in a folder of models or in one of its folders named after FLAME, or None."""
    return next((each / name for each in model_folders(folder) if is_file(each / name)), None)


def head_files(folder: Path) -> list[Path]:
    """Return what may be a head model in a folder of models.

    First what lies in the folder itself, then in its folders named after FLAME; in each the models of everybody before
    those of women or men, then by name.
    """
    heads: list[Path] = []
    for each in model_folders(folder):
        files = [path for path in _content(each) if path.suffix.lower() in _HEAD_ENDINGS and is_file(path)]
        files = [path for path in files if path.name not in (*SIDE_FILES, *UNUSED)]
        heads += sorted(files, key=lambda path: ("male" in path.name.lower(), path.name))
    return heads


def zip_archives(folder: Path) -> list[Path]:
    """Return archives of FLAME in a folder of models, as they were downloaded: nothing in them is found."""
    named = (path for path in _content(folder) if path.name.lower().startswith(_FLAME))
    return [path for path in named if path.suffix.lower() == ".zip" and is_file(path)]


def folders_beside(model: Path) -> tuple[Path, ...]:
    """Return the folders in which files that belong to a head model lie: its own, and above one named after FLAME."""
    folder = model.parent
    return (folder, folder.parent) if folder.name.lower().startswith(_FLAME) else (folder,)


def files_of_head(source: str, file: str, models: Path) -> list[Path]:
    """Return the files that count for a head, told by their names alone, in a fixed order.

    Args:
        source, file: As in `HeadSettings`.
        models: Folder of model files.
    """
    if source == "auto":
        return _head_and_side_files(model_folders(models))
    if source != "file" or not file:
        return []
    model = Path(file).expanduser()
    return [model, *_head_and_side_files(folders_beside(model))]


def _head_and_side_files(folders: Iterable[Path]) -> list[Path]:
    files = (path for folder in folders for path in _content(folder) if path.suffix.lower() in _BESIDE_ENDINGS)
    return sorted(path for path in files if path.name not in (ALBEDO, *UNUSED))


def _content(folder: Path) -> list[Path]:
    try:
        return sorted(folder.iterdir())
    except OSError:
        return []
