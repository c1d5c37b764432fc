"""Optophone as a Responses agent: what a request asks for, and how a result is told. It travels with the model."""
