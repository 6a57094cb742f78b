"""The Blender side: bpy, numpy, the standard library and `backend.contract`, reached by relative import alone.

Where things are:

- Told to Blender: `registration` (what and in which order), `properties` (fields made of the settings), `preferences`,
  `drop` (a video or photographs dropped onto a view).
- The engine as a program, without `bpy`: `process` (one process), `session` and `run` (jobs on their way), `look` (who
  is in a video), `model_files`, `environment` and `installer` (what is installed, and installing it), `flavour`.
- The engine in this Blender: `runs` (trees that are tracked), `preflight` (before they start), `delivery` (what is
  finished comes into the scene), `all_faces` (everyone in a clip), `setup` (installing), `engine_watch` (whether there
  is an engine), `footage` (what is known of videos).
- Results: `result` (which one is meant), `review` (how good it is), `showing` (importing it so that it is seen).
- Shared: `scene_state` (a scene's tree), `paths`, `stamp`, `redrawing`.
- Folders: `nodes` (the tree, its states, where its results lie, how it becomes a job), `operators` (what buttons do),
  `ui` (what is drawn), `scene` (what a track becomes in Blender).
- For development: `headless`, `benchmark`, `benchmark_interface`, `projection_check`.
"""
