"""Pictures as the refinement compares them: fine structure of brightness at points of the skin, and their visibility.

May call `backend.fit` and what lies below it. Start with `view`; `device` does the same on a GPU.
"""
