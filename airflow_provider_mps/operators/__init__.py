"""Operators that submit picture tasks."""
