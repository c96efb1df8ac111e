"""The names of the data sets, for code that must not import numpy; `registry` has what is behind them."""

NAMES = ["mnist", "fashion-mnist", "kmnist", "qmnist", "digits"]
