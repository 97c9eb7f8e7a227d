"""The services: a folder for each wire. Pure; none imports another."""
