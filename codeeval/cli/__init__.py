"""The command line: it parses, calls the library, prints, and returns an exit code."""

from codeeval.cli.app import main

__all__ = ["main"]
