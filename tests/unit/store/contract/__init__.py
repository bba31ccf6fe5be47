"""What every store does, whatever its database: one set of cases for all of them."""
