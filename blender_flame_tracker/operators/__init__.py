"""What the user can do; one family of operators per file."""
