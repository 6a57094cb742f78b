"""What Blender and the engine agree on: settings, jobs, events, tracks, cameras, names. Stdlib and numpy only."""
