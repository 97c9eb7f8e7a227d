"""A service that is none of the package's, with nothing but these files: what "How to add a service" describes.

It is registered by importing it, and is run through operator, sensor, trigger, retries and a batch.
"""
