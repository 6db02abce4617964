"""What an operator sees of a service: log lines, metrics, traces and the operations port."""
