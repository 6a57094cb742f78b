"""Settings of the stages that write something: track file, texture, report, export, and Blender's scene."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from .options import option


@dataclass(frozen=True)
class TrackFileSettings:
    """Where the track is written."""

    path: str = option("track.npz", "Track file to write", label="Track File", path=True)


TEXTURE_SIZES: Final = {
    "1024": "1024 pixels: enough for faces up to 500 pixels wide in the footage",
    "2048": "2048 pixels: for close-ups",
}


@dataclass(frozen=True)
class TextureSettings:
    """The colour of the head, baked from the footage."""

    path: str = option(
        "",
        "Picture to write (.png); empty is texture.png in the folder of the track file",
        label="Texture File",
        path=True,
        ending=".png",
    )
    size: str = option(
        "1024",
        "Width and height of the texture",
        label="Texture Size",
        choices=TEXTURE_SIZES,
        choice_labels={"1024": "Medium (1024)", "2048": "Large (2048)"},
    )
    frames: int = option(
        60,
        "Most frames to bake from, spread over the directions that the head faces: more take longer, hide small faults",
        label="Most Frames",
        minimum=1,
        maximum=1000,
        advanced=True,
    )
    remove_light: bool = option(
        True,
        "Remove the light of the footage, so that the head can be relit; off keeps it in the texture",
    )
    tracks: str = option(
        "",
        "Track files of more shots of the person: their footage goes into the same texture, each shot with its own "
        "camera and light",
        label="Other Shots",
        path=True,
        several=True,
    )


@dataclass(frozen=True)
class ReportSettings:
    """What is written for people to look at."""

    folder: str = option(
        "",
        "Folder for overlay, contact sheet and report; empty is the folder of the track file",
        label="Report Folder",
        path=True,
    )
    overlay: bool = option(
        True, "Write overlay.mp4: the mesh and the landmarks drawn over the footage", label="Overlay Video"
    )
    sheet: bool = option(True, "Write sheet.png: twelve frames at a glance", label="Contact Sheet")
    report: bool = option(True, "Write report.json and report.png: errors, confidence and motion over time")
    overlay_height: int = option(
        720,
        "Largest height of the overlay; the footage is never enlarged",
        unit="px",
        minimum=64,
        maximum=4320,
        advanced=True,
    )
    plate: bool = option(
        True,
        "Write an MP4 copy of the footage beside the track where Blender would show the original "
        "wrongly: MPEG program streams, high dynamic range, cover pictures",
        label="Copy of Footage",
        advanced=True,
    )


BACKGROUND_CHOICES: Final = {
    "white": "White, as trainers of Gaussian avatars expect it",
    "black": "Black, for trainers that are set to it",
    "kept": "The footage as it is; masks are still written",
}
PERFORMANCE_FORMATS: Final = ("live_link", "metahuman", "vrma", "camera")
"""Formats that are made from the track alone, see `performance.formats.writing`."""
SCENE_FORMATS: Final = ("gltf", "fbx_unity", "fbx_unreal", "usd", "alembic", "camera_fbx", "camera_alembic")
"""Formats that Blender writes of the track alone, named as the add-on's targets are."""
EXPORT_FORMATS: Final = (*PERFORMANCE_FORMATS, *SCENE_FORMATS, "avatar", "frames", "meshes", "metrical", "imavatar")
EXPORT_MOTION_CHOICES: Final = {
    "head": "The head moves in front of a still camera, as VHAP writes clips of one camera",
    "camera": "The camera moves around a still head: trainers then know how large the scene is",
}


