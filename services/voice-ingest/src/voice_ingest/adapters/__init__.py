"""The providers of telephony; each speaks for the same machine."""
