"""Put pictures under their final keys, whole."""
