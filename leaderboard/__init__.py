"""The hosted leaderboard (not built yet: see the limitations in README.md)."""
