"""What Blender and the engine agree on: settings, jobs, events, tracks, cameras, names. Standard library and numpy only."""
