"""What takes longest in Python, compiled where there was a C compiler when the package was installed."""
