"""What is particular to Alibaba Aidge: its words, codes, signature, requests and answers. Pure, as all of ``core``."""
