"""The plan of an installation: what is wanted, what this computer has, what would be fetched. Changes nothing.

Stands on `..process` and the contract. Start at `planning`.
"""
