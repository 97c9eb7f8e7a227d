"""The stand-in for API 3.0 of Tencent Cloud: MPS and STS."""
