-- Who replaced a value: the role of the principal on whose behalf the other one was written; NULL where nobody noted it.
ALTER TABLE superseded ADD COLUMN role TEXT;
