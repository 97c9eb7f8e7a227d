"""Pictures: products cut out and put on backgrounds and into scenes, the samples, and downloads."""
