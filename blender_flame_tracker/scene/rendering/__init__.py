"""Renders over the footage: what the head does in them, and what makes both one picture.

Start reading at `render_setup`, which sets all of it up.
"""