@dataclass(frozen=True)
class ExportSettings:
    """What is written for other programs."""

    live_link: bool = option(
        False,
        "Write the performance as Live Link Face does, with ARKit's 52 weights, gaze and head: a CSV that Unreal,"
        " Faceit and most other programs read, with the sound beside it",
        label="Live Link Face",
    )
    metahuman: bool = option(
        False,
        "Write the performance as keys of MetaHuman's face controls: a CSV for Unreal's Rig Mapper",
        label="MetaHuman Controls",
    )
    vrma: bool = option(
        False,
        "Write the performance as a VRM animation, with expressions, gaze, head and neck: one file for the presets and"
        " one for Perfect Sync models",
        label="VRM Animation",
    )
    camera: bool = option(
        False,
        "Write the camera for Nuke (.chan), moving around the head, and still with the head moving, and the lens as"
        " JSON",
        label="Camera for Nuke",
    )
    gltf: bool = option(False, "Let Blender write head and camera as glTF (.glb)", label="Head as glTF")
    fbx_unity: bool = option(False, "Let Blender write head and camera as FBX for Unity", label="FBX for Unity")
    fbx_unreal: bool = option(
        False, "Let Blender write head and camera as FBX for Unreal, which needs the rig", label="FBX for Unreal"
    )
    usd: bool = option(False, "Let Blender write head and camera as USD (.usdc)", label="Head as USD")
    alembic: bool = option(False, "Let Blender write the exact mesh and the camera as Alembic", label="Head as Alembic")
    camera_fbx: bool = option(
        False, "Let Blender write the camera alone as FBX, moving around the head", label="Camera as FBX"
    )
    camera_alembic: bool = option(
        False, "Let Blender write the camera alone as Alembic, moving around the head", label="Camera as Alembic"
    )
    frames: bool = option(
        False,
        "Write one .npz per tracked frame, as version 4 of PeizhiYan's flame-head-tracker does: codes, pose, light,"
        " camera, aligned picture, parsing",
        label="Frame Files",
    )
    avatar: bool = option(
        False,
        "Write the folder that trainers of Gaussian avatars read: transforms.json, pictures, masks, FLAME parameters",
        label="Avatar Folder",
    )
    meshes: bool = option(
        False,
        "Write for every frame a mesh with its texture (.obj), the overlay, the aligned picture and the parsing:"
        " for photographs, and for a few frames of a clip",
        label="Meshes and Pictures",
    )
    metrical: bool = option(
        False,
        "Write the folder that trainers of INSTA and FlashAvatar read, as metrical-tracker leaves it: .frame files,"
        " canonical.obj, meshes, pictures, masks",
        label="Metrical-Tracker Folder",
    )
    imavatar: bool = option(
        False,
        "Write the folder that trainers of IMavatar, PointAvatar and SplattingAvatar read: flame_params.json, pictures,"
        " masks, parsing",
        label="IMavatar Folder",
    )
    background: str = option(
        "white",
        "Background of the avatar's pictures",
        choices=BACKGROUND_CHOICES,
        choice_labels={"kept": "As Filmed"},
    )
    motion: str = option(
        "head",
        "Whether the head or the camera moves in the scene of the avatar, and of head and camera by Blender",
        label="Avatar Motion",
        choices=EXPORT_MOTION_CHOICES,
        choice_labels={"camera": "Camera Moves", "head": "Head Moves"},
    )
    rig: bool = option(
        False, "In the files by Blender the head is a rig of bones and named shape keys, not a shape key per frame"
    )
    blender: str = option(
        "",
        "Blender that writes them, 4.2 or newer; empty takes what the variable BLENDER names, or the installed one",
        path=True,
    )
    cut_torso: bool = option(
        True,
        "Cut off pictures and masks for trainers below the neck, as VHAP does: FLAME has no shoulders",
        label="Cut Below the Neck",
    )
    folder: str = option(
        "", "Folder to write to; empty is a folder 'export' beside the track file", label="Export Folder", path=True
    )

    @property
    def formats(self) -> tuple[str, ...]:
        """The formats that are asked for, named as their settings and folders are."""
        return tuple(name for name in EXPORT_FORMATS if getattr(self, name))

    @property
    def scene_formats(self) -> tuple[str, ...]:
        """Those of them that Blender writes."""
        return tuple(name for name in SCENE_FORMATS if getattr(self, name))


@dataclass(frozen=True)
class PortraitSettings:
    """Where a folder is written for each of several photographs of one person."""

    folder: str = option("", "Folder in which each photograph gets a folder of its own", path=True)


MOTION_CHOICES: Final = {
    "camera": "The camera moves, the head stays still",
    "head": "The head moves, the camera stays still",
}

MATERIAL_CHOICES: Final = {
    "texture": "The texture that was baked from the footage if there is one, otherwise plain skin",
    "plain": "Plain skin, lips and eyes",
}
LIGHT_CHOICES: Final = {
    "none": "The light of the scene stays as it is",
    "world": "A world that lights the head as in the footage; the scene's own world is kept and comes back with None",
    "exposure": "The same world, with exposure and white balance of every frame as keys",
}


FORM_CHOICES: Final = {
    "keys": "A mesh with a shape key for each frame: exactly what was tracked, to be seen and rendered",
    "rig": "Bones and named shape keys with curves, to be edited by hand; the same on every frame to 0.05 mm",
    "both": "A rig, and beside it the mesh with a shape key for each frame, hidden, to compare with",
}
KEY_CHOICES: Final = {
    "absolute": "One curve plays all keys: exact and fast. Alembic and USD export it, FBX and glTF do not",
    "relative": "A curve for each key: FBX and glTF export the face, too; slower to play",
}
RATE_CHOICES: Final = {
    "scene": "The clip lasts as long as it was filmed: if the scene has another frame rate, head and footage "
    "are retimed, except for a movie clip that you opened yourself",
    "clip": "One frame of the scene for each frame of the clip, which plays slower or faster if the rates differ",
}
PLACE_CHOICES: Final = {
    "beside": "At the world's origin, or beside the heads that are already there",
    "origin": "At the world's origin",
    "cursor": "At the 3D cursor, turned as it is",
}
FIT_CHOICES: Final = {
    "auto": "In a new scene, set rate, range, resolution, camera and view transform to those of the clip; a "
    "scene with other objects keeps its own",
    "always": "Set them at every import",
    "never": "Keep them; the button Fit Scene to Clip sets them when you want it",
}


