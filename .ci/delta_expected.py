"""What packages/lake/test/make-delta-tables.ts says that readers must find in its tables, and whether one does."""

import datetime
import decimal
import json
import pathlib


def said(value):
    """The text of a value, as make-delta-tables.ts makes it too."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, (bytes, bytearray)):
        return value.hex()
    if isinstance(value, datetime.datetime):
        return value.isoformat(timespec="microseconds")
    if isinstance(value, datetime.date):
        return value.isoformat()
    if isinstance(value, decimal.Decimal):
        return format(value, "f")
    if isinstance(value, list) and not (value and all(isinstance(item, tuple) for item in value)):
        return [said(item) for item in value]
    # A map comes from Arrow as pairs; one without entries is nothing else than a list without items.
    if isinstance(value, (list, dict)):
        return {str(said(key)): said(item) for key, item in dict(value).items()} or []
    return str(value)


def ordered(rows):
    return sorted((json.dumps(row, sort_keys=True, ensure_ascii=False) for row in rows))


def difference(read, table, version, rows):
    """What the reader does not say of the version as it was written; None: all is right."""
    try:
        found = ordered({key: said(value) for key, value in row.items()} for row in read(table, version))
    except Exception as error:
        return f"{type(error).__name__} {str(error)[:600]}"
    wanted = ordered(rows)
    if found == wanted:
        return None
    lines = ["+ " + row for row in found if row not in wanted] + ["- " + row for row in wanted if row not in found]
    return f"{len(found)} rows for {len(wanted)}\n  " + "\n  ".join(lines)


def is_known(known, read, table, version, rows, found):
    if callable(known):
        return difference(read, table, version, [known(row) for row in rows]) is None
    return known is not None and known in found


def is_read(read, table, version):
    try:
        read(table, version)
        return True
    except Exception:
        return False


def expected_in(folder):
    return json.loads((pathlib.Path(folder) / "expected.json").read_text())


def compare(expected, readers, unread):
    """Has each reader read each version, says what it found, and returns how many are not what was written.

    readers: a function of table and version to rows, as mappings, by the reader's name
    unread: what a reader is known not to read, by the reader's name and the table: words of what it says then, or what it
      makes of a row; that it now reads them is wrong, too
    """
    wrong = 0
    for reader, read in readers.items():
        for table, facts in expected.items():
            known = unread.get((reader, table))
            forgiven = 0
            for version, rows in facts["versions"].items():
                found = difference(read, table, int(version), rows)
                if found is None:
                    continue
                if is_known(known, read, table, int(version), rows, found):
                    forgiven += 1
                else:
                    wrong += 1
                    print(f"{reader}, {table} version {version}: {found}")
            for version in facts["gone"][:1] + facts["gone"][-2:]:
                if is_read(read, table, version):
                    wrong += 1
                    print(f"{reader}, {table} version {version}: it was cleaned away, and yet it is read")
            if known is not None and forgiven == 0:
                wrong += 1
                print(f"{reader}, {table}: it is read, and was not known to be")
            words = f"; {forgiven} not read right, as is known" if forgiven else ""
            print(f"{reader}, {table}: {len(facts['versions'])} versions, {len(facts['gone'])} gone{words}", flush=True)
    return wrong
