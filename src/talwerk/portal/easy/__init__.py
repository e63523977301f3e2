"""The pages in easy language."""
