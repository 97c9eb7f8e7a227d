"""Pictures themselves, whoever made them: what is drawn of them for people."""
