"""How the optional files in the folder of models are called, by those who make them."""

from __future__ import annotations

from typing import Final

REGIONS: Final = "FLAME_masks.pkl"
UV_OBJECT: Final = "head_template.obj"
UV_TEXTURE: Final = "FLAME_texture.npz"
EYELIDS: Final = ("l_eyelid.npy", "r_eyelid.npy")
EMBEDDING_105: Final = "mediapipe_landmark_embedding.npz"
EMBEDDING_68: Final = "landmark_embedding.npy"
ALBEDO: Final = "FLAME_albedo_from_BFM.npz"
UNUSED: Final = ("albedoModel2020_FLAME_albedoPart.npz",)
"""Models of skin colour, which nothing here reads."""

PARSING_WEIGHTS: Final = "79999_iter.pth"
"""BiSeNet's, as its makers name the file; it lies in the same folder."""

SIDE_FILES: Final = (REGIONS, UV_OBJECT, UV_TEXTURE, ALBEDO, *EYELIDS, EMBEDDING_105, EMBEDDING_68)
