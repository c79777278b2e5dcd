"""What the network saw of a line, frame by frame, to text and how sure it is."""
