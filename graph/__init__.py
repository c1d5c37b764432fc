"""The state machine: state, context, routing, and the compiled graph."""
