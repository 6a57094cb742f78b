"""What is wanted, what this computer has, and what would be fetched: reads and asks, changes nothing.

Stands on `..process` and the contract. Start at `planning`.
"""
