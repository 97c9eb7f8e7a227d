"""Sensors that wait for picture tasks."""
