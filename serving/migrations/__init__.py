"""Revisions of our own database, run by `serving.store`."""
