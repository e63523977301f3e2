-- Raw values are kept for a time, what was erased leaves the change log.

-- Hours whose values were removed; their sums in rollup are final. Where they held more than good numbers, this is what
-- the standard's aggregates count, failed values and texts included (but of texts only how many: least and greatest are
-- numbers); otherwise NULL: the rollup says it.
CREATE TABLE closed_hour (
    sid     INTEGER NOT NULL,
    hour    INTEGER NOT NULL,
    total   INTEGER,
    numbers INTEGER,
    sum     REAL,
    sumsq   REAL,
    least   REAL,
    most    REAL,
    PRIMARY KEY (sid, hour)
) STRICT, WITHOUT ROWID;

-- Erased attributes (0: all of the entity) whose values the change log may still hold up to a position: nobody is shown
-- them any more, and housekeeping takes them out.
CREATE TABLE erasing (
    eid  INTEGER NOT NULL,
    attr INTEGER NOT NULL,
    pos  INTEGER NOT NULL,
    PRIMARY KEY (eid, attr)
) STRICT, WITHOUT ROWID;

-- The last position of the change log that speaks of an erased entity: behind it, its id need not be known.
ALTER TABLE erased ADD COLUMN pos INTEGER;
UPDATE erased SET pos = (SELECT max(pos) FROM change);

-- What was erased before now was not taken out of the log.
INSERT INTO erasing (eid, attr, pos) SELECT eid, 0, pos FROM erased;
