"""Parts of a tracker that is set up: networks, head, texture space, parser."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from ..contract.arrays import Floats, Integers
from ..contract.failure import Failure, Notice
from ..contract.settings import HeadSettings
from ..head.albedo.code_space import AlbedoSpace, albedo_space
from ..head.choosing import with_identity
from ..head.ears import EarOutline, ear_outlines
from ..head.flame.side_files import read_uv_object
from ..head.library import left_out_notices, resolve_head
from ..head.model import HeadModel
from ..landmarks.networks import Networks, find_networks
from ..parsing.parser import Parser, open_parser
from ..regress.starts import guess_files
from ..system.project import MODELS
from .config import LegacyConfig


@dataclass(frozen=True)
class Parts:
    """Set up once, used for every picture.

    Attributes:
        head: The head model, with no more modes than the dictionary holds and without lids of its own.
        networks: Landmark networks.
        networks_source: Which they are.
        space: Space of the texture code.
        parser: Parses portraits.
        skin: Vertices whose colour tells of the light.
        guesses: Files of networks that guess the identity, see `regress.starts`.
    """

    head: HeadModel
    networks: Networks
    networks_source: str
    space: AlbedoSpace
    parser: Parser
    skin: Integers
    guesses: tuple[Path, ...]

    def of_known_shape(self, shape: Floats) -> Parts:
        """Return the same for a person whose identity (N,) is known and is not fitted."""
        return dataclasses.replace(self, head=with_identity(self.head, shape), guesses=())

    @cached_property
    def ears(self) -> tuple[EarOutline, EarOutline] | None:
        """The outlines of the ears; None where the head does not name them."""
        return ear_outlines(self.head.template, self.head.regions)

    @property
    def known_shape(self) -> Floats | None:
        """The identity where it is not fitted."""
        return self.head.fixed_identity

    @property
    def sources(self) -> dict[str, str]:
        """What the numbers come from: head model, landmarks, texture space, parsing."""
        return {
            "head_model": f"{self.head.name} ({self.head.licence})",
            "landmarks": self.networks_source,
            "tex_space": self.space.name,
            "parsing": self.parser.source,
        }


def set_up(config: LegacyConfig, tell: Callable[[Notice], None], models: Path = MODELS) -> Parts | Failure:
    """Load what the configuration names, and what lies in the folder of models where it names nothing.

    Files that are named must fit; `tell` hears of others that do not, and are not used.
    """
    files = find_networks(str(config.task_file or ""), models)
    if isinstance(files, Failure):
        return files
    if files.left_out is not None:
        tell(Notice(files.left_out.code, files.left_out.sentence, files.left_out.advice))
    settings = HeadSettings(
        source="builtin" if config.head_file is None else "file",
        file=str(config.head_file or ""),
        identity_modes=config.version.shape_modes,
        expression_modes=config.version.expression_modes,
    )
    head = resolve_head(settings, models)
    if isinstance(head, Failure):
        return head
    for notice in left_out_notices(head):
        tell(notice)
    # The dictionary has no place for lids: shape, exp, pose and eye_pose alone must give its vertices.
    head = _with_texture_places(dataclasses.replace(head, eyelids=None), config, tell)
    if isinstance(head, Failure):
        return head
    space = albedo_space(head, config.texture_file)
    if isinstance(space, Failure):
        return space
    networks = Networks(files)
    parser = open_parser(head, networks.person, models, config.parsing_file, config.device, tell)
    if isinstance(parser, Failure):
        return parser
    skin = np.asarray(head.regions.get("face", np.arange(head.vertex_count)))
    guesses = tuple(guess_files(models, *config.model_folders))
    return Parts(head, networks, files.source, space, parser, skin, guesses)


def _with_texture_places(head: HeadModel, config: LegacyConfig, tell: Callable[[Notice], None]) -> HeadModel | Failure:
    """The head with the texture coordinates of the template that the configuration names."""
    if config.template_file is None:
        return head
    if config.head_file is None:
        name = config.template_file.name
        tell(Notice("template-not-used", f"{name} belongs to FLAME and is not used: the head is the built-in one."))
        return head
    coordinates = read_uv_object(config.template_file, len(head.faces))
    if isinstance(coordinates, Failure):
        return coordinates
    return dataclasses.replace(head, uv=coordinates[0], uv_faces=coordinates[1])
