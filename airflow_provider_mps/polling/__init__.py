"""Waiting: who asks about which task when, and what the end of it means."""
