"""Every run as a trace in MLflow: turned on, cleaned, stored; it never makes an extraction fail or wait for long."""
