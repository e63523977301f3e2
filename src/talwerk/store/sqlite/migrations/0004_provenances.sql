-- Whose series lie on which entities, and how many of them are measured: what a large city cannot count each time.

-- 1 for a series of measurements: it has a unit, or it held a number with a time of observation (16: its time was assumed).
ALTER TABLE series ADD COLUMN measured INTEGER NOT NULL DEFAULT 0;
UPDATE series SET measured = 1 WHERE unit <> 0 OR EXISTS (
    SELECT 1 FROM obs o WHERE o.sid = series.sid AND typeof(o.val) IN ('integer', 'real') AND o.flag & 16 = 0
);

-- For each provenance the entities that have open series from it, those left out that were deleted: how many series,
-- and how many of these are of measurements.
CREATE TABLE provenance_entity (
    pid      INTEGER NOT NULL,
    eid      INTEGER NOT NULL,
    series   INTEGER NOT NULL,
    measured INTEGER NOT NULL,
    PRIMARY KEY (pid, eid)
) STRICT, WITHOUT ROWID;
INSERT INTO provenance_entity (pid, eid, series, measured)
    SELECT pid, eid, count(*), sum(measured) FROM series
    WHERE closed IS NULL AND eid IN (SELECT eid FROM entity) GROUP BY pid, eid;

CREATE TRIGGER series_begins AFTER INSERT ON series
WHEN NEW.closed IS NULL AND NOT EXISTS (SELECT 1 FROM former WHERE eid = NEW.eid)
BEGIN
    INSERT INTO provenance_entity (pid, eid, series, measured) VALUES (NEW.pid, NEW.eid, 1, NEW.measured)
        ON CONFLICT DO UPDATE SET series = series + 1, measured = measured + excluded.measured;
END;

CREATE TRIGGER series_changes AFTER UPDATE OF pid, closed, measured ON series
WHEN NOT EXISTS (SELECT 1 FROM former WHERE eid = NEW.eid)
BEGIN
    UPDATE provenance_entity SET series = series - 1, measured = measured - OLD.measured
        WHERE pid = OLD.pid AND eid = OLD.eid AND OLD.closed IS NULL;
    INSERT INTO provenance_entity (pid, eid, series, measured)
        SELECT NEW.pid, NEW.eid, 1, NEW.measured WHERE NEW.closed IS NULL
        ON CONFLICT DO UPDATE SET series = series + 1, measured = measured + excluded.measured;
    DELETE FROM provenance_entity WHERE pid = OLD.pid AND eid = OLD.eid AND series = 0;
END;

CREATE TRIGGER series_goes AFTER DELETE ON series
WHEN OLD.closed IS NULL AND NOT EXISTS (SELECT 1 FROM former WHERE eid = OLD.eid)
BEGIN
    UPDATE provenance_entity SET series = series - 1, measured = measured - OLD.measured
        WHERE pid = OLD.pid AND eid = OLD.eid;
    DELETE FROM provenance_entity WHERE pid = OLD.pid AND eid = OLD.eid AND series = 0;
END;

CREATE TRIGGER entity_goes AFTER INSERT ON former
BEGIN
    DELETE FROM provenance_entity
        WHERE eid = NEW.eid AND pid IN (SELECT pid FROM series WHERE eid = NEW.eid AND closed IS NULL);
END;

CREATE TRIGGER entity_returns AFTER DELETE ON former
BEGIN
    INSERT INTO provenance_entity (pid, eid, series, measured)
        SELECT pid, eid, count(*), sum(measured) FROM series
        WHERE eid = OLD.eid AND closed IS NULL GROUP BY pid, eid;
END;
