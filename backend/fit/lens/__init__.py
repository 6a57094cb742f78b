"""The lens: what is plausible, what the outline says of it, and zooms.

Calls the other folders of the fit, and `video` for the background. Start with `lens_prior`, then
`outline_focal` and `zoom`.
"""
