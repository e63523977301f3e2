-- One tenant's city. Integer keys (tid, eid, sid, pid) are of this file only and never leave the store.
-- Times are microseconds UTC.

-- What the file is: its id, its nature, the secret that makes cursors unforgeable.
CREATE TABLE meta (
    key   TEXT PRIMARY KEY,
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- Every repeated text once: IRIs of types, attributes and datasets, units, methods. 0 stands for none.
CREATE TABLE term (
    tid  INTEGER PRIMARY KEY,
    text TEXT NOT NULL UNIQUE
) STRICT;

-- AUTOINCREMENT: the key of an entity that was erased never stands for another one.
CREATE TABLE entity (
    eid     INTEGER PRIMARY KEY AUTOINCREMENT,
    id      TEXT NOT NULL UNIQUE,
    created INTEGER NOT NULL
) STRICT;

CREATE TABLE entity_type (
    type INTEGER NOT NULL,
    eid  INTEGER NOT NULL,
    PRIMARY KEY (type, eid)
) STRICT, WITHOUT ROWID;

-- Which attributes were ever seen on entities of a type.
CREATE TABLE type_attribute (
    type INTEGER NOT NULL,
    attr INTEGER NOT NULL,
    PRIMARY KEY (type, attr)
) STRICT, WITHOUT ROWID;

-- Current state. types and scopes are JSON lists, body is Entity.attributes as JSONB
-- (SQLite searches it four times as fast as text), always lists of instances.
CREATE TABLE doc (
    eid      INTEGER PRIMARY KEY,
    version  INTEGER NOT NULL,
    modified INTEGER NOT NULL,
    types    TEXT NOT NULL,
    scopes   TEXT,
    body     BLOB NOT NULL
) STRICT;

-- Entities that were deleted and whose history is kept: their last state, as entity and doc had it. They stand apart,
-- so that current state pays nothing for them; an entity that is created again moves back with its key.
CREATE TABLE former (
    eid      INTEGER PRIMARY KEY,
    id       TEXT NOT NULL UNIQUE,
    created  INTEGER NOT NULL,
    deleted  INTEGER NOT NULL,
    version  INTEGER NOT NULL,
    modified INTEGER NOT NULL,
    types    TEXT NOT NULL,
    scopes   TEXT,
    body     BLOB NOT NULL
) STRICT;

CREATE TABLE former_type (
    type INTEGER NOT NULL,
    eid  INTEGER NOT NULL,
    PRIMARY KEY (type, eid)
) STRICT, WITHOUT ROWID;

-- Ids of entities that were erased with their history, because the change log still speaks of them.
CREATE TABLE erased (
    eid INTEGER PRIMARY KEY,
    id  TEXT NOT NULL
) STRICT;

-- Where the geometries of current state are, and the rectangles around them (in degrees).
CREATE TABLE geo (
    gid  INTEGER PRIMARY KEY,
    eid  INTEGER NOT NULL,
    attr INTEGER NOT NULL
) STRICT;
CREATE INDEX geo_key ON geo (eid, attr);
CREATE VIRTUAL TABLE geo_box USING rtree (gid, west, east, south, north);

-- Values of the attributes that are declared as queried; kind says what they are compared with, see indexes.py.
CREATE TABLE attr_ix (
    attr INTEGER NOT NULL,
    kind INTEGER NOT NULL,
    val  ANY NOT NULL,
    eid  INTEGER NOT NULL,
    PRIMARY KEY (attr, kind, val, eid)
) STRICT, WITHOUT ROWID;

CREATE TABLE provenance (
    pid  INTEGER PRIMARY KEY,
    body TEXT NOT NULL UNIQUE
) STRICT;

-- One history per entity, attribute, dataset, unit and method; at most one per attribute and dataset is open.
CREATE TABLE series (
    sid     INTEGER PRIMARY KEY,
    eid     INTEGER NOT NULL,
    attr    INTEGER NOT NULL,
    dataset INTEGER NOT NULL,
    unit    INTEGER NOT NULL,
    method  INTEGER NOT NULL,
    pid     INTEGER NOT NULL,
    opened  INTEGER NOT NULL,
    closed  INTEGER
) STRICT;
CREATE UNIQUE INDEX series_key ON series (eid, attr, dataset, unit, method);

-- Every instance of an attribute: val is its number or text, NULL for anything else.
CREATE TABLE obs (
    sid      INTEGER NOT NULL,
    at       INTEGER NOT NULL,
    val      ANY,
    flag     INTEGER NOT NULL,
    recorded INTEGER NOT NULL,
    PRIMARY KEY (sid, at)
) STRICT, WITHOUT ROWID;

-- The whole instance (JSON of Attribute) where obs cannot hold it: sub-attributes, members, other kinds and values.
CREATE TABLE obs_ext (
    sid  INTEGER NOT NULL,
    at   INTEGER NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (sid, at)
) STRICT, WITHOUT ROWID;

-- Values that a correction replaced, so that a number can be read as of an earlier day.
CREATE TABLE superseded (
    sid      INTEGER NOT NULL,
    at       INTEGER NOT NULL,
    recorded INTEGER NOT NULL,
    replaced INTEGER NOT NULL,
    val      ANY,
    flag     INTEGER NOT NULL,
    body     TEXT
) STRICT;
CREATE INDEX superseded_key ON superseded (sid, at);

-- When an instance of current state was deleted, in its open series; kind is that of the attribute.
CREATE TABLE deletion (
    sid  INTEGER NOT NULL,
    at   INTEGER NOT NULL,
    kind TEXT NOT NULL,
    PRIMARY KEY (sid, at)
) STRICT, WITHOUT ROWID;

-- Sums over the good numbers of each UTC hour (hours since 1970); n_bad counts failed and missing values.
CREATE TABLE rollup (
    sid   INTEGER NOT NULL,
    hour  INTEGER NOT NULL,
    n     INTEGER NOT NULL,
    sum   REAL NOT NULL,
    sumsq REAL NOT NULL,
    min   REAL,
    max   REAL,
    n_bad INTEGER NOT NULL,
    PRIMARY KEY (sid, hour)
) STRICT, WITHOUT ROWID;

-- The change log: what downstream consumers follow. body is JSON, see log.py.
CREATE TABLE change (
    pos    INTEGER PRIMARY KEY,
    at     INTEGER NOT NULL,
    origin TEXT NOT NULL,
    depth  INTEGER NOT NULL,
    eid    INTEGER NOT NULL,
    body   TEXT NOT NULL
) STRICT;
