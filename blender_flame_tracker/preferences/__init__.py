"""Preferences of the add-on: the engine's folder and state, the folder of the model files, and how they are drawn.

Calls `engine` and the files at the add-on's root. Start reading at `preferences`.
"""
