"""Checks of a character: before anything is written, and what moved of it afterwards.

Start reading at `check_report` and at `verify`.
"""
