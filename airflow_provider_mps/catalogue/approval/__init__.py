"""Which pictures somebody has said yes to: who may be asked about, the options of questions, what answers mean."""
