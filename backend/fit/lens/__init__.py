"""The lens: prior of the focal length, evidence of the person's outline, and zooms.

Calls the other folders of the fit, and `video` for the background. Start with `lens_prior`, then
`outline_focal` and `zoom`.
"""
