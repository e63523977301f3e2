"""The start page: what matters now, in words first."""
