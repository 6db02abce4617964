"""REST and server-sent events under `/v1`, for the console, scripts and edges."""
