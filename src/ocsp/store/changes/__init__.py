"""Changes of the certificates in a store: of their status, and of which there are."""
