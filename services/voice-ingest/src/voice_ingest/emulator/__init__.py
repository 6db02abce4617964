"""The provider, emulated: a network of browser phones that speaks Twilio's protocol to the rest of this service.

Only where `KAWAL_VOICE_EMULATOR` is true: whoever opens `/phone` may take any number.
"""
