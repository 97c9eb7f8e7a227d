"""Alibaba Aidge: words, codes, requests and answers."""
