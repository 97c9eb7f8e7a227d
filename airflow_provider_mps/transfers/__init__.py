"""Transfers between COS and the worker's disk."""
