"""What all pages have in common: words, states, the frame around each, templates, files; nothing here reads a store."""
