"""The records of IPFIX files as the package `ipfix` reads them: a JSON list of them for each file."""

import datetime
import json
import sys

from ipfix import ie, reader

ie.use_iana_default()
ie.use_5103_default()
# Newer than the package.
ie.for_spec("layer2OctetDeltaCount(352)<unsigned64>[8]")
ie.for_spec("reverseLayer2OctetDeltaCount(29305/352)<unsigned64>[8]")


def plain(value):
    if isinstance(value, bytes):
        return value.hex(":")
    if isinstance(value, datetime.datetime):
        since = value - datetime.datetime(1970, 1, 1)
        return since // datetime.timedelta(milliseconds=1)
    return value if isinstance(value, (int, str)) else str(value)


for path in sys.argv[1:]:
    with open(path, "rb") as file:
        records = reader.from_stream(file).namedict_iterator() if file.read(1) and not file.seek(0) else []
        # The package takes the times of NTP for seconds since 1970.
        print(json.dumps([
            {name: plain(value) for name, value in record.items() if "Nanoseconds" not in name}
            for record in records
        ]))
