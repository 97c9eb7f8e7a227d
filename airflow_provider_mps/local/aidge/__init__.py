"""The stand-in for Alibaba Aidge: its APIs, and the store that its results are fetched from."""
