"""Networks of others that guess FLAME's codes from a picture; used as starts of the fit where their files are there."""
