"""What people see: accessible pages, German first, rendered on the server.

A folder per kind of page: its `leaf` gathers facts, its `views` hold them without words or drawing, its `page` says and
draws them. They stand on `site` (how a page comes about), `drawing` and `frame` (what all pages share); `routes` puts
them together.
"""
