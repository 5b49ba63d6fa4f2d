"""An application whose command-line tool lives in a private environment inside this package."""
