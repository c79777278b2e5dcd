"""From samples to a model: the network, its training, and what is made of it then."""
