"""What people look at after a run: numbers, curves, a contact sheet and the overlay."""
