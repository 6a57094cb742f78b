"""Draws a textured, lit head: everything of this package in a row, differentiable in all that goes in."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from .antialias import Edges, antialias, mesh_edges
from .clip import MeshRasterizer, clip_space
from .interpolate import interpolate, slopes, with_gradients
from .shading import shade, unit
from .texture import MipTexture, read_texture


@dataclass(frozen=True)
class TexturedMesh:
    """A mesh and where its texture lies.

    Attributes:
        faces: (F, 3) int64.
        uv: Texture coordinates (U, 2).
        uv_faces: Their index at the corners of the triangles (F, 3) int64.
        edges: Its edges.
    """

    faces: Tensor
    uv: Tensor
    uv_faces: Tensor
    edges: Edges


def textured_mesh(faces: Tensor, uv: Tensor, uv_faces: Tensor) -> TexturedMesh:
    """Return a mesh for drawing."""
    return TexturedMesh(faces.long(), uv, uv_faces.long(), mesh_edges(faces))


@dataclass(frozen=True)
class Drawn:
    """B pictures.

    Attributes:
        colour: Over the background (B, H, W, 3).
        cover: Share of each pixel that the mesh covers (B, H, W).
        ids: Triangle at each pixel's centre (B, H, W), -1 where there is none.
    """

    colour: Tensor
    cover: Tensor
    ids: Tensor


@dataclass(frozen=True)
class Lighting:
    """Spherical-harmonic light on B poses.

    Attributes:
        normals: Of the vertices (B, V, 3), in the axes of the light; need not be of length 1.
        coefficients: With exposure in them (B, 9, 3), terms as in `contract.shading`.
        least: Brightness of each colour that reaches every place (B, 3).
    """

    normals: Tensor
    coefficients: Tensor
    least: Tensor


def draw_lit(
    rasterizer: MeshRasterizer,
    mesh: TexturedMesh,
    vertices: Tensor,
    lens: Tensor,
    texture: MipTexture,
    light: Lighting,
    background: Tensor,
) -> Drawn:
    """Draw poses of a head with its texture under its light; smooth outlines, no flicker of textures seen from afar.

    Args:
        rasterizer: From `choice.best_rasterizer`.
        mesh: Triangles and texture coordinates.
        vertices: In camera axes (B, V, 3), metres.
        lens: fx, fy, cx, cy in pixels, (4,) or (B, 4).
        texture: Colours without light.
        light: On the head.
        background: (B, H, W, 3).
    """
    height, width = background.shape[1:3]
    clip = clip_space(vertices, lens, width, height)
    seen = with_gradients(rasterizer.rasterize(clip, mesh.faces, width, height), clip, mesh.faces)
    normals = unit(interpolate(light.normals, mesh.faces, seen))
    uv = interpolate(mesh.uv, mesh.uv_faces, seen)
    by_pixel = slopes(mesh.uv, mesh.uv_faces, mesh.faces, clip, seen)
    there = (seen.ids >= 0)[..., None]
    lit = read_texture(texture, uv, by_pixel) * shade(normals, light.coefficients, light.least)
    colour = torch.cat([torch.where(there, lit, background.to(lit)), there.to(lit)], dim=-1)
    smooth = antialias(colour, seen, clip, mesh.edges)
    return Drawn(smooth[..., :3], smooth[..., 3], seen.ids)
