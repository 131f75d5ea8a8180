"""The tasks: benchmarks as code. A task yields problems and turns a sample into a program."""
