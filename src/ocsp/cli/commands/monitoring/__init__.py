"""Commands for operators of responders: probe them, and examine them."""
