"""Train grids of variational autoencoders and write run directories; independent of the terminal."""
