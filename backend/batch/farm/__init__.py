"""Farms: shots of a batch tracked on other computers, by Dask's scheduler or from an Open Job Description.

All see the folder of the batch on a drive that they share. `checks` says what a computer needs, `dask_crew` gives it
shots, and `openjd` writes the template for a render farm.
"""
