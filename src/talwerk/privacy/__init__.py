"""Principals, and what each may do: the only place where a Scope is issued."""
