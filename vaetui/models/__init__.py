"""Trained models in numpy: encoding, decoding, weights for other programs."""
