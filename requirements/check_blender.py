"""Run in a new environment: imports Blender as a module and evaluates one mesh."""

import json
import sys

import bpy

mesh = bpy.data.meshes.new("check")
mesh.from_pydata([(0.0, 0.0, 0.0), (1.0, 0.0, 0.0), (0.0, 1.0, 0.0)], [], [(0, 1, 2)])
if abs(mesh.polygons[0].area - 0.5) > 1e-6:
    sys.exit("RuntimeError: Blender measured a triangle wrongly")
print(json.dumps({"blender": bpy.app.version_string}))
