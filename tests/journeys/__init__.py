"""What users do, played in a pseudo-terminal; asserted on the screen as it is read back."""
