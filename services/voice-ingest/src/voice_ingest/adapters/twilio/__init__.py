"""Twilio's protocol: signed webhooks, TwiML, and the REST API of 2010-04-01."""
