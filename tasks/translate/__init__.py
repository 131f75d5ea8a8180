"""A compiler of benchmark problems in Python to other languages, in the manner of MultiPL-E.

`codeeval.tasks.translate.source` reads a problem, `codeeval.tasks.translate.translator` is what all
languages share, and each language is a class in a module of its own.

Source: Cassano et al. 2023, "MultiPL-E: A Scalable and Polyglot Approach to Benchmarking Neural
Code Generation".
"""
