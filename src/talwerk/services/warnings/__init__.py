"""Official warnings: which are in force, and whether that is known at all."""

from .in_force import InForce, Official, Severity, Warner, Warnings

__all__ = ["InForce", "Official", "Severity", "Warner", "Warnings"]
