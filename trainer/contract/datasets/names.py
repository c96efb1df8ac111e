"""The names of the data sets, for code that must not import numpy; `registry` has what is behind them."""

AUTO = "mnist"  # the data set for "auto", unless it cannot be had
NAMES = ["mnist", "fashion-mnist", "kmnist", "qmnist", "digits"]
