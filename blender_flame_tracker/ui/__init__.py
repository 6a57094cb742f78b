"""User interface: panels, their sections, pictures and menus, also those of the node editor.

Calls everything but `registration` and `headless`; only looks up what is drawn. Start reading at `panel`.
"""
