"""Samples in and out: every file format that holds what a model wrote."""
