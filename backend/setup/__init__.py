"""Making the engine's environment. Standard library only: it runs before anything is installed."""
