"""The services: a folder for each wire, pure, which imports the core and never another one."""
