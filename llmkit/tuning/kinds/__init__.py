"""One file for each way of tuning."""
