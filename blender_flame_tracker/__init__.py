"""The Blender side: bpy, numpy, the standard library and `backend.contract`, reached by relative import alone."""
