"""Trains grids of variational autoencoders and writes run directories; knows nothing of the terminal."""
