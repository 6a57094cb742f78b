"""Programs that make the tables and lists which the program reads; nothing that is installed needs them."""
