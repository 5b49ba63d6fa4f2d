"""A contact sheet by four warm workers that write into one shared array."""
