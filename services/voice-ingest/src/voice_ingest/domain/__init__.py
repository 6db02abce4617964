"""What a call is, whoever carries it: the hotline's flow, its machine, and calls placed to participants."""
