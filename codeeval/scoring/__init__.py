"""Estimators and their error bars: pure functions from counts and scores to numbers."""
