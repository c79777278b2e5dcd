"""The shared core of every command: no click, no printing, no exit in here."""
