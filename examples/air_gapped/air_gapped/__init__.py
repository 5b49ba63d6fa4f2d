"""An application that brings the wheels of its environment along."""
