"""Train the local reader's models, and measure them on forms they have not seen."""
