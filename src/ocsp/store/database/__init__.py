"""The SQLite file of a store: its tables, and connections that read and write it."""
