"""The parts of the nightly job: what is asked for, what one night does, and how it is recorded."""
