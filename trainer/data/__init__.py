"""What only the trainer needs of data sets: the validation split and the download."""
