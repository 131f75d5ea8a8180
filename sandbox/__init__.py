"""The sandbox: programs go in, verdicts come out, and nothing else happens to this machine."""
