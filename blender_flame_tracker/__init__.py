"""The Blender side: bpy, numpy, the standard library and `backend.contract`, reached by relative import alone.

From the ground up; a folder calls only those above it in this list (`tests/test_floors.py` holds it to that):

- Files here: `names`, `paths`, `text`, `file_stamp`, `own_operators`, `polling`, `handlers`, then `redrawing`.
- `engine`: the engine as a program, without `bpy`.
- `preferences`: what a user sets once.
- `scene`: what a track becomes in Blender.
- `properties`, a file: fields made of the settings.
- `nodes`: the tree, its states, where its results lie, how it becomes a job.
- `results`: which result is meant, how good it is, how it comes into the scene.
- `calibration`: how strongly a performance is played, from which resting face.
- `exporters`: files for other programs, by Blender's own exporters.
- `pinning`: frames put right by hand, in the 3D view.
- `retarget`: characters of the user, and a performance put onto them.
- `tracking`: trees that are tracked, and the footage.
- `operators`: what buttons do.
- `ui`: what is drawn.
- `registration`: what Blender is told of, and in which order. Start reading there, or at `operators/track`.
- `headless`: for development.
"""
