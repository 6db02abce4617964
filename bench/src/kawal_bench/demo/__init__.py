"""`make demo`: people who contact the programme, and agents who answer, so that a newcomer sees a living console."""
