"""Training: the loop, gradients, Adam, precision, threads and CUDA graphs."""