@dataclass(frozen=True)
class SceneSettings:
    """What becomes of a track in Blender."""

    motion: str = option(
        "camera",
        "Whether the head or the camera is animated; can be switched later without loss",
        choices=MOTION_CHOICES,
        choice_labels={"camera": "Camera Moves", "head": "Head Moves"},
    )
    form: str = option(
        "keys",
        "What moves the head: choose Rig to edit the performance",
        label="Import As",
        choices=FORM_CHOICES,
        choice_labels={"keys": "Shape Key per Frame", "both": "Rig and Shape Keys"},
    )
    shape_keys: bool = option(
        True,
        "One shape key per frame, exact on every frame; without them the file is small and the face does not move",
        label="Key per Frame",
    )
    key_kind: str = option(
        "absolute",
        "How the shape keys are animated: choose Relative to export the head as FBX or glTF",
        label="Shape Keys",
        choices=KEY_CHOICES,
    )
    key_error: float = option(
        0.0,
        "Leave out keys of a rig as long as no vertex moves by more than this, so that its curves can be edited by "
        "hand; 0 keeps a key on every frame",
        label="Reduce Keys",
        unit="mm",
        minimum=0.0,
        maximum=10.0,
    )
    hide_neck: bool = option(
        False,
        "Hide the neck with a Mask modifier where it would cover collar and shirt; switch the "
        "modifier off to export the shape keys to FBX or glTF",
        label="No Neck",
    )
    plate: bool = option(True, "Show the video behind the head through the camera", label="Footage")
    sound: bool = option(
        True,
        "Play the sound of the video: a strip in the sequencer, removed when the import is deleted",
        advanced=True,
    )
    material: str = option(
        "texture",
        "What the head looks like",
        choices=MATERIAL_CHOICES,
    )
    texture: str = option(
        "",
        "Picture for the head's UV map; empty is the linked one, otherwise texture.png beside the track",
        label="Texture File",
        path=True,
        advanced=True,
    )
    light: str = option(
        "none",
        "Light the scene with the light that was estimated from the footage",
        choices=LIGHT_CHOICES,
        choice_labels={"exposure": "World, Exposure Keyed"},
    )
    fit_scene: str = option(
        "auto",
        "Set rate, range, resolution, camera and view transform of the scene to those of the clip",
        label="Fit Scene",
        choices=FIT_CHOICES,
        choice_labels={"auto": "Automatic"},
    )
    rate: str = option(
        "scene",
        "What to do when scene and clip have different frame rates",
        choices=RATE_CHOICES,
        choice_labels={"scene": "Scene (Retimed)", "clip": "Clip (Frame by Frame)"},
        advanced=True,
    )
    camera_view: bool = option(
        True,
        "After the first import, look through the camera in the 3D views and hide Blender's default "
        "cube, which would cover the head",
        label="Camera View",
    )
    collection: str = option(
        "",
        "Collection that the clip's collection is put into, made if it does not exist; empty is the scene itself",
        label="Into Collection",
        names="collections",
    )
    first_frame: int = option(-1, "First frame of the track to import; -1 is its first", minimum=-1, advanced=True)
    last_frame: int = option(-1, "Last frame of the track to import; -1 is its last", minimum=-1, advanced=True)
    speed: float = option(
        1.0,
        "How fast the clip plays: 0.5 is slow motion at half speed, head and footage together; sound needs 1",
        minimum=0.01,
        maximum=100.0,
        advanced=True,
    )
    start_at: int = option(1, "Frame of the scene at which the clip starts", minimum=0, maximum=1000000)
    same_camera: str = option(
        "",
        "For a second person: the collection of another import of the same clip, whose camera and "
        "frames the head shares",
        label="Same Camera As",
        advanced=True,
        names="imports",
    )
    place: str = option(
        "beside",
        "Where head and camera stand after the first import; later imports leave them where you moved them",
        choices=PLACE_CHOICES,
        choice_labels={"cursor": "At 3D Cursor", "origin": "At World Origin", "beside": "Beside Other Heads"},
        advanced=True,
    )

    @property
    def has_rig(self) -> bool:
        """Whether a rig moves the head."""
        return self.form in ("rig", "both")

    @property
    def has_frames(self) -> bool:
        """Whether some mesh gets a shape key per frame."""
        return self.shape_keys and self.form in ("keys", "both")
