"""The errors of codeeval: one root, and what can go wrong with a sandbox."""

from __future__ import annotations

__all__ = ["CodeEvalError", "ImageMissing", "SandboxError", "SandboxUnavailable"]


class CodeEvalError(Exception):
    """The root of every error that codeeval raises on purpose."""


class SandboxError(CodeEvalError, RuntimeError):
    """The sandbox broke. A program that was in it was not judged."""


class SandboxUnavailable(SandboxError):
    """No sandbox of the kind that was asked for can be had on this machine."""


class ImageMissing(SandboxUnavailable):
    """A Docker daemon answers, but the image that programs run in is not built."""
