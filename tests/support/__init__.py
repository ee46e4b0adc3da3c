"""What tests of several folders need to drive real programs."""
