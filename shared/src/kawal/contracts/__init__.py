"""The contracts in which the services meet; see docs/contracts/ for the generated schemas."""
