"""Mutations of documents, for the campaigns that compare readers and attack them."""
