"""What people see: accessible pages, German first, rendered on the server from plain view values.

`views` and `place` say what a page needs to know, `render` turns it into bytes. Nothing in here reads a
store or a clock: the caller hands in facts and the instant for which the page is true.
"""
