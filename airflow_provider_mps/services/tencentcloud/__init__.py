"""Tencent Cloud: MPS, COS and STS. Words, codes, requests and answers."""
